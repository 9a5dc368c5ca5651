"""Who may do what: asked here, by every service of every slice."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from coordination.access.models import User
from coordination.core.errors import NotPermitted


def has(user: AbstractBaseUser | AnonymousUser | None, permission: str) -> bool:
    """Tell whether `user` holds `permission` ("referrals.approve_referral") through a role."""
    return isinstance(user, User) and user.is_active and user.has_perm(permission)


def require(user: AbstractBaseUser | AnonymousUser | None, permission: str) -> None:
    """Raise NotPermitted unless `user` holds `permission`."""
    if not has(user, permission):
        raise NotPermitted


def person(user: object) -> User:
    """Return the person behind a request's user, or raise NotPermitted where nobody is signed in."""
    if not isinstance(user, User):
        raise NotPermitted
    return user
