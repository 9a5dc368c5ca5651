"""Tokens of the API: issued, rotated, revoked, used and refused. Each is an entry in the ledger but a use.

What one administrator issues opens nothing before another confirmed it (tokenconfirming).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from knox.models import get_digest_token
from knox.settings import CONSTANTS

from coordination.access import signals
from coordination.access.models import ApiToken, Scope, User
from coordination.access.services.rights import require
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, Refused
from coordination.ledger import services as ledger

# What no installation goes beyond; settings.API_TOKEN_LONGEST_DAYS may ask for less.
LONGEST_TOKEN_LIFE = timedelta(days=366)
LONGEST_OVERLAP = timedelta(days=14)
LONGEST_REASON = 300
# Each use is not written down, or a reading would be a writing: the last one to a minute, a refusal an hour.
_USE_NOTED_EVERY = timedelta(minutes=1)
_REFUSAL_RECORDED_EVERY = timedelta(hours=1)
_CHANGE = "access.change_user"


@transaction.atomic
def issue_token(
    user: User, *, by: User | None, name: str, scopes: Iterable[str], expires_in: timedelta
) -> tuple[ApiToken, str]:
    """Return a new token and its plain text, which is kept nowhere.

    It opens nothing before another administrator confirms it. `by` is None for set-up only, where it does.
    """
    if by is not None:
        require(by, _CHANGE)
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(Scope.values):
        raise InvalidInput("scopes", f"Scopes are one or more of {', '.join(Scope.values)}.")
    if not name.strip():
        raise InvalidInput("name", "Say what the token is used by.")
    if not timedelta(0) < expires_in <= longest_token_life():
        raise InvalidInput("expires_in", f"A token lives at most {longest_token_life().days} days.")
    return _issue(user, by=by, name=name.strip(), scopes=wanted, until=clock.now() + expires_in)


@transaction.atomic
def rotate_token(
    token: ApiToken, *, by: User | None, overlap: timedelta = timedelta(days=1)
) -> tuple[ApiToken, str]:
    """Return a successor of `token` and its plain text; the old one goes on for `overlap` and no longer.

    `overlap` begins when another administrator confirms the successor. Name, scopes and length of life are
    the old one's. Raises InvalidInput for an overlap beyond 14 days, Conflict where the token has a
    successor, and Refused where it opens nothing any more. `by` is None for set-up only.
    """
    if by is not None:
        require(by, _CHANGE)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InvalidInput("overlap", f"The two live together for at most {LONGEST_OVERLAP.days} days.")
    locked = ApiToken.objects.select_for_update(of=("self",)).select_related("user").get(pk=token.pk)
    if ApiToken.objects.filter(replaces=locked).exists():
        raise Conflict("The token has a successor already.")
    if locked.why_dead or locked.expiry is None:
        raise Refused("The token opens nothing any more: issue another.", rule="token-ended")
    now = clock.now()
    life = min(locked.expiry - locked.created, longest_token_life())
    successor, plain = _issue(
        locked.user,
        by=by,
        name=locked.name,
        scopes=locked.scopes,
        until=now + life,
        replaces=locked,
        overlap=overlap,
    )
    ledger.record(
        "access.token_rotated",
        subject=locked.reference,
        by=by,
        details={
            "user": locked.user_id,
            "successor": successor.reference,
            "overlap_days": overlap.days,
        },
    )
    if by is None:
        end_overlapped(successor)
    return successor, plain


def end_overlapped(successor: ApiToken) -> None:
    """Let the token that a confirmed one replaces go on for the overlap, and no longer."""
    old = successor.replaces
    if old is None or old.expiry is None or successor.overlap is None:
        return
    old.expiry = min(old.expiry, clock.now() + successor.overlap)
    old.save(update_fields=["expiry"])


def _issue(
    user: User,
    *,
    by: User | None,
    name: str,
    scopes: list[str],
    until: datetime,
    replaces: ApiToken | None = None,
    overlap: timedelta | None = None,
) -> tuple[ApiToken, str]:
    if not user.is_active:
        raise InvalidInput("user", "A disabled person gets no token.")
    if by is not None and user.is_staff:
        # A token would let whoever issues it act in that person's name.
        raise InvalidInput("user", "Who works at the desk signs in, and gets no token.")
    digest, plain = get_digest_token()
    token = ApiToken.objects.create(
        digest=digest,
        token_key=plain[: CONSTANTS.TOKEN_KEY_LENGTH],
        user=user,
        expiry=until,
        name=name,
        scopes=scopes,
        issued_by=by,
        replaces=replaces,
        overlap=overlap,
        confirmed_at=clock.now() if by is None else None,
    )
    ledger.record(
        "access.token_issued",
        subject=token.reference,
        by=by,
        details={"user": user.pk, "scopes": scopes, "until": ledger.timestamp(until)},
    )
    if by is not None:
        signals.token_issued.send(sender=ApiToken, token=token)
    return token, plain


@transaction.atomic
def revoke_token(token: ApiToken, *, by: User | None, reason: str) -> ApiToken:
    """End `token` now; raise Conflict where it was revoked already. `by` is None for set-up only.

    A successor by rotation goes on: it is another token, and is revoked for itself.
    """
    if by is not None:
        require(by, _CHANGE)
    why = reason.strip()
    if not why or len(why) > LONGEST_REASON:
        raise InvalidInput("reason", f"Say why, in up to {LONGEST_REASON} characters.")
    locked = ApiToken.objects.select_for_update().get(pk=token.pk)
    if locked.revoked_at is not None:
        raise Conflict("The token was revoked already.")
    locked.revoked_at, locked.revoked_reason = clock.now(), why
    locked.save(update_fields=["revoked_at", "revoked_reason"])
    ledger.record(
        "access.token_revoked",
        subject=locked.reference,
        by=by,
        details={"user": locked.user_id, "reason_digest": ledger.digest(why)},
    )
    signals.token_settled.send(sender=ApiToken, token=locked, by=by)
    return locked


def revoke_all(user: User, *, by: User | None, reason: str) -> None:
    """End every token of a person now. For the services beside this one."""
    for token in ApiToken.objects.filter(user=user, revoked_at__isnull=True):
        revoke_token(token, by=by, reason=reason)


def note_use(token: ApiToken) -> None:
    """Keep when a token was last used, to a minute."""
    now = clock.now()
    if token.last_used_at is None or now - token.last_used_at >= _USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


@transaction.atomic
def record_refusal(token: ApiToken, *, why: str) -> None:
    """Record that a token was refused: revoked, expired, disabled, suspended or scope. Once an hour for each.

    More often would let whoever holds a dead token fill the ledger.
    """
    now = clock.now()
    due = Q(refused_at__isnull=True) | Q(refused_at__lte=now - _REFUSAL_RECORDED_EVERY)
    if token.refused_at is not None and now - token.refused_at < _REFUSAL_RECORDED_EVERY:
        return
    if ApiToken.objects.filter(due, pk=token.pk).update(refused_at=now):
        details = {"user": token.user_id, "why": why}
        ledger.record("access.token_refused", subject=token.reference, by=None, details=details)


def longest_token_life() -> timedelta:
    """Return how long a token may live in this installation: at most 366 days."""
    return min(timedelta(days=settings.API_TOKEN_LONGEST_DAYS), LONGEST_TOKEN_LIFE)
