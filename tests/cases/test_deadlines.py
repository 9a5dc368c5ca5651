"""Clocks on a case: started once, met, missed with a task, never lost."""

from datetime import datetime, timedelta

import pytest

from coordination.access.services import Role, User
from coordination.cases import selectors, services, signals
from coordination.cases.models import Case, Deadline, Task
from coordination.cases.workflow import DeadlineState
from coordination.core import clock
from coordination.core.errors import InvalidInput
from coordination.ledger import selectors as ledger


def test_a_clock_that_runs_is_not_started_twice(case: Case, deadline: Deadline) -> None:
    again = services.start_deadline(
        case, code=deadline.code, title="Again", citation="", due_at=deadline.due_at + timedelta(days=1)
    )
    assert again == deadline
    assert list(selectors.deadlines_of(case)) == [deadline]


def test_a_clock_runs_forwards_and_in_a_zone(case: Case) -> None:
    now = clock.now()
    for due in (now - timedelta(hours=1), datetime(2030, 1, 1)):  # noqa: DTZ001 - what is refused
        with pytest.raises(InvalidInput) as refused:
            services.start_deadline(case, code="c", title="t", citation="", due_at=due, started_at=now)
        assert refused.value.field == "due_at"


def test_a_missed_deadline_opens_a_task_once(case: Case, deadline: Deadline, liaison: User) -> None:
    with clock.frozen(deadline.due_at + timedelta(seconds=1)):
        assert services.miss_deadlines() == 1
        assert services.miss_deadlines() == 0
    assert list(selectors.missed_deadlines_for(liaison)) == [deadline]
    (task,) = selectors.waiting_for(liaison)
    assert task.title == "Missed: Acknowledgement is due"
    assert task.about == f"cases.deadline:{deadline.pk}"
    assert task.due_at == deadline.due_at
    assert "what is done late still counts" in task.instructions
    actions = [entry.action for entry in ledger.entries_about(case.reference)]
    assert actions[-2:] == ["cases.deadline_missed", "cases.task_opened"]


def test_the_slice_above_says_what_to_do_about_a_missed_deadline(case: Case, deadline: Deadline) -> None:
    def say(sender: object, *, deadline: Deadline, **_: object) -> str:
        return f"Call +1 970 555 0112 about {deadline.title}."

    signals.deadline_missed.connect(say)
    try:
        services.miss_deadlines(deadline.due_at + timedelta(seconds=1))
    finally:
        signals.deadline_missed.disconnect(say)
    assert selectors.tasks_of(case).get().instructions == f"Call +1 970 555 0112 about {deadline.title}."


def test_a_deadline_is_not_missed_before_its_time(deadline: Deadline) -> None:
    with clock.frozen(deadline.due_at):
        assert services.miss_deadlines() == 0


def test_a_missed_deadline_can_still_be_met(case: Case, deadline: Deadline) -> None:
    services.miss_deadlines(deadline.due_at + timedelta(days=1))
    met = services.meet_deadline(case, code=deadline.code)
    assert met is not None
    assert met.state == DeadlineState.MET
    assert met.ended_at is not None
    task = selectors.tasks_of(case).get(kind="missed_deadline")
    assert (task.state, task.outcome) == ("done", "It was done after all, late.")


def test_meeting_what_does_not_run_says_so(case: Case) -> None:
    assert services.meet_deadline(case, code="nothing") is None


def test_running_clocks_are_seen_with_their_case(
    case: Case, deadline: Deadline, liaison: User, custodian: User
) -> None:
    assert list(selectors.running_deadlines_for(liaison)) == [deadline]
    assert list(selectors.running_deadlines_for(custodian)) == []


def test_a_case_with_danger_to_life_has_its_missed_task_first(case: Case, deadline: Deadline) -> None:
    services.raise_priority(case, by=None)
    services.miss_deadlines(deadline.due_at + timedelta(days=1))
    task = selectors.tasks_of(case).get()
    assert (task.priority, task.role) == ("P0", Role.SAFETY_LIAISON)


def _with_task(case: Case, deadline: Deadline, *, about: str = "", later: int = 0) -> Task:
    return services.open_task(
        case,
        kind="phone_now",
        title="Phone them now",
        role=Role.SAFETY_LIAISON,
        about=about or deadline.about,
        due_at=deadline.due_at + timedelta(days=later),
    )


@pytest.fixture
def clocked(case: Case) -> Deadline:
    """A clock about a referral."""
    return services.start_deadline(
        case,
        code="policy.phone",
        title="Phone them",
        citation="Our rule",
        due_at=clock.now() + timedelta(minutes=15),
        about="referrals.referral:7",
    )


def test_a_missed_deadline_with_a_task_of_its_own_opens_no_second_one(case: Case, clocked: Deadline) -> None:
    own = _with_task(case, clocked)
    assert services.miss_deadlines(clocked.due_at + timedelta(minutes=1)) == 1
    clocked.refresh_from_db()
    assert clocked.state == "missed"
    assert list(selectors.tasks_of(case)) == [own]


@pytest.mark.parametrize("how", ["done", "about another record", "due at another time"])
def test_a_missed_deadline_whose_task_is_not_there_opens_one(
    how: str, case: Case, clocked: Deadline, liaison: User
) -> None:
    if how == "done":
        services.complete_task(_with_task(case, clocked), by=liaison, outcome="Nobody answered.")
    elif how == "about another record":
        _with_task(case, clocked, about="referrals.referral:8")
    else:
        _with_task(case, clocked, later=1)
    services.miss_deadlines(clocked.due_at + timedelta(minutes=1))
    assert selectors.tasks_of(case).filter(kind="missed_deadline", state="open").count() == 1
