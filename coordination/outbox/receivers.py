"""News from cases: a delivery that needs a human keeps its task until it does not."""

from typing import Any

from django.dispatch import receiver

from coordination.cases.signals import task_ended
from coordination.core.errors import Refused
from coordination.outbox.models import Delivery
from coordination.outbox.workflow import NEEDS_HUMAN, DeliveryState

DELIVERY = "outbox.delivery:"


@receiver(task_ended, dispatch_uid="outbox.keep_task")
def keep_task(sender: Any, *, task: Any, by_hand: bool = False, **_: Any) -> None:  # noqa: ARG001
    """Let nobody end the task of a delivery in place of what it asks for.

    A rejected delivery has come to its end: its task is completed, with what came of it, and not cancelled.
    """
    if not by_hand or not task.about.startswith(DELIVERY):
        return
    pk = task.about.removeprefix(DELIVERY)
    states = Delivery.objects.filter(pk=pk).values_list("state", flat=True) if pk.isdecimal() else ()
    for state in states:
        settled = state == DeliveryState.REJECTED and task.state == "done"
        if state in NEEDS_HUMAN and task.kind == f"delivery_{state}" and not settled:
            raise Refused(
                "The delivery still needs somebody. Release it, stop it or record what became of it: that "
                "ends this task. Where it was rejected, complete the task with what came of it.",
                rule="outbox.keep-task",
            )
