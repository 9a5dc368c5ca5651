"""The sweep: every few seconds it finds what was lost. Wake-ups, leases of dead workers, stalled jobs."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from django.db import DatabaseError, connection
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException

from coordination.channels import registry
from coordination.core import clock
from coordination.outbox import recording, setback, wakeup
from coordination.outbox.claims import OLDEST, Bound, Claim
from coordination.outbox.retries import Verdict, lost

logger = logging.getLogger(__name__)

EVERY: Final = timedelta(seconds=3)
# A worker that sent no sign of life for so long is dead (it sends one every 5 s).
HEARTBEAT_SECONDS: Final = 30
AT_ONCE: Final = 500
KEEP_FAILED_HOURS: Final = 24 * 14

DUE: Final = f"""
    SELECT q.destination_id, q.lane, s.shard
    FROM (SELECT DISTINCT destination_id, lane FROM outbox_delivery WHERE state = 'queued') q
        CROSS JOIN generate_series(0, %(shards)s - 1) AS s(shard)
    WHERE EXISTS (
        SELECT FROM outbox_delivery d
        WHERE d.destination_id = q.destination_id AND d.lane = q.lane
          AND {OLDEST.replace("%(shard)s", "s.shard")}
    )
"""  # noqa: S608  # nosec B608 - constants
EXPIRED: Final = """
    WITH expired AS (
        SELECT id FROM outbox_delivery WHERE state = 'sending' AND lease_until <= %(now)s
        ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE outbox_delivery d
        SET lease_token = %(token)s, lease_until = greatest(%(now)s, clock_timestamp()) + %(lease)s
        FROM expired WHERE d.id = expired.id
        RETURNING d.*
    )
    SELECT t.id, t.case_id, t.destination_id, t.lane, t.attempts_made, t.trying_since, t.due_at,
        t.lease_token, m.id, m.kind, m.reference, m.origin, m.state, m.channel, m.fingerprint,
        m.destination_id, m.digest,
        (SELECT count(*) FROM outbox_attempt a
         WHERE a.delivery_id = t.id AND a.outcome = 'lost' AND a.started_at >= t.trying_since)
    FROM taken t JOIN outbox_message m ON m.id = t.message_id
    ORDER BY t.id
"""
# So long a sweep has to record what it took over.
LEASE: Final = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What was found."""

    woken: int = 0
    expired: int = 0
    stalled: int = 0


def sweep() -> Swept:
    """Look for everything that a crash leaves behind. One process at a time; others return at once."""
    key = wakeup.lock_key("outbox.sweep")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if not cursor.fetchone()[0]:
            return Swept()
    try:
        setback.mend()
        # Leases first: what comes back is then woken in the same sweep.
        return Swept(expired=expire_leases(), stalled=end_stalled_jobs(), woken=wake_due())
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def wake_due() -> int:
    """Wake every destination that has something due and no wake-up queued; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"now": clock.now(), "shards": wakeup.shards()})
        found = cursor.fetchall()
    return sum(wakeup.wake(destination, lane, shard) for destination, lane, shard in found)


def expire_leases() -> int:
    """Decide on deliveries whose worker died: queued again where the receiver deduplicates, else UNKNOWN."""
    now = clock.now()
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"now": now, "most": AT_ONCE, "token": uuid4(), "lease": LEASE}
        cursor.execute(EXPIRED, values)
        claims = [_claim(row) for row in cursor.fetchall()]
    verdicts: list[Verdict] = [
        lost(each, deduplicates=_deduplicates(each.frozen.channel), now=now) for each in claims
    ]
    if verdicts:
        logger.warning("the leases of %d deliveries ran out", len(verdicts))
        # Under a lease of our own: a dead worker that lives after all neither sends nor records any more.
        recording.record(verdicts)
    return len(verdicts)


def end_stalled_jobs() -> int:
    """Finish the drains of dead workers as failed, and retry their other jobs, one by one.

    A drain retried beside a queued successor would violate its lock, and its deliveries come back anyway.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT j.id, j.task_name FROM procrastinate_jobs j"
            " LEFT JOIN procrastinate_workers w ON w.id = j.worker_id"
            " WHERE j.status = 'doing'"
            " AND (w.id IS NULL OR w.last_heartbeat < now() - %s * interval '1 second')",
            [HEARTBEAT_SECONDS],
        )
        stalled = cursor.fetchall()
    return sum(_end(job_id, task_name) for job_id, task_name in stalled)


def _end(job_id: int, task_name: str) -> bool:
    try:
        if task_name == wakeup.DRAIN:
            _finish(job_id)
        else:
            app.job_manager.retry_job_by_id(job_id=job_id, retry_at=clock.now())
    except (DatabaseError, ConnectorException) as error:
        # Its successor waits under the same lock: that one does the work.
        logger.warning("a stalled job of %s was given up (%s)", task_name, type(error).__name__)
        _finish(job_id)
    return True


def _finish(job_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT procrastinate_finish_job_v1(%s, 'failed', false)", [job_id])


def _deduplicates(slug: str) -> bool:
    try:
        return registry.channel(slug).info.deduplicates
    except registry.UnknownChannel:
        return False


def _claim(row: Any) -> Claim:
    return Claim(
        delivery_id=row[0],
        case_id=row[1],
        destination_id=row[2],
        lane=row[3],
        number=row[4],
        trying_since=row[5],
        due_at=row[6],
        token=row[7],
        message_id=row[8],
        kind=row[9],
        reference=row[10],
        origin=row[11],
        message_state=row[12],
        frozen=Bound(channel=row[13], fingerprint=row[14], destination=row[15], digest=row[16]),
        approved=None,
        times_lost=row[17],
    )
