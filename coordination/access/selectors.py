"""Reading people, tokens, and who is at the doors."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.db.models import Case, Q, QuerySet, Value, When
from knox.crypto import hash_token

from coordination.access import sessionstore
from coordination.access.models import (
    CONFIRMED_WITHIN,
    ApiToken,
    BreakGlass,
    DeskSession,
    Enrolment,
    LedgerReview,
    LockOut,
    RoleChange,
    User,
)
from coordination.access.roles import Role, conflicts_in
from coordination.access.workflow import ChangeKind, RoleChangeState
from coordination.core import clock, sealing
from coordination.core.statements import prepared
from coordination.ledger import selectors as ledger

# Asked at every deed and on every page; nearly always there is none.
_GLASS = """
    SELECT id FROM access_breakglass
    WHERE person_id = %(person)s AND opened_at <= %(at)s AND ends_at > %(at)s
    ORDER BY opened_at DESC LIMIT 1
"""
GUESSED, LOOKED_INTO = "access.codes_guessed", "access.guess_looked_into"

__all__ = ["CONFIRMED_WITHIN"]


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


def waiting_tokens_of(user: User) -> list[ApiToken]:
    """Return the tokens of a person that another administrator has yet to confirm."""
    return [each for each in tokens_of(user).filter(confirmed_at__isnull=True) if each.waits]


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
    # Without why it was revoked, which is sealed: no call needs it.
    found = ApiToken.objects.select_related("user").defer("revoked_reason", "how_confirmed")
    token = found.filter(digest=digest).first()
    return token if token is not None and secrets.compare_digest(token.digest, digest) else None


def live_token(plain: bytes) -> ApiToken | None:
    """Return the token with this plain text if it is live and its person active."""
    token = token_presented(plain)
    return token if token is not None and not token.why_dead else None


def live_session(session_key: str | None) -> DeskSession | None:
    """Return the session of the desk behind a cookie's key unless it has ended."""
    if not session_key:
        return None
    digest = sessionstore.digest(session_key)
    return DeskSession.objects.filter(key_digest=digest, ended_at__isnull=True).first()


def sessions_of(user: User) -> QuerySet[DeskSession]:
    """Return a person's live sessions, the newest first."""
    return DeskSession.objects.filter(user_id=user.pk, ended_at__isnull=True).order_by("-began_at")


def lock_out_of(user: User) -> LockOut | None:
    """Return the lock-out that stands against a person's password and codes."""
    who = sealing.blind_indexes("username", user.username)
    return LockOut.objects.filter(who__in=who, released_at__isnull=True).first()


def guess_waits(user: User) -> bool:
    """Tell whether codes were guessed in a session of this person, and nobody has looked into it."""
    entries = ledger.entries_about(f"user:{user.pk}").filter(action__in=(GUESSED, LOOKED_INTO))
    last = entries.order_by("-id").first()
    return last is not None and last.action == GUESSED


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


def role_changes() -> QuerySet[RoleChange]:
    """Return all that was proposed for people, those that wait first, the newest of them first."""
    waiting = Case(When(state=RoleChangeState.PROPOSED, then=Value(0)), default=Value(1))
    rows = RoleChange.objects.select_related("person", "proposed_by", "decided_by")
    return rows.order_by(waiting, "-proposed_at")


def role_change(pk: int) -> RoleChange | None:
    """Return one, whoever asks: for the system's own work."""
    return RoleChange.objects.filter(pk=pk).first()


def waiting_change_of(user: User) -> RoleChange | None:
    """Return the change of a person's roles that waits for a second administrator."""
    return waiting_for(user).filter(kind=ChangeKind.ROLES).first()


def waiting_for(user: User) -> QuerySet[RoleChange]:
    """Return everything proposed for a person that waits for a second administrator."""
    return role_changes().filter(person=user, state=RoleChangeState.PROPOSED)


def glasses() -> QuerySet[BreakGlass]:
    """Return every break-glass, the newest first."""
    return BreakGlass.objects.select_related("person", "reviewed_by").order_by("-opened_at")


def glass(pk: int) -> BreakGlass | None:
    """Return one, whoever asks: for the system's own work."""
    return BreakGlass.objects.filter(pk=pk).first()


def ledger_reviews() -> QuerySet[LedgerReview]:
    """Return every review of the ledger: those that wait first, the newest of them first."""
    waiting = Case(When(reviewed_at__isnull=True, then=Value(0)), default=Value(1))
    return LedgerReview.objects.select_related("reviewed_by").order_by(waiting, "-week")


def ledger_review(pk: int) -> LedgerReview | None:
    """Return one, whoever asks: for the system's own work."""
    return LedgerReview.objects.filter(pk=pk).first()


def open_glass_of(user: Any, at: datetime | None = None) -> BreakGlass | None:
    """Return the break-glass under which `user` acts at a moment, now if none is given."""
    found = prepared(_GLASS, {"person": user.pk, "at": at or clock.now()})
    return BreakGlass.objects.get(pk=found[0][0]) if found else None


def to_alert(user: User, number: int) -> list[User]:
    """Return who is alerted when `user` breaks the glass: counsel and another, who was here last first."""
    others = holders("access.review_breakglass").exclude(pk=user.pk).prefetch_related("groups")
    seen = sorted(others, key=_last_seen, reverse=True)
    counsel = [each for each in seen if {Role.COUNSEL, Role.DUTY_COUNSEL} & set(each.role_names)]
    rest = [each for each in seen if each not in counsel]
    return [*counsel[:1], *rest, *counsel[1:]][:number]


def _last_seen(user: User) -> float:
    return user.last_login.timestamp() if user.last_login else 0.0


def in_conflict() -> list[tuple[User, str]]:
    """Return who holds roles that nobody holds together, with the pair: what a hand in the database did."""
    people = User.objects.filter(is_active=True).prefetch_related("groups").order_by("pk")
    return [
        (each, f"{one.value} and {other.value}")
        for each in people
        for one, other, _ in conflicts_in(each.role_names)
    ]
