"""Wake-ups: after the commit, a job that says "drain this destination". A lost one costs time, no message."""

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction

from coordination.core.statements import prepared
from coordination.outbox.models import Delivery

logger = logging.getLogger(__name__)

DRAIN = "outbox.drain"
QUEUES = {"P0": "p0", "normal": "bulk"}

# What procrastinate's defer() executes, with a look before it in the same round trip: a refusal by the lock
# would cost 0.8 ms and an ERROR line in the server's log, and defer() itself a millisecond more. Alone
# in its transaction its commit does not wait for the disk: what a crash of the server takes, the sweep finds.
DEFER: Final = """
    SELECT set_config(
        'synchronous_commit',
        CASE WHEN %(alone)s THEN 'off' ELSE current_setting('synchronous_commit') END, true
    ), procrastinate_defer_jobs_v1(ARRAY[
        ROW(%(queue)s, %(task)s, 0, NULL, %(lock)s, %(arguments)s::jsonb, NULL)::procrastinate_job_to_defer_v1
    ])
    WHERE NOT EXISTS (
        SELECT FROM procrastinate_jobs WHERE queueing_lock = %(lock)s AND status = 'todo'
    )
"""


def shards() -> int:
    """Return into how many parts, by case, a destination's deliveries are split, each drained on its own."""
    return int(settings.DELIVERY_SHARDS)


def shard_of(case_id: int) -> int:
    """Return the part that a case belongs to: always the same, so that the order within a case holds."""
    return case_id % shards()


def drain_name(destination_id: int, lane: str, shard: int) -> str:
    """Return the name under which drains of the same deliveries exclude each other."""
    return f"outbox.drain:{destination_id}:{lane}:{shard}"


def lock_key(name: str) -> int:
    """Return the key of a PostgreSQL advisory lock: 64 bits of SHA-256 of its name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def wake_after_commit(delivery: Delivery) -> None:
    """Wake the drain of a delivery once the current transaction has committed."""
    destination_id, lane, shard = delivery.destination_id, delivery.lane, shard_of(delivery.case_id)
    # Inside the transaction AlreadyEnqueued would abort it, and NOTIFY in each costs two of three commits.
    transaction.on_commit(lambda: wake(destination_id, lane, shard), robust=True)


def wake(destination_id: int, lane: str, shard: int) -> bool:
    """Defer a drain unless one is queued. Never raises: the sweep finds what this could not say."""
    arguments = {"destination_id": destination_id, "lane": lane, "shard": shard}
    return defer(DRAIN, lane=lane, lock=drain_name(destination_id, lane, shard), arguments=arguments)


def defer(task: str, *, lane: str, lock: str, arguments: Mapping[str, Any]) -> bool:
    """Defer a job of a lane unless one with this queueing lock is queued; tell whether. Never raises."""
    values: dict[str, Any] = {
        "queue": QUEUES[lane],
        "task": task,
        "lock": lock,
        "arguments": json.dumps(dict(arguments)),
        "alone": not connection.in_atomic_block,
    }
    try:
        return bool(prepared(DEFER, values))
    except IntegrityError:
        return False  # somebody else was first
    except DatabaseError as error:
        logger.warning("a wake-up was lost (%s); the sweep will find it", type(error).__name__)
        return False
