"""Sessions on the desk: each has a row, and is over when the row says so, whatever cookie somebody holds."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet

from coordination.access import sessionstore
from coordination.access.models import DeskSession, SignInFailure, User
from coordination.core import clock, sealing
from coordination.ledger import services as ledger

# A click is noted once a minute: a write per page would cost more than the minute is worth.
NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def begin_session(
    user: User, *, session_key: str, browser: str, methods: Iterable[str], confirmed: bool
) -> DeskSession:
    """Note that `user` signed in by `methods`; without `confirmed` (no second factor) only set-up is open."""
    now = clock.now()
    session = DeskSession.objects.create(
        user=user,
        key_digest=sessionstore.digest(session_key),
        browser=browser[:200],
        began_at=now,
        seen_at=now,
        confirmed_at=now if confirmed else None,
    )
    if confirmed:
        SignInFailure.objects.filter(who__in=sealing.blind_indexes("username", user.username)).delete()
    ledger.record(
        "access.signed_in",
        subject=f"user:{user.pk}",
        by=user,
        details={"session_id": session.pk, "methods": list(methods), "confirmed": confirmed},
    )
    return session


@transaction.atomic
def confirm_session(session: DeskSession, *, kind: str, during: str, session_key: str | None = None) -> None:
    """Note that the person showed a second factor now: at set-up, before a weighty act, or after a pause.

    `session_key` is the new key that the session goes on under.
    """
    session.confirmed_at = session.seen_at = clock.now()
    if session_key is not None:
        session.key_digest = sessionstore.digest(session_key)
    session.save(update_fields=["confirmed_at", "seen_at", "key_digest"])
    ledger.record(
        "access.confirmed",
        subject=f"user:{session.user_id}",
        by=session.user,
        details={"session_id": session.pk, "method": kind, "during": during},
    )


def see(session: DeskSession) -> None:
    """Note that the session is in use."""
    now = clock.now()
    if now - session.seen_at >= NOTED_EVERY:
        DeskSession.objects.filter(pk=session.pk).update(seen_at=now)


def end_session(session: DeskSession, *, why: str, by: User | None) -> None:
    """End one session now."""
    _end(DeskSession.objects.filter(pk=session.pk), why=why, by=by)


def end_all(user: User, *, why: str, by: AbstractBaseUser | None) -> int:
    """End every session of a person now; return how many there were."""
    return _end(DeskSession.objects.filter(user_id=user.pk), why=why, by=by)


def end_others(session: DeskSession, *, why: str) -> int:
    """End every other session of its person now; return how many there were."""
    others = DeskSession.objects.filter(user_id=session.user_id).exclude(pk=session.pk)
    return _end(others, why=why, by=session.user)


def sign_out(session_key: str, *, by: User) -> None:
    """End the session that its person leaves."""
    _end(DeskSession.objects.filter(key_digest=sessionstore.digest(session_key)), why="signed out", by=by)


@transaction.atomic
def forget_sessions(before: datetime) -> int:
    """Delete the rows of sessions that ended, or were last seen, before `before`; the ledger has them."""
    sessionstore.SessionStore.clear_expired()
    end_stale = DeskSession.objects.filter(ended_at__isnull=True, seen_at__lt=before)
    _end(end_stale, why="too old", by=None)
    return DeskSession.objects.filter(seen_at__lt=before).delete()[0]


@transaction.atomic
def _end(sessions: QuerySet[DeskSession], *, why: str, by: AbstractBaseUser | None) -> int:
    live = list(sessions.select_for_update(of=("self",)).filter(ended_at__isnull=True))
    for session in live:
        session.ended_at, session.ended_why = clock.now(), why
        session.save(update_fields=["ended_at", "ended_why"])
        Session.objects.filter(pk=session.key_digest).delete()
        ledger.record(
            "access.signed_out" if why == "signed out" else "access.session_ended",
            subject=f"user:{session.user_id}",
            by=by,
            details={"session_id": session.pk, "why": why},
        )
    return len(live)
