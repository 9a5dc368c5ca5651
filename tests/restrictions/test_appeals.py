"""An appeal is received, answered and recorded, and lifts nothing."""

from datetime import timedelta

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases_of
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.restrictions import selectors, services
from coordination.restrictions.models import Appeal, Restriction
from coordination.restrictions.signals import appeal_received
from tests.people import Cast
from tests.restrictions.conftest import Impose


@pytest.fixture
def appeal(automatic: Restriction, platform_system: User) -> Appeal:
    return services.receive_appeal(automatic, by=platform_system, text="It was a song.", external_id="ap-1")


def test_it_has_a_clock_and_a_task_and_lifts_nothing(
    appeal: Appeal, automatic: Restriction, case: Case, senior_reviewer: User
) -> None:
    (task,) = [each for each in cases_of.waiting_for(senior_reviewer) if each.kind == "answer_appeal"]
    assert task.due_at is not None
    assert timedelta(days=13) < task.due_at - clock.now() < timedelta(days=16)
    with pytest.raises(Refused):
        cases.complete_task(task, by=senior_reviewer, outcome="Read.")
    answered = services.answer_appeal(appeal, by=senior_reviewer, answer="The song names a school and a day.")
    assert (answered.state, answered.answered_by) == ("answered", senior_reviewer)
    assert list(selectors.in_force(case)) == [automatic]
    assert [each.state for each in cases_of.deadlines_of(case) if each.about == appeal.origin] == ["met"]
    with pytest.raises(IllegalTransition):
        services.answer_appeal(appeal, by=senior_reviewer, answer="Again.")


def test_the_same_one_is_one(appeal: Appeal, automatic: Restriction, platform_system: User) -> None:
    again = services.receive_appeal(automatic, by=platform_system, text="Again.", external_id="ap-1")
    assert again == appeal


@pytest.mark.parametrize(("days", "in_time"), [(0, True), (183, True), (186, False)])
def test_six_months_are_open_and_later_ones_are_taken_and_marked(
    automatic: Restriction, liaison: User, days: int, in_time: bool
) -> None:
    with clock.frozen(automatic.imposed_at + timedelta(days=days)):
        assert services.receive_appeal(automatic, by=liaison, text="Now.").in_time is in_time


def test_who_imposed_it_does_not_answer(impose: Impose, senior_reviewer: User, liaison: User) -> None:
    imposed = impose(senior_reviewer)
    appeal = services.receive_appeal(imposed, by=liaison, text="It was a song.")
    with pytest.raises(Refused):
        services.answer_appeal(appeal, by=senior_reviewer, answer="No.")


@pytest.mark.parametrize("role", ["custodian", "auditor", "victim_liaison"])
def test_other_roles_neither_receive_nor_answer(appeal: Appeal, cast: Cast, role: str) -> None:
    person = cast(role)
    with pytest.raises(NotPermitted):
        services.receive_appeal(appeal.restriction, by=person, text="x")
    with pytest.raises(NotPermitted):
        services.answer_appeal(appeal, by=person, answer="x")


def test_an_answer_has_words(appeal: Appeal, senior_reviewer: User) -> None:
    with pytest.raises(InvalidInput):
        services.answer_appeal(appeal, by=senior_reviewer, answer=" ")


def test_news_is_sent(automatic: Restriction, liaison: User) -> None:
    heard: list[object] = []

    def hear(sender: object, *, appeal: object, **_: object) -> None:
        heard.append(appeal)

    appeal_received.connect(hear)
    try:
        made = services.receive_appeal(automatic, by=liaison, text="It was a song.")
    finally:
        appeal_received.disconnect(hear)
    assert heard == [made]
