"""Answering a repeated request once."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import connections, router, transaction

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import CoordinationError
from coordination.rest.models import IdempotencyRecord


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


def _hold(principal: User, key: str) -> None:
    # Not a row lock: there is no row yet, and a second INSERT would wait for the first instead of answering.
    name = hashlib.sha256(f"idempotency\x00{principal.pk}\x00{key}".encode()).digest()
    with connections[router.db_for_write(IdempotencyRecord)].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(name[:8], "big", signed=True)])
        if not cursor.fetchone()[0]:
            raise RequestInFlight
