"""The drain of one destination: claim, send, record, until nothing is due or it is time to make way."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import DatabaseError, connection

from coordination.channels import registry
from coordination.core import clock
from coordination.core.statements import prepared
from coordination.ledger.services import LedgerUnwritable
from coordination.outbox import claims, hosts, recording, sending, wakeup
from coordination.outbox.halt import NEVER, Halt
from coordination.outbox.retries import hold
from coordination.outbox.workflow import HeldFor

logger = logging.getLogger(__name__)

LONGEST_SECONDS: Final = 5.0
MOST_BATCHES: Final = 20
PAUSE_SECONDS: Final = 0.1
UNKNOWN_DEADLINE: Final = 20.0
CLOSED: Final = "The destination was switched off, or its agency is suspended or not verified."
UNREADABLE: Final = "The sealed configuration of the destination does not open."


@dataclass(frozen=True, kw_only=True)
class Drained:
    """What a drain did. `more`: something may be due and the drain made way, so it must be deferred again."""

    deliveries: int = 0
    batches: int = 0
    more: bool = False
    busy: bool = False


def drain(
    destination_id: int, lane: str, shard: int = 0, *, pool: hosts.Pool | None = None, halt: Halt = NEVER
) -> Drained:
    """Send what is due for a destination in a lane. Returns at once (`busy`) where another drain is at it.

    While the ledger cannot be written nothing is sent.
    """
    pool = hosts.pool() if pool is None else pool  # an empty pool is falsy
    until = time.monotonic() + LONGEST_SECONDS
    deliveries = batches = 0
    while True:
        before = batches
        with _lock(wakeup.drain_name(destination_id, lane, shard)) as held:
            while held and not halt.asked:
                if batches >= MOST_BATCHES or time.monotonic() >= until:
                    return Drained(deliveries=deliveries, batches=batches, more=True)
                try:
                    sent = _batch(destination_id, lane, shard, pool, halt)
                except LedgerUnwritable:
                    # What is due stays due; the sweep comes again.
                    logger.error("nothing is sent: the ledger cannot be written")  # noqa: TRY400
                    return Drained(deliveries=deliveries, batches=batches)
                if not sent:
                    break
                deliveries, batches = deliveries + sent, batches + 1
        # What came between the last claim and the unlocking met a held lock and went away. Look once more.
        if not held or halt.asked or not claims.is_due(destination_id, lane, shard, now=clock.now()):
            return Drained(deliveries=deliveries, batches=batches, busy=not held)
        if batches == before:
            # Due, and not to be had: somebody holds the row, to void it for instance.
            halt.wait(PAUSE_SECONDS)


def _batch(destination_id: int, lane: str, shard: int, pool: hosts.Pool, halt: Halt) -> int:
    lease = sending.lease_for(UNKNOWN_DEADLINE)
    batch = claims.claim(destination_id, lane, shard, now=clock.now(), lease=lease, leases=_leases())
    if batch is None:
        return 0
    if not batch.is_open:
        verdicts = [hold(each, CLOSED) for each in batch.claims]
    elif batch.destination is None:
        verdicts = [hold(each, UNREADABLE, HeldFor.CHANGE) for each in batch.claims]
    else:
        verdicts = sending.send(batch.claims, batch.destination, pool=pool, halt=halt)
    recording.record(verdicts)
    return len(batch.claims)


def _leases() -> dict[str, timedelta]:
    return {slug: sending.lease_for(each.info.deadline_seconds) for slug, each in registry.channels().items()}


@contextmanager
def _lock(name: str) -> Iterator[bool]:
    """Hold a session's advisory lock, if it is free: it goes with the connection when this process dies."""
    key = wakeup.lock_key(name)
    ((held,),) = prepared("SELECT pg_try_advisory_lock(%s::bigint)", [key])
    try:
        yield held
    finally:
        if held:
            _unlock(key)


def _unlock(key: int) -> None:
    try:
        prepared("SELECT pg_advisory_unlock(%s::bigint)", [key])
    except DatabaseError as error:
        # The connection is gone, and the lock with it.
        logger.warning("a drain's lock could not be given back (%s)", type(error).__name__)
        connection.close()
