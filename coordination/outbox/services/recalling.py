"""Asking for a message back. That leaves too: the ledger has it before, whatever comes of it."""

from dataclasses import replace
from typing import Final

from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.channels import DeliveryError, Recalls, registry
from coordination.channels import receipts as told
from coordination.core import clock
from coordination.core.errors import IllegalTransition, Refused
from coordination.ledger import services as ledger
from coordination.outbox import hosts
from coordination.outbox.models import Delivery, Receipt
from coordination.outbox.services import second
from coordination.outbox.services.hearing import record_receipt
from coordination.outbox.services.records import WORK, lock_delivery, said
from coordination.outbox.workflow import SENT, DeliveryState

RECALL: Final = "referrals.recall_referral"
# Where they have it, as far as we know.
WITH_THEM: Final = SENT - {DeliveryState.REJECTED}


def can_recall(delivery: Delivery) -> bool:
    """Tell whether the channel of a delivery can ask for a message back."""
    try:
        return issubclass(registry.channel(delivery.message.channel), Recalls)
    except registry.UnknownChannel:
        return False


def recall(delivery: Delivery, *, by: User, reason: str) -> told.Receipt | None:
    """Ask the recipient's system for a message back; return what it said, None where it could not be asked.

    Only somebody who may recall, works on the case and had no part in the message. A receipt of level
    REJECTED says that they gave it back, any other that they took note. Raises Refused where the channel
    cannot ask, IllegalTransition where they do not have it.
    """
    why = said("reason", reason)
    last = _begin(delivery, by=by, why=why)
    try:
        spec = hosts.spec_for(delivery.message.channel, delivery.destination.config)
        with hosts.pool().use(delivery.destination_id, spec) as host:
            answer = host.recall(str(delivery.message_id), last, why)
    except (DeliveryError, hosts.HostFailed, hosts.ChannelBroke) as error:
        _record(delivery, by=by, outcome=type(error).__name__)
        return None
    # Their machine may count anew for this: the answer to our own question is no late news.
    answer = replace(answer, sequence=max(answer.sequence, last.sequence))
    with transaction.atomic():
        record_receipt(delivery.message_id, answer, source="recall", by=by)
        _record(delivery, by=by, outcome=answer.level.value)
    return answer


@transaction.atomic
def _begin(delivery: Delivery, *, by: User, why: str) -> told.Receipt:
    access.require(by, RECALL)
    cases.require_case(by, delivery.case, WORK)
    locked = lock_delivery(delivery)
    if locked.state not in WITH_THEM:
        raise IllegalTransition(locked.state, "recall")
    second.check(locked, locked.message, by=by)
    if not can_recall(locked):
        raise Refused(
            "This channel cannot ask for a message back: telephone them, and correct it.", rule="recall"
        )
    _trace("outbox.recall_begun", locked, by=by, reason_digest=ledger.digest(why))
    return _last_of(locked)


@transaction.atomic
def _record(delivery: Delivery, *, by: User, outcome: str) -> None:
    _trace("outbox.recall_ended", delivery, by=by, outcome=outcome)


def _trace(action: str, delivery: Delivery, *, by: User, **details: ledger.Value) -> None:
    ledger.record(
        action,
        subject=f"message:{delivery.message_id}",
        by=by,
        details={"delivery": delivery.pk, "destination": delivery.destination_id, **details},
    )


def _last_of(delivery: Delivery) -> told.Receipt:
    """Return the newest receipt as the channel gave it; without one, that it was accepted."""
    row = Receipt.objects.filter(delivery=delivery, late=False).order_by("recorded_at").last()
    return told.Receipt(
        message_id=str(delivery.message_id),
        level=told.ReceiptLevel(row.level if row else DeliveryState.ACCEPTED),
        occurred_at=row.occurred_at if row else clock.now(),
        sequence=max(delivery.sequence, 0),
        reference=row.reference if row else "",
        proof=bytes(row.proof) if row else b"",
    )
