"""The three workflows of a case, multiplied out: what is not in a table is refused."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import services
from coordination.cases.models import Case, Deadline, Task
from coordination.cases.workflow import (
    CASE,
    DEADLINE,
    TASK,
    CaseState,
    CaseVerb,
    DeadlineState,
    DeadlineVerb,
    TaskState,
    TaskVerb,
)
from coordination.core import clock
from coordination.core.errors import IllegalTransition
from coordination.core.transitions import Transitions

PAIRS = [
    pytest.param(workflow, state, verb, id=f"{verb}-{state}")
    for workflow in (CASE, TASK, DEADLINE)
    for state in workflow.states
    for verb in workflow.verbs
]
CASE_VERBS = {
    CaseVerb.MONITOR: services.monitor_case,
    CaseVerb.CLOSE: services.close_case,
    CaseVerb.REOPEN: services.reopen_case,
}


@pytest.mark.parametrize(("workflow", "state", "verb"), PAIRS)
def test_each_pair_is_in_the_table_or_refused(workflow: Transitions[Any, Any], state: Any, verb: Any) -> None:
    if verb in workflow.allowed(state):
        assert workflow.after(state, verb) in workflow.states
    else:
        with pytest.raises(IllegalTransition):
            workflow.after(state, verb)


def test_an_ended_task_and_a_met_deadline_stay_so() -> None:
    assert TASK.terminal == {TaskState.DONE, TaskState.CANCELLED}
    assert DEADLINE.terminal == {DeadlineState.MET, DeadlineState.CANCELLED}
    assert CASE.terminal == set()


@pytest.mark.parametrize("state", CaseState)
@pytest.mark.parametrize("verb", CaseVerb)
def test_the_case_follows_its_table(case: Case, liaison: User, state: CaseState, verb: CaseVerb) -> None:
    case.state = state
    case.save(update_fields=["state"])
    if verb in CASE.allowed(state):
        moved = CASE_VERBS[verb](case, by=liaison, reason="As the table says.")
        assert moved.state == CASE.after(state, verb)
        assert (moved.closed_at is not None) == (moved.state == CaseState.CLOSED)
    else:
        with pytest.raises(IllegalTransition):
            CASE_VERBS[verb](case, by=liaison, reason="Against the table.")
    assert Case.objects.get(pk=case.pk).state == case.state


@pytest.mark.parametrize("state", TaskState)
@pytest.mark.parametrize("verb", TaskVerb)
def test_the_task_follows_its_table(case: Case, liaison: User, state: TaskState, verb: TaskVerb) -> None:
    task = services.open_task(case, kind="call", title="Call them", role="safety_liaison")
    Task.objects.filter(pk=task.pk).update(state=state)
    end = {
        TaskVerb.COMPLETE: lambda: services.complete_task(task, by=liaison, outcome="They answered."),
        TaskVerb.CANCEL: lambda: services.cancel_task(task, by=liaison, reason="Nobody need call."),
    }[verb]
    if verb in TASK.allowed(state):
        assert end().state == TASK.after(state, verb)
    else:
        with pytest.raises(IllegalTransition):
            end()


@pytest.mark.parametrize("state", DeadlineState)
@pytest.mark.parametrize("verb", [each for each in DeadlineVerb if each != DeadlineVerb.MISS])
def test_the_deadline_follows_its_table(
    case: Case, deadline: Deadline, packs: None, state: DeadlineState, verb: DeadlineVerb
) -> None:
    since = clock.now() if state == DeadlineState.PAUSED else None
    Deadline.objects.filter(pk=deadline.pk).update(state=state, paused_at=since, code="policy.ack-normal")
    stop: Callable[..., Deadline | None] = {
        DeadlineVerb.MEET: services.meet_deadline,
        DeadlineVerb.CANCEL: services.cancel_deadline,
        DeadlineVerb.PAUSE: partial(services.pause_deadline, by=None, reason="They have to answer."),
        DeadlineVerb.RESUME: partial(services.resume_deadline, by=None, reason="They answered."),
    }[verb]
    stopped = stop(case, code="policy.ack-normal")
    if verb in DEADLINE.allowed(state):
        assert stopped is not None
        assert stopped.state == DEADLINE.after(state, verb)
    else:
        assert stopped is None
