"""Clocks that stand still while somebody else has to do something, and go on with what was left."""

from django.db import transaction

from coordination.access.services import User
from coordination.cases.models import Case, Deadline, Task
from coordination.cases.services.access import require_of_staff
from coordination.cases.services.deadlines import SOON, origin_of, record
from coordination.cases.services.matters import add_event
from coordination.cases.services.tasks import end_tasks
from coordination.cases.services.words import said
from coordination.cases.workflow import DEADLINE, DeadlineState, DeadlineVerb, TaskState
from coordination.core import clock
from coordination.policy import engine


@transaction.atomic
def pause_deadline(
    case: Case, *, code: str, about: str = "", by: User | None, reason: str
) -> Deadline | None:
    """Stop a clock for a time, because of what others have to do first; return None where none runs.

    Raises InvalidInput naming `reason`, and `code` for one that no rule of policy counts (the return date of
    a process): it is a date, and stands.
    """
    deadline = _locked(case, DeadlineState.RUNNING, code, about, by)
    if deadline is None:
        return None
    why = said("reason", reason, longest=2000)
    # It would not go on if its rule were unknown, and nobody would see that before.
    engine.deadline(code, deadline.started_at, zone=deadline.zone)
    deadline.state = DEADLINE.after(deadline.state, DeadlineVerb.PAUSE)
    deadline.paused_at = clock.now()
    deadline.save(update_fields=["state", "paused_at"])
    record("cases.deadline_paused", deadline, by=by)
    end_tasks(about=origin_of(deadline), kind=SOON, outcome="The clock stands still.", by=by)
    _tell(deadline, "stands still", why, by)
    return deadline


@transaction.atomic
def resume_deadline(
    case: Case, *, code: str, about: str = "", by: User | None, reason: str
) -> Deadline | None:
    """Let a clock go on that stands still, with what was left of it; return None where none does.

    Its open tasks are due when it is. Raises InvalidInput naming `reason`.
    """
    deadline = _locked(case, DeadlineState.PAUSED, code, about, by)
    if deadline is None or deadline.paused_at is None:
        return None
    why = said("reason", reason, longest=2000)
    before = deadline.due_at
    deadline.due_at = engine.postponed(
        code,
        before,
        started=deadline.started_at,
        paused=deadline.paused_at,
        resumed=clock.now(),
        zone=deadline.zone,
    )
    if deadline.warn_at is not None:
        deadline.warn_at += deadline.due_at - before
        deadline.warned_at = None
    deadline.state = DEADLINE.after(deadline.state, DeadlineVerb.RESUME)
    deadline.paused_at = None
    deadline.save(update_fields=["state", "paused_at", "due_at", "warn_at", "warned_at"])
    if deadline.about:
        own = Task.objects.filter(case=case, about=deadline.about, due_at=before, state=TaskState.OPEN)
        own.update(due_at=deadline.due_at)
    record("cases.deadline_resumed", deadline, by=by)
    _tell(deadline, "goes on", why, by)
    return deadline


def _locked(case: Case, state: DeadlineState, code: str, about: str, by: User | None) -> Deadline | None:
    require_of_staff(by, case)
    rows = Deadline.objects.select_for_update(of=("self",)).select_related("case")
    return rows.filter(case=case, code=code, about=about, state=state).first()


def _tell(deadline: Deadline, what: str, why: str, by: User | None) -> None:
    add_event(
        deadline.case,
        kind=f"deadline_{deadline.state}",
        title=f"The clock {what}: {deadline.title}"[:200],
        detail=why,
        about=deadline.about,
        by=by,
    )
