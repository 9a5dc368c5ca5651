"""Wake-ups: after the commit, a job that says "drain this destination". A lost one costs time, no message."""

import hashlib
import logging

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from coordination.outbox.models import Delivery

logger = logging.getLogger(__name__)

DRAIN = "outbox.drain"
QUEUES = {"P0": "p0", "normal": "bulk"}


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
    name = drain_name(destination_id, lane, shard)
    try:
        if is_queued(name):
            return False
        job = app.configure_task(DRAIN, queue=QUEUES[lane], queueing_lock=name)
        job.defer(destination_id=destination_id, lane=lane, shard=shard)
    except AlreadyEnqueued:
        return False
    except (ConnectorException, DatabaseError) as error:
        logger.warning("a wake-up was lost (%s); the sweep will find it", type(error).__name__)
        return False
    return True


def is_queued(name: str) -> bool:
    """Tell whether a drain of this name waits. Asking costs less than being refused (an error in the log)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo')",
            [name],
        )
        return bool(cursor.fetchone()[0])
