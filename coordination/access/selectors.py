"""Reading people, tokens, and who is at the doors."""

import hashlib
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet
from knox.crypto import hash_token

from coordination.access.models import ApiToken, DeskSession, Enrolment, LockOut, User
from coordination.core import sealing


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
    return ApiToken.objects.filter(user=user).order_by("-created")


def live_token(plain: bytes) -> ApiToken | None:
    """Return the token with this plain text if it is live and its person active."""
    try:
        digest = hash_token(plain.decode("ascii"))
    except UnicodeDecodeError:
        return None
    token = ApiToken.objects.select_related("user").filter(digest=digest).first()
    return token if token is not None and token.is_live and token.user.is_active else None


def live_session(session_key: str | None) -> DeskSession | None:
    """Return the session of the desk behind a cookie's key unless it has ended."""
    if not session_key:
        return None
    live = DeskSession.objects.filter(session_key=session_key, ended_at__isnull=True)
    return live.select_related("user").first()


def sessions_of(user: User) -> QuerySet[DeskSession]:
    """Return a person's live sessions, the newest first."""
    return DeskSession.objects.filter(user_id=user.pk, ended_at__isnull=True).order_by("-began_at")


def lock_out_of(user: User) -> LockOut | None:
    """Return the lock-out that stands against a person's password and codes."""
    who = sealing.blind_index("username", user.username)
    return LockOut.objects.filter(who=who, released_at__isnull=True).first()


def factors_of(user: Any) -> QuerySet[Any]:
    """Return a person's second factors, the oldest first; recovery codes count as one."""
    found: QuerySet[Any] = Authenticator.objects.filter(user_id=user.pk).order_by("created_at")
    return found


def has_factor(user: Any) -> bool:
    """Tell whether a person has a passkey or an authenticator application."""
    return factors_of(user).exclude(type=Authenticator.Type.RECOVERY_CODES).exists()


def open_enrolment(plain: str) -> Enrolment | None:
    """Return the one-time way in with this plain text while it can be used."""
    digest = hashlib.sha256(plain.encode()).hexdigest()
    found = Enrolment.objects.select_related("user").filter(digest=digest).first()
    return found if found is not None and found.is_open else None
