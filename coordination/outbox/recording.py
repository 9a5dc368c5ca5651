"""Recording: what became of a batch, in one transaction and a handful of statements."""

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import DatabaseError, connection, transaction

from coordination.core import clock
from coordination.ledger import services as ledger
from coordination.outbox import changes, services
from coordination.outbox.models import Delivery, Message
from coordination.outbox.retries import Verdict
from coordination.outbox.signals import delivery_changed
from coordination.outbox.workflow import NEEDS_HUMAN, OPEN, DeliveryState

logger = logging.getLogger(__name__)

TRIES: Final = 3
# Only under the lease that we took: who has lost it has no say about the state any more.
UPDATE: Final = """
    UPDATE outbox_delivery d
    SET state = v.state, due_at = v.due_at, attempts_made = v.attempts,
        sequence = greatest(d.sequence, v.sequence), last_error = v.error,
        finished_at = v.finished_at, lease_token = NULL, lease_until = NULL
    FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::timestamptz[], %s::int[], %s::bigint[], %s::text[],
        %s::timestamptz[]) AS v(id, token, state, due_at, attempts, sequence, error, finished_at)
    WHERE d.id = v.id AND d.state = 'sending' AND d.lease_token = v.token
    RETURNING d.id
"""
ATTEMPTS: Final = """
    INSERT INTO outbox_attempt (delivery_id, number, started_at, finished_at, outcome, error, wire_digest)
    SELECT * FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::text[],
        %s::text[], %s::text[])
"""
RECEIPTS: Final = """
    INSERT INTO outbox_receipt (delivery_id, level, sequence, occurred_at, recorded_at, source, reference,
        detail, proof, late)
    SELECT id, level, sequence, occurred_at, recorded_at, 'deliver', reference, detail, proof, false
    FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::text[],
        %s::text[], %s::bytea[])
        AS v(id, level, sequence, occurred_at, recorded_at, reference, detail, proof)
"""


def record(verdicts: Sequence[Verdict]) -> None:
    """Record a batch; where that fails, record each delivery alone, so that one does not fail the others.

    What cannot be recorded keeps its lease until it runs out: the sweep then decides as for a dead worker.
    """
    for number in range(TRIES):
        try:
            _record(verdicts)
        except DatabaseError as error:
            # A deadlock, or a connection that was lost: Django opens another one.
            logger.warning("recording failed (%s), attempt %d", type(error).__name__, number + 1)
            connection.close_if_unusable_or_obsolete()
            time.sleep(0.05 * 2**number)
        except Exception:  # a receiver of the news raised: it must not undo what is true of the others
            logger.exception("a receiver failed while %d deliveries were recorded", len(verdicts))
            break
        else:
            return
    if len(verdicts) > 1:
        for each in verdicts:
            record([each])


@transaction.atomic(durable=True)
def _record(verdicts: Sequence[Verdict]) -> None:
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(UPDATE, _columns(_update_row(each, now) for each in verdicts))
        kept = {pk for (pk,) in cursor.fetchall()}
        if tries := [_attempt_row(each, tried) for each in verdicts for tried in each.tries]:
            cursor.execute(ATTEMPTS, _columns(tries))
        ours = [each for each in verdicts if each.claim.delivery_id in kept]
        if received := [_receipt_row(each, now) for each in ours if each.receipt is not None]:
            cursor.execute(RECEIPTS, _columns(received))
    ledger.record_many(_entry(each) for each in ours if each.tries or each.state not in OPEN)
    for each in ours:
        _tell(each)
    for each in verdicts:
        if each.claim.delivery_id not in kept and each.receipt is not None:
            # The lease was lost while it was on its way. What the partner said is true all the same.
            services.record_receipt(each.claim.message_id, each.receipt, source="deliver")


def _columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _update_row(verdict: Verdict, now: datetime) -> tuple[Any, ...]:
    state = verdict.state
    return (
        verdict.claim.delivery_id,
        verdict.claim.token,
        state.value,
        verdict.due_at,
        verdict.attempts_made,
        -1 if verdict.receipt is None else verdict.receipt.sequence,
        "" if verdict.receipt is not None else verdict.why[:300],
        None if state in OPEN or state == DeliveryState.HELD else now,
    )


def _attempt_row(verdict: Verdict, tried: Any) -> tuple[Any, ...]:
    return (
        verdict.claim.delivery_id,
        tried.number,
        tried.started_at,
        tried.finished_at,
        tried.outcome,
        tried.error,
        tried.wire_digest,
    )


def _receipt_row(verdict: Verdict, now: datetime) -> tuple[Any, ...]:
    receipt = verdict.receipt
    if receipt is None:
        raise ValueError("a verdict without a receipt has no row of one")
    return (
        verdict.claim.delivery_id,
        receipt.level.value,
        receipt.sequence,
        receipt.occurred_at,
        now,
        receipt.reference,
        receipt.detail,
        receipt.proof,
    )


def _entry(verdict: Verdict) -> ledger.Entry:
    claim = verdict.claim
    details: dict[str, ledger.Value] = {
        "delivery": claim.delivery_id,
        "destination": claim.destination_id,
        "channel": claim.frozen.channel,
        "digest": claim.frozen.digest,
        "attempt": verdict.attempts_made,
        "outcomes": [each.outcome for each in verdict.tries],
        "wire_digests": [each.wire_digest for each in verdict.tries if each.wire_digest],
    }
    if verdict.receipt is not None:
        details["proof_digest"] = ledger.digest(verdict.receipt.proof)
    state = "tried" if verdict.state in OPEN else verdict.state.value
    return ledger.entry(
        f"outbox.delivery_{state}", subject=f"message:{claim.message_id}", by=None, details=details
    )


def _tell(verdict: Verdict) -> None:
    state = verdict.state
    if state in OPEN:
        return
    if state not in NEEDS_HUMAN and verdict.receipt is None and not delivery_changed.has_listeners(Delivery):
        return
    why = verdict.receipt.detail if verdict.receipt is not None else verdict.why
    changes.tell(_delivery(verdict), state, why=why, receipt=verdict.receipt)


def _delivery(verdict: Verdict) -> Delivery:
    """Return the row as it now stands without reading it again: a batch has a hundred."""
    claim = verdict.claim
    known = {
        "id": claim.delivery_id,
        "message_id": claim.message_id,
        "case_id": claim.case_id,
        "destination_id": claim.destination_id,
        "lane": claim.lane,
        "state": verdict.state,
        "attempts_made": verdict.attempts_made,
    }
    delivery = Delivery.from_db("default", list(known), list(known.values()))
    message = {
        "id": claim.message_id,
        "case_id": claim.case_id,
        "kind": claim.kind,
        "reference": claim.reference,
        "origin": claim.origin,
        "lane": claim.lane,
        "destination_id": claim.destination_id,
        "channel": claim.frozen.channel,
        "state": claim.message_state,
    }
    delivery.message = Message.from_db("default", list(message), list(message.values()))
    return delivery
