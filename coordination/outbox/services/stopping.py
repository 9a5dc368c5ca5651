"""Taking back what has not left, and sending again what was stopped on its way."""

from typing import Final

from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.ledger import services as ledger
from coordination.outbox import changes
from coordination.outbox.models import Delivery, Message
from coordination.outbox.services import second
from coordination.outbox.services.records import (
    WORK,
    delivery_of,
    lock,
    lock_delivery,
    move,
    said,
    set_state,
    trace,
)
from coordination.outbox.wakeup import wake_after_commit
from coordination.outbox.workflow import (
    DELIVERY,
    MESSAGE,
    DeliveryState,
    DeliveryVerb,
    MessageState,
    MessageVerb,
)

RESEND: Final = "outbox.resend_delivery"


@transaction.atomic
def void(message: Message, *, by: User | None, reason: str) -> Message:
    """Take back a message that did not leave, or failed: it can never be sent again.

    Only who works on its case may. Raises IllegalTransition where it is on its way or out. Where an attempt
    may have arrived all the same, a task asks a human to phone them.
    """
    cases.require_case(by, message.case, WORK)
    why = said("reason", reason)
    locked = lock(message)
    _void(locked, delivery_of(locked), by=by, why=why)
    message.state = locked.state
    return locked


@transaction.atomic
def void_unsent(origin: str, *, by: User | None, reason: str) -> list[Delivery]:
    """Void every message of an origin that has not left; return the deliveries that this stopped.

    For the record behind them: it ended, so nothing of it may leave any more. Messages that are only prepared
    are void, and deliveries that are queued, held, failed or unknown. One that is being sent right now stays
    `sending` and may arrive; if it does not, it becomes void and is not tried again. What has left is not
    touched. The caller has checked who may.
    """
    why = said("reason", reason)
    stopped = []
    live = Message.objects.select_for_update(of=("self",)).exclude(state=MessageState.VOID)
    for message in live.filter(origin=origin).order_by("pk"):
        delivery = delivery_of(message)
        if delivery is None or DeliveryVerb.VOID in DELIVERY.allowed(delivery.state):
            _void(message, delivery, by=by, why=why)
        elif delivery.state == DeliveryState.SENDING:
            _stop(message, delivery, by=by, why=why)
        else:
            continue
        if delivery is not None:
            stopped.append(delivery)
    return stopped


@transaction.atomic
def release(delivery: Delivery, *, by: User | None, reason: str) -> Delivery:
    """Send a held, failed or unknown delivery (again), under the same id. Only a human decides that.

    What a plugin objects to, or what is no longer what was approved, is released by somebody who may approve
    and had no part in it; whoever it is works on the case. Raises Refused where that is somebody else, or the
    message is void.
    """
    if by is not None:
        access.require(by, RESEND)
    cases.require_case(by, delivery.case, WORK)
    why = said("reason", reason)
    message = lock(delivery.message)
    locked = lock_delivery(delivery)
    if message.state != MessageState.APPROVED:
        raise Refused("The message is void: what it belongs to has ended.", rule="void")
    if locked.held_for:
        second.check(locked, message, by=by)
    locked.held_for = ""
    locked.due_at = locked.trying_since = clock.now()
    move(locked, DeliveryVerb.RELEASE, by=by, reason_digest=ledger.digest(why))
    changes.end_tasks(locked, outcome="Released to be sent again.", by=by)
    wake_after_commit(locked)
    return locked


def _void(message: Message, delivery: Delivery | None, *, by: User | None, why: str) -> None:
    after = MESSAGE.after(message.state, MessageVerb.VOID)
    if delivery is not None:
        doubtful = delivery.state == DeliveryState.UNKNOWN
        move(delivery, DeliveryVerb.VOID, by=by, reason_digest=ledger.digest(why))
        changes.end_tasks(delivery, outcome="The message was voided.", by=by)
        changes.phone_if_it_may_have_left(delivery, doubtful=doubtful)
    set_state(message, after)
    trace("outbox.message_voided", message, by=by, reason_digest=ledger.digest(why))


def _stop(message: Message, delivery: Delivery, *, by: User | None, why: str) -> None:
    # On the row that whoever sends it will write: that write then sees it, whichever comes first.
    delivery.stopped = True
    delivery.save(update_fields=["stopped"])
    set_state(message, MESSAGE.after(message.state, MessageVerb.VOID))
    trace("outbox.message_voided", message, by=by, on_its_way=True, reason_digest=ledger.digest(why))
