"""One person, one case: a subject who comes back under another account, and what was found to be theirs."""

from collections.abc import Collection

from django.db import transaction

from coordination.access.services import Role, User
from coordination.cases import signals
from coordination.cases.identities import Identity
from coordination.cases.models import Case, Deadline, Identifier, Subject, Task
from coordination.cases.services.many import identify
from coordination.cases.services.matters import add_event, add_subject
from coordination.cases.services.queues import reroute
from coordination.cases.services.tasks import open_task
from coordination.cases.workflow import DeadlineState, TaskState
from coordination.core import clock
from coordination.ledger import services as ledger

RETURNED = "subject_returned"


@transaction.atomic
def take_back(case: Case, *, account: str, about: str) -> Subject:
    """Name the account under which a subject returned, and tell the owner, or the liaisons without one.

    `about` is the record that showed it. Sends `subject_returned`.
    """
    subject = add_subject(case, account=account, by=None)
    add_event(case, kind="returned", title="The subject is back under another account", about=about)
    ledger.record(
        "cases.subject_returned", subject=case.reference, by=None, details={"subject_id": subject.pk}
    )
    open_task(
        case,
        kind=RETURNED,
        title="The subject is back under another account",
        instructions="Look at what the new account does, and whether what was decided still holds. Tell the"
        " victim's liaison what may be told. Then Complete, with what was done.",
        role=Role.SAFETY_LIAISON,
        about=f"cases.subject:{subject.pk}",
        priority=case.priority,
        assignee=case.owner,
    )
    signals.subject_returned.send(sender=Subject, case=case, subject=subject)
    return subject


@transaction.atomic
def move_work(case: Case, *, about: str, by: User | None) -> None:
    """Let the open tasks and running clocks about one record be those of another case, to which it belongs.

    For the slices, which have asked what `by` may.
    """
    tasks = Task.objects.filter(about=about, state=TaskState.OPEN).exclude(case=case).update(case=case)
    clocks = Deadline.objects.filter(about=about, state=DeadlineState.RUNNING).exclude(case=case)
    moved = clocks.update(case=case)
    reroute(case, by=by)
    if tasks or moved:
        ledger.record(
            "cases.work_moved",
            subject=case.reference,
            by=by,
            details={"about": about, "tasks_count": tasks, "deadlines_count": moved},
        )


@transaction.atomic
def reassign(known: Collection[Identity], *, before: Case | None, after: Case, about: str) -> None:
    """Let identifiers lead to another case than before, since a person found whose they are."""
    indexes = [index for each in known for index in each.indexes]
    if before is not None:
        Identifier.objects.filter(case=before, index__in=indexes).update(retired_at=clock.now())
    identify([(after, each, about) for each in known])
    Identifier.objects.filter(case=after, index__in=indexes).update(retired_at=None)
