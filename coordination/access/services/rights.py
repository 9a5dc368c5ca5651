"""Who may do what: asked here, by every service of every slice."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from coordination.access.models import User
from coordination.core.errors import NotPermitted
from coordination.core.statements import prepared

# Asked once for nearly every request: Django would ask twice, and have both planned anew.
_RIGHTS = """
    SELECT app_label || '.' || codename
    FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id
    WHERE p.id IN (
        SELECT permission_id FROM auth_group_permissions JOIN access_user_groups USING (group_id)
        WHERE user_id = %(person)s
        UNION ALL SELECT permission_id FROM access_user_user_permissions WHERE user_id = %(person)s
    )
"""


def has(user: AbstractBaseUser | AnonymousUser | None, permission: str) -> bool:
    """Tell whether `user` holds `permission` ("referrals.approve_referral") through a role."""
    return isinstance(user, User) and user.is_active and permission in _rights_of(user)


def require(user: AbstractBaseUser | AnonymousUser | None, permission: str) -> None:
    """Raise NotPermitted unless `user` holds `permission`."""
    if not has(user, permission):
        raise NotPermitted


def person(user: object) -> User:
    """Return the person behind a request's user, or raise NotPermitted where nobody is signed in."""
    if not isinstance(user, User):
        raise NotPermitted
    return user


def _rights_of(user: User) -> set[str]:
    """Return what `user` holds, and keep it where Django does: its own pages ask by `has_perm`."""
    known: set[str] | None = getattr(user, "_perm_cache", None)
    if known is None:
        known = {right for (right,) in prepared(_RIGHTS, {"person": user.pk})}
        user._perm_cache = known  # type: ignore[attr-defined]  # noqa: SLF001
    return known
