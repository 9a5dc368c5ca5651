"""What the verbs share: locks, entries, and the one way in which a delivery changes its state."""

from typing import Final

from coordination.access.services import User
from coordination.channels import receipts as told
from coordination.core import clock
from coordination.core.errors import InvalidInput
from coordination.ledger import services as ledger
from coordination.outbox import changes
from coordination.outbox.models import Delivery, Message
from coordination.outbox.workflow import DELIVERY, OPEN, DeliveryState, DeliveryVerb, MessageState

TWO_PEOPLE: Final = "separation-of-duties"
# What one must hold on the case of a delivery to act on it.
WORK: Final = "work_case"
LONGEST_REASON: Final = 2_000


def lock(message: Message) -> Message:
    """Return the message, locked, with its destination."""
    return Message.objects.select_for_update(of=("self",)).select_related("destination").get(pk=message.pk)


def lock_delivery(delivery: Delivery) -> Delivery:
    """Return the delivery, locked."""
    return Delivery.objects.select_for_update(of=("self",)).get(pk=delivery.pk)


def delivery_of(message: Message) -> Delivery | None:
    """Return the delivery of a locked message, locked; None while it is not approved."""
    return Delivery.objects.select_for_update(of=("self",)).filter(message=message).first()


def set_state(message: Message, state: MessageState) -> None:
    """Write the state of a locked message."""
    message.state = state
    message.save(update_fields=["state"])


def trace(action: str, message: Message, *, by: User | None, **details: ledger.Value) -> None:
    """Write the entry of what was done to a message."""
    ledger.record(
        action,
        subject=changes.subject_of(message),
        by=by,
        details={
            "digest": message.digest,
            "destination": message.destination_id,
            "channel": message.channel,
            "fingerprint": message.fingerprint,
            **details,
        },
    )


def said(field: str, value: str) -> str:
    """Return what a person wrote; raise InvalidInput where that is nothing or too much."""
    text = value.strip()
    if not text or len(text) > LONGEST_REASON:
        raise InvalidInput(field, f"Say why, in at most {LONGEST_REASON} characters.")
    return text


def move(
    delivery: Delivery,
    verb: DeliveryVerb,
    *,
    by: User | None,
    why: str = "",
    receipt: told.Receipt | None = None,
    **details: ledger.Value,
) -> None:
    """Change the state of a locked delivery, with its entry, task and news."""
    state = DELIVERY.after(delivery.state, verb)
    delivery.state = state
    delivery.lease_token = delivery.lease_until = None
    delivery.finished_at = None if state in OPEN or state == DeliveryState.HELD else clock.now()
    delivery.last_error = why[:300] if receipt is None else ""
    delivery.save()
    ledger.record_many([changes.entry(delivery, state, by=by, details=details)])
    changes.tell(delivery, state, why=why, receipt=receipt)
