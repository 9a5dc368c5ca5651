"""News from cases: the task to decide about a flag stays until the flag is decided."""

from typing import Any

from django.dispatch import receiver

from coordination.cases.signals import task_ended
from coordination.core.errors import Refused
from coordination.triage import selectors
from coordination.triage.services.receiving import SENIOR, TIER_1


@receiver(task_ended, dispatch_uid="triage.keep_task")
def keep_task(sender: Any, *, task: Any, by_hand: bool = False, **_: Any) -> None:  # noqa: ARG001
    """Let nobody tick off a decision: whoever works on the case may end tasks, and few may decide."""
    if by_hand and task.kind in (SENIOR, TIER_1) and selectors.is_undecided(task.about):
        raise Refused(
            "The flag waits for a decision, and that ends this task: no action is a decision too.",
            rule="triage.undecided",
        )
