"""Recording: what became of a batch, in one transaction and a handful of statements."""

import json
import logging
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from django.db import DatabaseError, connection, transaction
from django.db.models import Model
from django.db.models.base import ModelState

from coordination.core import clock
from coordination.core.sealing import context_of, ring
from coordination.core.statements import prepared
from coordination.ledger import services as ledger
from coordination.outbox import changes, services
from coordination.outbox.models import Delivery, Message
from coordination.outbox.retries import Try, Verdict
from coordination.outbox.signals import delivery_changed
from coordination.outbox.workflow import NEEDS_HUMAN, OPEN, DeliveryState, DeliveryVerb

logger = logging.getLogger(__name__)

TRIES: Final = 3
Row = TypeVar("Row", bound=Model)
# One statement and one document for all. The state changes only under the lease that we took: who has lost it
# has no say any more; attempts are facts, and kept in any case.
RECORD: Final = """
    WITH v AS (
        SELECT * FROM json_to_recordset(%(rows)s::json) AS v(
            id bigint, token uuid, state text, due_at timestamptz, attempts int, error text, finished boolean,
            held_for text, receipt bigint, level text, sequence bigint, occurred_at timestamptz,
            reference text, detail text, proof text)
    ), moved AS (
        UPDATE outbox_delivery d
        SET state = CASE WHEN d.stopped AND v.level IS NULL THEN 'void' ELSE v.state END,
            due_at = v.due_at, attempts_made = v.attempts,
            sequence = greatest(d.sequence, v.sequence), held_for = v.held_for,
            last_error = decode(v.error, 'base64'),
            finished_at = CASE WHEN v.finished OR d.stopped THEN %(now)s::timestamptz END,
            lease_token = NULL, lease_until = NULL
        FROM v WHERE d.id = v.id AND d.state = 'sending' AND d.lease_token = v.token
        RETURNING d.id, d.stopped
    ), tried AS (
        INSERT INTO outbox_attempt (
            id, delivery_id, number, started_at, finished_at, outcome, error, wire_digest)
        SELECT attempt, id, number, started_at, finished_at, outcome, decode(error, 'base64'), wire_digest
        FROM json_to_recordset(%(tries)s::json) AS t(
            attempt bigint, id bigint, number int, started_at timestamptz, finished_at timestamptz,
            outcome text, error text, wire_digest text)
    ), told AS (
        INSERT INTO outbox_receipt (id, delivery_id, level, sequence, occurred_at, recorded_at, source,
            reference, detail, proof, late)
        SELECT receipt, id, level, sequence, occurred_at, %(now)s::timestamptz, 'deliver',
            decode(reference, 'base64'), decode(detail, 'base64'), decode(proof, 'base64'), false
        FROM v JOIN moved USING (id) WHERE level IS NOT NULL
    )
    SELECT id, stopped FROM moved
"""
# What is sealed is sealed for its row, so the rows have their numbers before they are written (core.fields).
NUMBERS: Final = """
    SELECT
        array(SELECT nextval(pg_get_serial_sequence('outbox_attempt', 'id'))
              FROM generate_series(1, %s::int)),
        array(SELECT nextval(pg_get_serial_sequence('outbox_receipt', 'id'))
              FROM generate_series(1, %s::int))
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
    tried = [(each, one) for each in verdicts for one in each.tries]
    ((attempts, receipts),) = prepared(NUMBERS, [len(tried), len(verdicts)])
    rows = [_row(each, number) for each, number in zip(verdicts, receipts, strict=True)]
    tries = [_tried(each, one, number) for (each, one), number in zip(tried, attempts, strict=True)]
    values: dict[str, Any] = {"rows": json.dumps(rows), "tries": json.dumps(tries), "now": clock.now()}
    kept = dict(prepared(RECORD, values))
    ours = [_as_kept(each, kept) for each in verdicts if each.claim.delivery_id in kept]
    ledger.append(_entry(each) for each in ours if each.tries or each.state not in OPEN)
    for each in ours:
        _tell(each)
        if kept[each.claim.delivery_id]:
            _phone(each)
    for each in verdicts:
        if each.claim.delivery_id not in kept and each.receipt is not None:
            # The lease was lost while it was on its way. What the partner said is true all the same.
            services.record_receipt(each.claim.message_id, each.receipt, source="deliver")


def _as_kept(verdict: Verdict, kept: Mapping[int, bool]) -> Verdict:
    """Return the verdict as it was written: what was voided on its way is not tried again."""
    stopped = kept[verdict.claim.delivery_id] and verdict.receipt is None
    return replace(verdict, verb=DeliveryVerb.STOP) if stopped else verdict


def _phone(verdict: Verdict) -> None:
    """Ask a human to phone about a message that was voided on its way, where it left or may have left."""
    delivery = _delivery(verdict)
    if verdict.receipt is not None:
        changes.phone_because_it_left(delivery)
    else:
        changes.phone_if_it_may_have_left(delivery)


def _row(verdict: Verdict, number: int) -> dict[str, Any]:
    state, receipt = verdict.state, verdict.receipt
    why = "" if receipt is not None else verdict.why[:300]
    row: dict[str, Any] = {
        "id": verdict.claim.delivery_id,
        "token": str(verdict.claim.token),
        "state": state.value,
        "due_at": verdict.due_at.isoformat(),
        "attempts": verdict.attempts_made,
        "error": _sealed("outbox_delivery", "last_error", verdict.claim.delivery_id, why),
        "held_for": verdict.held_for,
        "finished": state not in OPEN and state != DeliveryState.HELD,
    }
    if receipt is not None:
        row |= {
            "receipt": number,
            "level": receipt.level.value,
            "sequence": receipt.sequence,
            "occurred_at": receipt.occurred_at.isoformat(),
            "reference": _sealed("outbox_receipt", "reference", number, receipt.reference),
            "detail": _sealed("outbox_receipt", "detail", number, receipt.detail),
            "proof": _sealed("outbox_receipt", "proof", number, receipt.proof),
        }
    return row


def _tried(verdict: Verdict, tried: Try, number: int) -> dict[str, Any]:
    return {
        "attempt": number,
        "id": verdict.claim.delivery_id,
        "number": tried.number,
        "started_at": tried.started_at.isoformat(),
        "finished_at": tried.finished_at.isoformat(),
        "outcome": tried.outcome,
        "error": _sealed("outbox_attempt", "error", number, tried.error),
        "wire_digest": tried.wire_digest,
    }


def _sealed(table: str, column: str, row: int, value: str | bytes) -> str:
    """Return a value as the column's field would seal it, for the document (core.fields)."""
    plain = value.encode() if isinstance(value, str) else value
    return b64encode(ring().seal(plain, context=context_of(table, column, row))).decode()


def _entry(verdict: Verdict) -> ledger.Entry:
    claim = verdict.claim
    # Destination, channel and fingerprint stand in the entry of the approval.
    details: dict[str, ledger.Value] = {
        "delivery": claim.delivery_id,
        "digest": claim.frozen.digest,
        "attempt": verdict.attempts_made,
        "outcome": verdict.tries[-1].outcome if verdict.tries else "not tried",
    }
    if verdict.tries and verdict.tries[-1].wire_digest:
        details["wire_digest"] = verdict.tries[-1].wire_digest
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
    delivery = _loaded(Delivery, known)
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
    delivery.message = _loaded(Message, message)
    return delivery


def _loaded(kind: type[Row], values: dict[str, Any]) -> Row:
    """Return a row with these columns loaded and the others deferred, as from_db does, five times as fast."""
    row = kind.__new__(kind)
    state = ModelState()
    state.adding, state.db = False, connection.alias
    row.__dict__.update(values, _state=state)
    return row
