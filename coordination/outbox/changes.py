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
from coordination.outbox.workflow import DOUBTFUL, NEEDS_HUMAN, OPEN, DeliveryState
from coordination.partners import selectors as partners

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
            title=f"{TITLES[state]}: {delivery.message.reference} to {_whom(delivery)}"[:200],
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


def phone_if_it_may_have_left(delivery: Delivery, *, doubtful: bool = False) -> None:
    """Open the task to ask the recipient, where a voided delivery has an attempt that may have arrived."""
    if doubtful or delivery.attempts.filter(outcome__in=DOUBTFUL).exists():
        _phone(
            delivery,
            kind="void_may_have_left",
            title=f"Void, but it may have left: phone {_whom(delivery)} about {delivery.message.reference}",
            instructions="It was voided after an attempt whose end nobody knows. Ask the recipient by"
            " telephone; if they have it, tell them that it is void.",
            priority=delivery.lane,
        )


def phone_because_it_left(delivery: Delivery) -> None:
    """Open the task for a receipt about a void message: the recipient has what was taken back."""
    cases.end_tasks(about=_about_message(delivery), kind="void_may_have_left", outcome="It left.", by=None)
    _phone(
        delivery,
        kind="void_has_left",
        title=f"Was sent although void: phone {_whom(delivery)} about {delivery.message.reference}",
        instructions="The recipient answered a message that was voided, so they have it. Tell them by"
        " telephone that it is void, and correct it.",
        priority="P0",
    )


def _whom(delivery: Delivery) -> str:
    """Name the recipient whatever has become of the destination's sealed settings."""
    return partners.recipient_of(delivery.destination_id)


def _phone(delivery: Delivery, *, kind: str, title: str, instructions: str, priority: str) -> None:
    cases.open_task(
        delivery.case,
        kind=kind,
        title=title[:200],
        role=Role.SAFETY_LIAISON,
        instructions=instructions,
        about=_about_message(delivery),
        priority=priority,
    )


def _about_message(delivery: Delivery) -> str:
    # Not `about`: what ends the tasks of a delivery must not end a call that was not made.
    return f"outbox.message:{delivery.message_id}"


def end_tasks(delivery: Delivery, *, outcome: str, by: User | None) -> None:
    """End the tasks about a delivery: what they ask for has happened."""
    cases.end_tasks(about=about(delivery), outcome=outcome, by=by)
