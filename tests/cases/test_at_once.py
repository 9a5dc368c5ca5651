"""Two workers at the same moment: one task, one missed deadline, one person who has it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from coordination.access.services import Role, User
from coordination.cases import services
from coordination.cases.models import Case, Deadline, Task
from coordination.core.errors import Conflict
from tests.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def _at_once(*acts: Callable[[], Any]) -> list[Any]:
    together = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            together.wait(10)
            return act()
        except Conflict as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_one_task_is_opened(case: Case) -> None:
    def act() -> Task:
        return services.open_task(
            case, kind="k", title="Call", role=Role.COUNSEL, about="referrals.referral:7"
        )

    assert len({task.pk for task in _at_once(*[act] * 4)}) == 1
    assert Task.objects.count() == 1


def test_one_clock_is_started(case: Case) -> None:
    due = case.opened_at + timedelta(days=400)

    def act() -> Deadline:
        return services.start_deadline(case, code="c", title="t", citation="Own policy", due_at=due)

    assert len({deadline.pk for deadline in _at_once(*[act] * 4)}) == 1


def test_a_deadline_is_missed_once(case: Case, deadline: Deadline) -> None:
    later = deadline.due_at + timedelta(days=1)
    assert sum(_at_once(*[lambda: services.miss_deadlines(later)] * 4)) == 1
    assert Task.objects.count() == 1


def test_one_person_takes_a_task(case: Case, liaison: User, cast: Cast) -> None:
    second = cast(Role.SAFETY_LIAISON, username="second")
    task = services.open_task(case, kind="k", title="Call", role=Role.SAFETY_LIAISON)
    taken = _at_once(
        lambda: services.take_task(task, by=liaison), lambda: services.take_task(task, by=second)
    )
    assert sorted(type(each).__name__ for each in taken) == ["Conflict", "Task"]


def test_an_account_is_one_subject(case: Case) -> None:
    act = lambda: services.add_subject(case, account="acct-9", by=None)  # noqa: E731
    assert len({subject.pk for subject in _at_once(*[act] * 4)}) == 1
