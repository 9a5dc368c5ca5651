"""What became of a delivery: the partner's word, or what a human found out."""

from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from coordination.access import services as access
from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.channels import receipts as told
from coordination.core import clock
from coordination.core.errors import IllegalTransition, InvalidInput, NotFound
from coordination.ledger import services as ledger
from coordination.outbox import changes
from coordination.outbox.models import Delivery, Message, Receipt
from coordination.outbox.receipts import storable
from coordination.outbox.services import second
from coordination.outbox.services.records import WORK, lock_delivery, move, said
from coordination.outbox.workflow import DELIVERY, NEWS, DeliveryState, DeliveryVerb, MessageState

RESOLVE: Final = "outbox.resolve_delivery"
# What a human may find out about a delivery whose outcome is unknown.
FINDINGS: Final = ("accepted", "delivered", "acknowledged", "rejected", "failed")


@transaction.atomic
def resolve(delivery: Delivery, *, by: User | None, level: str, reference: str = "", reason: str) -> Delivery:
    """Record what a human found out about a delivery whose outcome is unknown.

    `level` is that of a receipt (accepted, delivered, acknowledged, rejected), or "failed" where it did not
    arrive. Only who works on its case may. That a P0 was acknowledged is taken from the recipient or from an
    approver who had no part in it; from anybody else it is a task for such a second person, and the delivery
    stays as it is. Raises IllegalTransition for a delivery in any other state.
    """
    if by is not None:
        access.require(by, RESOLVE)
    cases.require_case(by, delivery.case, WORK)
    why = said("reason", reason)
    if level not in FINDINGS:
        raise InvalidInput("level", f"One of {', '.join(FINDINGS)}.")
    locked = lock_delivery(delivery)
    if locked.state != DeliveryState.UNKNOWN:
        raise IllegalTransition(locked.state, "resolve")
    alone = level == "acknowledged" and locked.lane == "P0" and not second.may(locked, locked.message, by=by)
    if alone:
        _ask_second(locked, by=by, reference=reference, why=why)
        return locked
    changes.end_tasks(locked, outcome=f"Found out: {level}.", by=by)
    if level == "failed":
        move(locked, DeliveryVerb.FAIL, by=by, why=why, reason_digest=ledger.digest(why))
        return locked
    receipt = told.Receipt(
        message_id=str(locked.message_id),
        level=told.ReceiptLevel(level),
        occurred_at=clock.now(),
        sequence=max(locked.sequence, 0),
        reference=reference,
        detail=why,
    )
    _take(locked, storable(receipt), source="human", by=by)
    return locked


@transaction.atomic
def record_receipt(
    message_id: UUID | str, receipt: told.Receipt, *, source: str, by: User | None = None
) -> bool:
    """Record what a partner says of a message, with their proof; return False where it is late news.

    `source` is deliver, inbound, poll or human. A late receipt (a lower sequence than one recorded, or
    nothing new) is kept and changes no state. Raises NotFound for a message without a delivery.
    """
    try:
        locked = Delivery.objects.select_for_update().filter(message_id=message_id).first()
    except ValidationError as error:
        raise NotFound from error
    if locked is None or receipt.message_id != str(locked.message_id):
        raise NotFound
    return _take(locked, storable(receipt), source=source, by=by)


def _ask_second(locked: Delivery, *, by: User | None, reference: str, why: str) -> None:
    """Put a finding that ends the chase of a P0 before somebody else than who found it."""
    who = by.shown_outside if by is not None else "The system"
    cases.open_task(
        locked.case,
        kind="confirm_acknowledgement",
        title=f"Confirm that {locked.message.reference} was acknowledged",
        role=Role.SENIOR_REVIEWER,
        instructions=f"{who} found out that a named person has it"
        + (f", under {reference}" if reference else "")
        + f": {why}\n\nAsk them on the number of our directory, then record on the delivery what came of it.",
        about=changes.about(locked),
        priority=locked.lane,
    )
    ledger.record(
        "outbox.acknowledgement_proposed",
        subject=f"message:{locked.message_id}",
        by=by,
        details={"delivery": locked.pk, "reason_digest": ledger.digest(why)},
    )


def _never_tried(delivery: Delivery) -> bool:
    waiting = delivery.state in (DeliveryState.QUEUED, DeliveryState.HELD)
    return waiting and delivery.attempts_made == 0 and not delivery.attempts.exists()


def _hold(locked: Delivery, receipt: told.Receipt, *, source: str, by: User | None) -> None:
    """Hold a delivery that they refuse before it was ever sent: nobody there can have read it."""
    why = f"They rejected it before it was ever sent. Ask them whether they mean it. {receipt.detail}".strip()
    proof = ledger.digest(receipt.proof)
    if locked.state == DeliveryState.QUEUED:
        move(locked, DeliveryVerb.HOLD, by=by, why=why, source=source, proof_digest=proof)
        return
    details = {"source": source, "proof_digest": proof}
    ledger.record_many([changes.entry(locked, DeliveryState.HELD, by=by, details=details)])
    changes.tell(locked, DeliveryState.HELD, why=why)


def _take(locked: Delivery, receipt: told.Receipt, *, source: str, by: User | None) -> bool:
    verb = NEWS[receipt.level.value]
    untried = verb == DeliveryVerb.REJECT and source != "deliver" and _never_tried(locked)
    late = not untried and (receipt.sequence < locked.sequence or verb not in DELIVERY.allowed(locked.state))
    void = Message.objects.filter(pk=locked.message_id, state=MessageState.VOID).exists()
    if void and not locked.receipts.exists():
        changes.phone_because_it_left(locked)
    Receipt.objects.create(
        delivery=locked,
        level=receipt.level.value,
        sequence=receipt.sequence,
        occurred_at=receipt.occurred_at,
        recorded_at=clock.now(),
        source=source,
        reference=receipt.reference,
        detail=receipt.detail,
        proof=receipt.proof,
        late=late,
    )
    if late:
        details = {"level": receipt.level.value, "source": source, "delivery": locked.pk}
        ledger.record(
            "outbox.receipt_came_late", subject=f"message:{locked.message_id}", by=by, details=details
        )
        return False
    if untried:
        _hold(locked, receipt, source=source, by=by)
        return True
    changes.end_tasks(locked, outcome=f"The recipient's answer came: {receipt.level.value}.", by=None)
    locked.sequence = receipt.sequence
    move(
        locked,
        verb,
        by=by,
        why=receipt.detail,
        receipt=receipt,
        source=source,
        proof_digest=ledger.digest(receipt.proof),
    )
    return True
