"""News from below: what became of a command's delivery, and tasks that only their own act ends."""

from typing import Any

from django.dispatch import receiver

from coordination.cases.signals import task_ended
from coordination.channels import read_in_force
from coordination.core.errors import Refused
from coordination.outbox.signals import delivery_changed
from coordination.restrictions import selectors, services
from coordination.restrictions.services import appeals, links, statements
from coordination.restrictions.services.lifting import ASSESS_TASK, LIFT_TASK, SIGN_TASK
from coordination.restrictions.workflow import STANDING

COMMAND = "restrictions.command:"


@receiver(delivery_changed, dispatch_uid="restrictions.follow_delivery")
def follow_delivery(sender: Any, *, delivery: Any, state: str, receipt: Any = None, **_: Any) -> None:  # noqa: ARG001
    """Follow a command: the platform carried it out, refused it, or was not reached."""
    # Most messages of a busy bus are a referral's: they cost no query here.
    if not delivery.message.origin.startswith(COMMAND):
        return
    command = selectors.command_of_message(delivery.message_id)
    if command is not None:
        said = read_in_force(receipt.detail) if receipt is not None else None
        at = receipt.occurred_at if receipt is not None else None
        services.follow_delivery(command, state=str(state), in_force=said, at=at)


@receiver(task_ended, dispatch_uid="restrictions.keep_task")
def keep_task(sender: Any, *, task: Any, by_hand: bool = False, **_: Any) -> None:  # noqa: ARG001
    """Let nobody tick off what has to be done: the task ends with the deed."""
    if not by_hand:
        return
    if task.kind == services.BY_HAND:
        command = selectors.command_of_task(task.about)
        waits = command is not None and command.state not in ("confirmed", "superseded")
    elif task.kind in (ASSESS_TASK, SIGN_TASK, LIFT_TASK):
        assessment = selectors.assessment_of_task(task.about)
        waits = assessment is not None and assessment.state in ("asked", "completed")
    elif task.kind == appeals.TASK:
        appeal = selectors.appeal_of_task(task.about)
        waits = appeal is not None and appeal.state == "received"
    elif task.kind == statements.TASK:
        statement = selectors.statement_of_task(task.about)
        waits = statement is not None and statement.state == "counsel"
    elif task.kind == links.TASK:
        restriction = selectors.restriction_of_task(task.about)
        waits = restriction is not None and restriction.eu_link is None and restriction.state in STANDING
    elif task.kind == services.CONNECT:
        waits = selectors.platform_destination() is None
    else:
        return
    if waits:
        raise Refused(
            "Do it, and record that on its own page; the task ends with it.", rule="restrictions.not-done"
        )
