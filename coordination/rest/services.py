"""Answering a repeated request once; counting calls; remembering what was signed."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connections, router, transaction
from django.db.models import F

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import CoordinationError
from coordination.ledger import services as ledger
from coordination.rest.models import Allowance, IdempotencyRecord, Refusal, SeenNonce

# For so long what follows a refusal of the same kind is counted and not recorded again.
REFUSALS_COUNTED = timedelta(hours=1)
STRANGERS_RECORDED = 600


class RequestInFlight(CoordinationError):
    """A request with this Idempotency-Key is still being answered."""


class KeyReused(CoordinationError):
    """This Idempotency-Key came with another request before."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a caller was told."""

    status: int
    body: str
    location: str = ""


def answer_once(
    *, principal: User, key: str, request_digest: bytes, act: Callable[[], Answer]
) -> tuple[Answer, bool]:
    """Return the answer of `act`, or the one kept for this key and request with True ("replayed").

    `act` runs in the transaction that keeps its answer: where it raises, neither its effect nor an answer
    stays and the caller may try again. Raises RequestInFlight while another request holds the key, KeyReused
    where the key stands for another request.
    """
    with transaction.atomic():
        _hold(principal, key)
        kept = IdempotencyRecord.objects.filter(principal=principal, key=key).first()
        if kept is not None:
            if bytes(kept.request_digest) != request_digest:
                raise KeyReused
            return Answer(status=kept.status, body=kept.body, location=kept.location), True
        answer = act()
        IdempotencyRecord.objects.create(
            principal=principal,
            key=key,
            request_digest=request_digest,
            status=answer.status,
            body=answer.body,
            location=answer.location,
            created_at=clock.now(),
        )
        return answer, False


def purge_idempotency(before: datetime) -> int:
    """Delete the answers kept before a moment (a day ago: the promise of docs/api.md); return how many."""
    deleted, _ = IdempotencyRecord.objects.filter(created_at__lt=before).delete()
    return deleted


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One call against one limit: its key moves on by `step`, at most one `period` ahead."""

    key: str
    step: timedelta
    period: timedelta


_STRANGERS = Charge(
    key="refusals:strangers", step=REFUSALS_COUNTED / STRANGERS_RECORDED, period=REFUSALS_COUNTED
)


def charge(charges: Sequence[Charge], *, at: datetime) -> tuple[int, datetime] | None:
    """Count one call against each of up to two limits, in one statement.

    Return None where all allow it; otherwise the place of the first that does not, with the moment up to
    which it is used. Limits after that one are not charged.
    """
    if not charges:
        return None
    first, second = charges[0], (charges[1] if len(charges) > 1 else None)
    values: dict[str, Any] = {
        "at": at,
        "key": first.key,
        "step": first.step,
        "period": first.period,
        "next_key": second.key if second else None,
        "next_step": (second or first).step,
        "next_period": (second or first).period,
    }
    with connections[router.db_for_write(Allowance)].cursor() as cursor:
        cursor.execute(_CHARGE, values)
        passed = len(cursor.fetchall())
    if passed == len(charges):
        return None
    return passed, used_until(charges[passed].key, charges[passed].period, at=at)


def used_until(key: str, period: timedelta, *, at: datetime) -> datetime:
    """Return the moment up to which a limit is used: `at` where it is free."""
    until = Allowance.objects.filter(key=key).values_list("until", flat=True).first()
    return until if until is not None and at < until <= at + 2 * period else at


def purge_allowances(before: datetime) -> int:
    """Delete the limits that are free again; return how many."""
    deleted, _ = Allowance.objects.filter(until__lt=before).delete()
    return deleted


def see_nonce(key_id: str, nonce: str) -> bool:
    """Keep the nonce of a signed request; tell whether it is new."""
    digest = hashlib.sha256(nonce.encode()).digest()
    kept = SeenNonce(key_id=key_id, nonce_digest=digest, seen_at=clock.now())
    try:
        with transaction.atomic():
            kept.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def purge_nonces(before: datetime) -> int:
    """Delete the nonces of requests that are too old to be taken anyway; return how many."""
    deleted, _ = SeenNonce.objects.filter(seen_at__lt=before).delete()
    return deleted


def note_refusal(*, who: str, by: User | None, kind: str, route: str, status: int) -> None:
    """Record that somebody was refused: the first time at once, what follows within an hour as a number.

    `by` is None for whoever is known by an address alone; of all those together so many are recorded in an
    hour and no more, so that nobody can fill the ledger from many addresses.
    """
    now = clock.now()
    lately = Refusal.objects.filter(who=who, kind=kind, since__gt=now - REFUSALS_COUNTED)
    # One statement for whoever is refused again and again.
    if not lately.update(more=F("more") + 1):
        _record_refusal(who=who, by=by, kind=kind, details={"route": route, "status": status}, now=now)


@transaction.atomic
def _record_refusal(
    *, who: str, by: User | None, kind: str, details: Mapping[str, str | int], now: datetime
) -> None:
    row, new = Refusal.objects.select_for_update().get_or_create(who=who, kind=kind, defaults={"since": now})
    if not new and now - row.since < REFUSALS_COUNTED:
        # Another request was refused at the same moment.
        row.more += 1
        row.save(update_fields=["more"])
        return
    if by is None and charge([_STRANGERS], at=now) is not None:
        row.since, row.more = now, row.more + 1
        row.save(update_fields=["since", "more"])
        return
    ledger.record(
        "rest.refused", subject=who, by=by, details={"kind": kind, **details, "more_count": row.more}
    )
    row.since, row.more = now, 0
    row.save(update_fields=["since", "more"])


@transaction.atomic
def close_refusals(at: datetime) -> int:
    """Record how many followed where nobody was refused for an hour; return how many rows were closed.

    People have an entry each, all addresses one together.
    """
    rows = list(Refusal.objects.select_for_update().filter(since__lte=at - REFUSALS_COUNTED).order_by("pk"))
    details: dict[str, str | int]
    strangers = [each for each in rows if each.who.startswith("address:") and each.more]
    for each in rows:
        if each.more and each not in strangers:
            details = {"kind": each.kind, "more_count": each.more}
            ledger.record("rest.refused_more", subject=each.who, by=None, details=details)
    if strangers:
        details = {"kind": "any", "more_count": sum(each.more for each in strangers)}
        details["sources_count"] = len({each.who for each in strangers})
        ledger.record("rest.refused_more", subject="address:any", by=None, details=details)
    Refusal.objects.filter(pk__in=[each.pk for each in rows]).delete()
    return len(rows)


# A moment further ahead than two periods is of a clock that was set back since: it holds nobody.
_USED = """
    CASE WHEN held.until > %(at)s::timestamptz + 2 * excluded.period THEN %(at)s::timestamptz
         ELSE GREATEST(held.until, %(at)s::timestamptz) END + (excluded.until - %(at)s::timestamptz)
"""
_MOVED_ON = f"""
    ON CONFLICT (key) DO UPDATE SET until = {_USED}, period = excluded.period
    WHERE {_USED} <= %(at)s::timestamptz + excluded.period
    RETURNING held.key
"""  # nosec B608 - a constant
_CHARGE = f"""
    WITH one AS (
        INSERT INTO rest_allowance AS held (key, until, period)
        SELECT %(key)s, %(at)s::timestamptz + %(step)s::interval, %(period)s::interval
        {_MOVED_ON}
    ), next AS (
        INSERT INTO rest_allowance AS held (key, until, period)
        SELECT %(next_key)s::text, %(at)s::timestamptz + %(next_step)s::interval, %(next_period)s::interval
        WHERE EXISTS (SELECT FROM one) AND %(next_key)s::text IS NOT NULL
        {_MOVED_ON}
    )
    SELECT key FROM one UNION ALL SELECT key FROM next
"""  # noqa: S608  # nosec B608 - constants


def _hold(principal: User, key: str) -> None:
    # Not a row lock: there is no row yet, and a second INSERT would wait for the first instead of answering.
    name = hashlib.sha256(f"idempotency\x00{principal.pk}\x00{key}".encode()).digest()
    with connections[router.db_for_write(IdempotencyRecord)].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(name[:8], "big", signed=True)])
        if not cursor.fetchone()[0]:
            raise RequestInFlight
