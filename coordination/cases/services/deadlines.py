"""Clocks that run on a case."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from coordination.access.services import Role, User
from coordination.cases import signals
from coordination.cases.models import Case, Deadline, Task
from coordination.cases.services.access import require_of_staff
from coordination.cases.services.many import NewDeadline, start_deadlines
from coordination.cases.services.matters import add_event
from coordination.cases.services.tasks import end_tasks, open_task
from coordination.cases.workflow import DEADLINE, DeadlineState, DeadlineVerb, TaskState
from coordination.core import clock
from coordination.ledger import services as ledger

AT_ONCE = 200
MISSED = "missed_deadline"
SOON = "deadline_soon"
IT_RUNS_OUT = (
    "A clock runs out soon: the title says which, the case's page under which rule. Do what it asks for, "
    "which ends this task, or see to it that others do."
)
DO_IT_NOW = (
    "The clock ran out. Do now what the title asks for: what is done late still counts, and ends this task. "
    "What cannot be done any more: Complete, with why."
)


@transaction.atomic
def start_deadline(
    case: Case,
    *,
    code: str,
    title: str,
    citation: str,
    due_at: datetime,
    about: str = "",
    started_at: datetime | None = None,
    zone: str = "",
    warn_at: datetime | None = None,
    by: User | None = None,
) -> Deadline:
    """Start a clock on a case; `due_at` and `citation` come from policy. One that runs is returned.

    `started_at` (default: now) is what set it off; `zone` is where its days end (default: where the policy
    says); at `warn_at` the liaisons are told that it is due soon. Raises InvalidInput naming `due_at` where
    it is not later than the start or has no time zone, and `warn_at` where it is not before that.
    """
    require_of_staff(by, case)
    wanted = NewDeadline(
        case=case,
        code=code,
        title=title,
        citation=citation,
        due_at=due_at,
        about=about,
        started_at=started_at or clock.now(),
        zone=zone,
        warn_at=warn_at,
    )
    return start_deadlines([wanted], by=by)[0]


def meet_deadline(case: Case, *, code: str, about: str = "", by: User | None = None) -> Deadline | None:
    """Stop a clock because what it asks for was done, a missed one too; return None where none runs."""
    return _stop(case, DeadlineVerb.MEET, code=code, about=about, by=by)


def cancel_deadline(case: Case, *, code: str, about: str = "", by: User | None = None) -> Deadline | None:
    """Stop a clock that no longer applies, a missed one too; return None where none runs."""
    return _stop(case, DeadlineVerb.CANCEL, code=code, about=about, by=by)


def miss_deadlines(now: datetime | None = None) -> int:
    """Mark the running deadlines that are past as missed, each with a task for the liaisons; return how many.

    Where the task that the clock was started with (about the same, due at the same time) is open, that one
    stands: it is overdue, and a second would ask for the same thing.
    For a periodic job. Each in its own transaction; several workers share the rows and none is done twice.
    """
    moment = now or clock.now()
    missed = 0
    while missed < AT_ONCE and _miss_one(moment):
        missed += 1
    return missed


def warn_of_deadlines(now: datetime | None = None) -> int:
    """Open a task for the running deadlines that are due soon; return for how many. As `miss_deadlines`."""
    moment = now or clock.now()
    warned = 0
    while warned < AT_ONCE and _warn_of_one(moment):
        warned += 1
    return warned


@transaction.atomic
def _warn_of_one(moment: datetime) -> bool:
    soon = Deadline.objects.filter(state=DeadlineState.RUNNING, warned_at=None, warn_at__lte=moment)
    rows = soon.select_related("case").select_for_update(of=("self",), skip_locked=True)
    deadline = rows.order_by("warn_at").first()
    if deadline is None:
        return False
    deadline.warned_at = clock.now()
    deadline.save(update_fields=["warned_at"])
    record("cases.deadline_warned", deadline, by=None)
    if not _has_task(deadline):
        open_task(
            deadline.case,
            kind=SOON,
            title=f"Due soon: {deadline.title}"[:200],
            role=Role.SAFETY_LIAISON,
            instructions=IT_RUNS_OUT,
            about=origin_of(deadline),
            priority=deadline.case.priority,
            due_at=deadline.due_at,
        )
    return True


@transaction.atomic
def _miss_one(moment: datetime) -> bool:
    due = Deadline.objects.filter(state=DeadlineState.RUNNING, due_at__lt=moment).select_related("case")
    deadline = due.select_for_update(of=("self",), skip_locked=True).order_by("due_at").first()
    if deadline is None:
        return False
    deadline.state = DEADLINE.after(deadline.state, DeadlineVerb.MISS)
    deadline.save(update_fields=["state"])
    record("cases.deadline_missed", deadline, by=None)
    end_tasks(about=origin_of(deadline), kind=SOON, outcome="The clock ran out.", by=None)
    add_event(
        deadline.case, kind="deadline_missed", title=f"Missed: {deadline.title}"[:200], about=deadline.about
    )
    # The slice above knows whom to call about it, and on which number.
    said_above = [
        words for _, words in signals.deadline_missed.send(sender=Deadline, deadline=deadline) if words
    ]
    if not _has_task(deadline):
        open_task(
            deadline.case,
            kind=MISSED,
            title=f"Missed: {deadline.title}"[:200],
            role=Role.SAFETY_LIAISON,
            instructions="\n\n".join(said_above) or DO_IT_NOW,
            about=origin_of(deadline),
            priority=deadline.case.priority,
            due_at=deadline.due_at,
        )
    return True


def origin_of(deadline: Deadline) -> str:
    """Return how a task about a clock names it."""
    return f"cases.deadline:{deadline.pk}"


def _has_task(deadline: Deadline) -> bool:
    """Tell whether the task that the clock was started with is still open: it is overdue, and says so."""
    # Two tasks about one record are told apart by what stands after an @.
    about = Q(about=deadline.about) | Q(about__startswith=f"{deadline.about}@")
    open_ones = Task.objects.filter(about, case=deadline.case, state=TaskState.OPEN)
    return bool(deadline.about) and open_ones.filter(due_at=deadline.due_at).exists()


@transaction.atomic
def _stop(case: Case, verb: DeadlineVerb, *, code: str, about: str, by: User | None) -> Deadline | None:
    require_of_staff(by, case)
    deadline = (
        Deadline.objects.select_for_update(of=("self",))
        .select_related("case")
        .filter(case=case, code=code, about=about, state__in=_stoppable(verb))
        .order_by("-started_at")
        .first()
    )
    if deadline is None:
        return None
    was_missed = deadline.state == DeadlineState.MISSED
    deadline.state = DEADLINE.after(deadline.state, verb)
    deadline.ended_at = clock.now()
    deadline.save(update_fields=["state", "ended_at"])
    record(f"cases.deadline_{deadline.state}", deadline, by=by)
    outcome = "It was done." if verb == DeadlineVerb.MEET else "No longer asked for."
    end_tasks(about=origin_of(deadline), kind=SOON, outcome=outcome, by=by)
    if was_missed:
        done = verb == DeadlineVerb.MEET
        outcome = "It was done after all, late." if done else "Late, and no longer asked for."
        end_tasks(about=origin_of(deadline), kind=MISSED, outcome=outcome, by=by)
    return deadline


def _stoppable(verb: DeadlineVerb) -> list[DeadlineState]:
    return [state for state in DeadlineState if verb in DEADLINE.allowed(state)]


def record(action: str, deadline: Deadline, *, by: User | None, **details: str) -> None:
    """Write what became of a clock into the ledger."""
    ledger.record(
        action,
        subject=deadline.case.reference,
        by=by,
        details={"deadline_id": deadline.pk, "code": deadline.code, **details},
    )
