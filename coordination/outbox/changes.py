"""What goes with each change of a delivery, in its transaction: the entry, the task for a human, the news."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from django.db import transaction

from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.channels import registry
from coordination.channels.receipts import Receipt as Told
from coordination.ledger import services as ledger
from coordination.outbox.models import Delivery, Message
from coordination.outbox.signals import delivery_changed
from coordination.outbox.workflow import NEEDS_HUMAN, OPEN, DeliveryState

_S = DeliveryState
TITLES: Final = {
    _S.FAILED: "A delivery failed",
    _S.REJECTED: "The recipient rejected a delivery",
    _S.UNKNOWN: "Find out whether a delivery arrived",
    _S.HELD: "A delivery is held",
}
ADVICE: Final = {
    _S.FAILED: "It did not arrive. Mend the cause and release it, or reach the recipient another way.",
    _S.REJECTED: "Read what they say, and reach them another way or correct what was sent.",
    _S.UNKNOWN: "Ask the recipient, then record what became of it. It is not sent again by itself.",
    _S.HELD: "It did not leave, or the channel broke on the way. See the cause; release it or void it.",
}


def about(delivery: Delivery) -> str:
    """Return how tasks name a delivery."""
    return f"outbox.delivery:{delivery.pk}"


def subject_of(message: Message) -> str:
    """Return how the ledger names a message."""
    return f"message:{message.pk}"


def entry(
    delivery: Delivery, state: DeliveryState, *, by: User | None, details: Mapping[str, ledger.Value]
) -> ledger.Entry:
    """Return the entry of a change: identifiers and digests, never what the partner or a person wrote."""
    return ledger.entry(
        f"outbox.delivery_{state.value}",
        subject=f"message:{delivery.message_id}",
        by=by,
        details={"delivery": delivery.pk, "destination": delivery.destination_id, **details},
    )


def tell(delivery: Delivery, state: DeliveryState, *, why: str = "", receipt: Told | None = None) -> None:
    """Open the task that a state asks for, end those that it answers, and send the news."""
    if state in NEEDS_HUMAN:
        cases.open_task(
            delivery.case,
            kind=f"delivery_{state.value}",
            title=f"{TITLES[state]}: {delivery.message.reference}",
            role=Role.SAFETY_LIAISON,
            instructions=f"{ADVICE[state]}\n\n{why}".strip(),
            about=about(delivery),
            priority=delivery.lane,
        )
    if state not in OPEN:
        delivery_changed.send(sender=Delivery, delivery=delivery, state=state, receipt=receipt)
    if receipt is not None:
        announce = partial(registry.announce_receipt, str(delivery.message_id), receipt)
        transaction.on_commit(announce, robust=True)


def end_tasks(delivery: Delivery, *, outcome: str, by: User | None) -> None:
    """End the tasks about a delivery: what they ask for has happened."""
    cases.end_tasks(about=about(delivery), outcome=outcome, by=by)
