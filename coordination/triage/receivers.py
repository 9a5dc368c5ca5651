"""News from cases: a decision ends its own task, and a warning's task ends its clock."""

from typing import Any

from django.dispatch import receiver

from coordination.cases.signals import task_ended
from coordination.core.errors import Refused
from coordination.triage import selectors, services
from coordination.triage.services.dissenting import REVIEW
from coordination.triage.services.receiving import SENIOR, TIER_1

FLAG = "triage.flag:"


@receiver(task_ended, dispatch_uid="triage.keep_task")
def keep_task(sender: Any, *, task: Any, by_hand: bool = False, **_: Any) -> None:  # noqa: ARG001
    """Let nobody tick off a decision: whoever works on the case may end tasks, and few may decide."""
    if by_hand and task.kind in (SENIOR, TIER_1, REVIEW) and selectors.is_undecided(task.about):
        raise Refused(
            "The flag waits, and its assessment or decision ends this task: no action is a decision too.",
            rule="triage.undecided",
        )


@receiver(task_ended, dispatch_uid="triage.end_warning")
def end_warning(sender: Any, *, task: Any, **_: Any) -> None:  # noqa: ARG001
    """Stop the clock of a warning with its task."""
    if task.kind == services.WARN and task.about.startswith(FLAG):
        flag = selectors.flag_of_task(task.about)
        if flag is not None:
            services.end_clock(flag, done=task.state == "done")
