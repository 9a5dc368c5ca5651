"""Reading people and tokens."""

import secrets
from collections.abc import Iterable

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet
from knox.crypto import hash_token

from coordination.access.models import ApiToken, User


def holders(permission: str) -> QuerySet[User]:
    """Return the active people who hold `permission` (<slice>.<codename>) through a role, by name."""
    label, codename = permission.split(".")
    held = Permission.objects.filter(content_type__app_label=label, codename=codename)
    through_role = Q(groups__permissions__in=held)
    return User.objects.filter(through_role, is_active=True).distinct().order_by("first_name", "username")


def everybody() -> QuerySet[User]:
    """Return all people, disabled ones too, by user name."""
    return User.objects.order_by("username")


def people_in(*roles: str) -> QuerySet[User]:
    """Return the active people who have one of `roles`."""
    return User.objects.filter(groups__name__in=roles, is_active=True).distinct().order_by("username")


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """Return all tokens of a person, newest first, revoked and expired ones too."""
    return ApiToken.objects.filter(user=user).select_related("replaced_by").order_by("-created")


def tokens_of_people(users: Iterable[int]) -> QuerySet[ApiToken]:
    """Return all tokens of several people (by primary key), newest first, dead ones too."""
    return (
        ApiToken.objects.filter(user_id__in=users).select_related("user", "replaced_by").order_by("-created")
    )


def token_presented(plain: bytes) -> ApiToken | None:
    """Return the token with this plain text, dead ones too; None where there is none.

    What is compared is a digest of 256 random bits, so how long it takes tells nothing about any token.
    """
    try:
        digest = hash_token(plain.decode("ascii"))
    except UnicodeDecodeError:
        return None
    token = ApiToken.objects.select_related("user").filter(digest=digest).first()
    return token if token is not None and secrets.compare_digest(token.digest, digest) else None


def live_token(plain: bytes) -> ApiToken | None:
    """Return the token with this plain text if it is live and its person active."""
    token = token_presented(plain)
    return token if token is not None and not token.why_dead else None
