"""Reading people and tokens."""

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet

from coordination.access.models import ApiToken, User


def holders(permission: str) -> QuerySet[User]:
    """Return the active people who hold `permission` (<slice>.<codename>) through a role, by name."""
    label, codename = permission.split(".")
    held = Permission.objects.filter(content_type__app_label=label, codename=codename)
    through_role = Q(groups__permissions__in=held)
    return User.objects.filter(through_role, is_active=True).distinct().order_by("first_name", "username")


def people_in(*roles: str) -> QuerySet[User]:
    """Return the active people who have one of `roles`."""
    return User.objects.filter(groups__name__in=roles, is_active=True).distinct().order_by("username")


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """Return all tokens of a person, newest first, revoked and expired ones too."""
    return ApiToken.objects.filter(user=user).order_by("-created")
