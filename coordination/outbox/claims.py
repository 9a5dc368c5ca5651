"""Claiming: the oldest open delivery of each case, taken under a lease by whoever comes first."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import DatabaseError, connection
from django.db.transaction import TransactionManagementError

from coordination.core.sealing import SealBroken, context_of, ring
from coordination.core.statements import prepared
from coordination.ledger import services as ledger
from coordination.outbox import wakeup
from coordination.outbox.hosts import boot_seconds
from coordination.outbox.workflow import DOUBTFUL
from coordination.partners import selectors as partners
from coordination.partners.services import Destination

BATCH: Final = 100

# A delivery in back-off stays open, so it blocks its case; other lanes are other queues and do not wait.
# A scalar subquery, not an anti-join: it reads one index entry for each row whatever the statistics say (2 ms
# against 41 ms for a claim from a table that was not analysed).
OLDEST: Final = """
    d.state = 'queued' AND d.due_at <= %(now)s
    AND (%(shards)s = 1 OR d.case_id %% %(shards)s = %(shard)s)
    AND d.id = (
        SELECT o.id FROM outbox_delivery o
        WHERE o.destination_id = d.destination_id AND o.lane = d.lane AND o.case_id = d.case_id
          AND o.state IN ('queued', 'sending')
        ORDER BY o.id LIMIT 1
    )
"""
# Where it goes is read with what goes there: a destination can be closed at any moment, and a look of its own
# would be another round trip.
CLAIM: Final = f"""
    WITH there AS (
        {partners.NOW}
    ), due AS (
        SELECT d.id FROM outbox_delivery d
        WHERE d.destination_id = %(destination)s AND d.lane = %(lane)s AND {OLDEST}
        ORDER BY d.due_at, d.id LIMIT {BATCH}
        FOR UPDATE OF d SKIP LOCKED
    ), taken AS (
        UPDATE outbox_delivery d
        SET state = 'sending', lease_token = %(token)s,
            lease_until = greatest(%(now)s, clock_timestamp())
                + coalesce((%(leases)s::json ->> there.channel)::interval, %(lease)s),
            attempts_made = d.attempts_made + 1
        FROM due, there WHERE d.id = due.id
        RETURNING d.*
    ), {ledger.JOINED}
    SELECT there.*, t.id, t.case_id, t.destination_id, t.lane, t.attempts_made, t.trying_since, t.due_at,
        t.lease_token, m.id, m.kind, m.reference, m.origin, m.state, m.channel, m.fingerprint,
        m.destination_id, m.digest, m.media_type, m.filename, m.content,
        a.digest, a.destination_id, a.channel, a.fingerprint,
        t.attempts_made > 1 AND EXISTS (
            SELECT FROM outbox_attempt e WHERE e.delivery_id = t.id AND e.outcome IN {tuple(sorted(DOUBTFUL))}
        )
    FROM taken t JOIN outbox_message m ON m.id = t.message_id
        LEFT JOIN outbox_approval a ON a.message_id = m.id, there
    ORDER BY t.id
"""  # noqa: S608  # nosec B608 - constants
DUE: Final = f"""
    SELECT EXISTS (
        SELECT FROM outbox_delivery d
        WHERE d.destination_id = %(destination)s AND d.lane = %(lane)s AND {OLDEST}
    )
"""  # noqa: S608  # nosec B608 - two constants
RETAKE: Final = """
    UPDATE outbox_delivery SET lease_until = clock_timestamp() + %(lease)s
    WHERE id = ANY(%(ids)s) AND state = 'sending' AND lease_token = %(token)s
      AND lease_until > clock_timestamp()
    RETURNING id, stopped
"""


@dataclass(frozen=True, kw_only=True)
class Bound:
    """The four that an approval binds."""

    digest: str
    destination: int
    channel: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One delivery in hand: what its row, its message and its approval say."""

    delivery_id: int
    case_id: int
    destination_id: int
    lane: str
    number: int
    trying_since: datetime
    due_at: datetime
    token: UUID
    message_id: UUID
    kind: str
    reference: str
    origin: str
    message_state: str
    frozen: Bound
    approved: Bound | None
    media_type: str = ""
    filename: str = ""
    sealed: bytes = field(default=b"", repr=False)
    taken_at: float = 0.0  # by boot_seconds: not later than the claim in the database
    lease_ends: float = 0.0  # by boot_seconds: not later than `lease_until` in the database
    times_lost: int = 0
    doubtful: bool = False  # an earlier attempt may have arrived; a human's release does not settle that

    def content(self) -> bytes:
        """Return the frozen content. Raises SealBroken."""
        return ring().open(self.sealed, context=context_of("outbox_message", "content", self.message_id))

    def mismatches(self, live: Bound, content: bytes) -> list[str]:
        """Return which of the four differ between what was approved, what was frozen and what stands now."""
        if self.approved is None or self.message_state != "approved":
            return ["approval"]
        found = []
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        if not digest == self.frozen.digest == self.approved.digest:
            found.append("digest")
        if not live.destination == self.frozen.destination == self.approved.destination:
            found.append("destination")
        if not live.channel == self.frozen.channel == self.approved.channel:
            found.append("channel")
        if not live.fingerprint == self.frozen.fingerprint == self.approved.fingerprint:
            found.append("fingerprint")
        return found


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What was taken at once, and where it goes, as that stood then: None where its settings do not open."""

    claims: list[Claim]
    destination: Destination | None
    is_open: bool


def claim(
    destination_id: int,
    lane: str,
    shard: int,
    *,
    now: datetime,
    lease: timedelta,
    leases: Mapping[str, timedelta] = MappingProxyType({}),
) -> Batch | None:
    """Take up to BATCH due deliveries under one lease: the oldest of each case, in order of ids.

    The lease is what `leases` says of the destination's channel, or `lease`. Returns None where nothing is
    due. That they begin to leave is in the ledger with it, or nothing is taken: raises LedgerUnwritable.
    """
    values = _where(destination_id, lane, shard, now)
    values |= {"token": uuid4(), "lease": lease}
    values["leases"] = json.dumps({slug: f"{each.total_seconds()} s" for slug, each in leases.items()})
    values |= ledger.joined(_began(values), "deliveries")
    if connection.in_atomic_block:
        raise TransactionManagementError("What is claimed is committed before anything leaves.")
    connection.ensure_connection()  # outside what the lease is measured from
    taken_at = boot_seconds()
    # One statement is a transaction of its own; BEGIN and COMMIT around it would be two more round trips.
    try:
        rows = prepared(CLAIM, values)
    except DatabaseError:
        ledger.require_writable()
        raise
    if not rows:
        return None
    destination, is_open = partners.destination_in(rows[0])
    if destination is not None:
        lease = leases.get(destination.channel, lease)
    taken = [_claim(row[partners.NOW_WIDTH :], taken_at, lease) for row in rows]
    ledger.tell_joined(values, [each.delivery_id for each in taken], using=connection.alias)
    return Batch(claims=taken, destination=destination, is_open=is_open)


def _began(values: dict[str, Any]) -> ledger.Entry:
    """Return the entry of a batch that begins to leave; which deliveries it takes, the statement knows."""
    details = {"batch": str(values["token"]), "lane": values["lane"]}
    subject = f"destination:{values['destination']}"
    return ledger.entry("outbox.sending_began", subject=subject, by=None, details=details)


def is_due(destination_id: int, lane: str, shard: int, *, now: datetime) -> bool:
    """Tell whether something could be claimed now."""
    ((found,),) = prepared(DUE, _where(destination_id, lane, shard, now))
    return bool(found)


def retake(claims: Sequence[Claim], lease: timedelta) -> dict[int, bool]:
    """Begin the lease anew of what is still ours; return those, and whether each was voided meanwhile.

    The database's clock decides, for ours may have stood still.
    """
    ids = [each.delivery_id for each in claims]
    values: dict[str, Any] = {"ids": ids, "token": claims[0].token, "lease": lease}
    return dict(prepared(RETAKE, values))


def _where(destination_id: int, lane: str, shard: int, now: datetime) -> dict[str, Any]:
    shards = wakeup.shards()
    return {"destination": destination_id, "lane": lane, "shard": shard, "shards": shards, "now": now}


def _claim(row: Sequence[Any], taken_at: float, lease: timedelta) -> Claim:
    return Claim(
        delivery_id=row[0],
        case_id=row[1],
        destination_id=row[2],
        lane=row[3],
        number=row[4],
        trying_since=row[5],
        due_at=row[6],
        token=row[7],
        taken_at=taken_at,
        lease_ends=taken_at + lease.total_seconds(),
        message_id=row[8],
        kind=row[9],
        reference=row[10],
        origin=row[11],
        message_state=row[12],
        frozen=Bound(channel=row[13], fingerprint=row[14], destination=row[15], digest=row[16]),
        media_type=row[17],
        filename=row[18],
        sealed=bytes(row[19]),
        approved=None
        if row[20] is None
        else Bound(digest=row[20], destination=row[21], channel=row[22], fingerprint=row[23]),
        doubtful=row[24],
    )


__all__ = ["BATCH", "OLDEST", "Batch", "Bound", "Claim", "SealBroken", "claim", "is_due", "retake"]
