"""News from policy: a proposed change of the triage criteria is work for a second person."""

from typing import Any

from django.dispatch import receiver

from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.signals import task_ended
from coordination.core.errors import Refused
from coordination.policy import selectors as policy
from coordination.policy.signals import criteria_decided, criteria_proposed

APPROVE_CRITERIA = "approve_criteria"
PROPOSAL = "policy.criteriaproposal:"


@receiver(criteria_proposed, dispatch_uid="triage.ask_for_criteria")
def ask_for_criteria(sender: Any, *, proposal: Any, **_: Any) -> None:  # noqa: ARG001
    """Put a proposed change before counsel; another than who proposed it decides."""
    cases.open_task(
        None,
        kind=APPROVE_CRITERIA,
        title=f"Decide: triage criteria {proposal.version}, proposed by {proposal.proposed_by}"[:200],
        instructions=f"To be in force from {proposal.effective_on}. Why: {proposal.reason}",
        role=Role.COUNSEL,
        about=f"{PROPOSAL}{proposal.pk}",
    )


@receiver(criteria_decided, dispatch_uid="triage.end_criteria")
def end_criteria(sender: Any, *, proposal: Any, by: User, **_: Any) -> None:  # noqa: ARG001
    """End the task with what became of it."""
    outcome = f"{str(proposal.state).capitalize()}."
    cases.end_tasks(about=f"{PROPOSAL}{proposal.pk}", kind=APPROVE_CRITERIA, outcome=outcome, by=by)


@receiver(task_ended, dispatch_uid="triage.keep_criteria")
def keep_criteria(sender: Any, *, task: Any, **_: Any) -> None:  # noqa: ARG001
    """Let nobody tick off what has to be decided."""
    if task.kind == APPROVE_CRITERIA and policy.criteria_wait(int(task.about.rpartition(":")[2])):
        raise Refused("Decide it on its own page; the task ends with that.", rule="cases.decided-elsewhere")
