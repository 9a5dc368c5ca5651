"""A danger to life that somebody had wakes others once they can have it no more."""

from typing import Any

import pytest

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.ledger import selectors as ledger
from coordination.oncall import jobs, services
from coordination.oncall.models import Page
from tests.oncall.conftest import sent_to
from tests.people import Cast


@pytest.fixture
def opened(rota: dict[str, User], task: Any) -> Any:
    """A task that pages the three schedules."""
    return task()


def _pages(task: Any) -> list[tuple[str, str]]:
    pages = Page.objects.filter(task=task).order_by("opened_at")
    return [(str(each.state), each.answered_by.username if each.answered_by else "") for each in pages]


@pytest.mark.parametrize("how", ["answered", "taken"])
@pytest.mark.parametrize("lost", ["disabled", "role taken"])
def test_who_had_it_and_is_gone_is_followed_by_others(
    *, opened: Any, first: User, second: User, administrator: User, mailoutbox: list[Any], how: str, lost: str
) -> None:
    if how == "answered":
        services.answer(Page.objects.get(task=opened), by=first)
    else:
        cases.take_task(opened, by=first)
    jobs.page_again(0)
    assert _pages(opened) == [("answered", "first")]
    if lost == "disabled":
        access.change_person(first, by=administrator, is_active=False)
    else:
        access.set_roles(first, [], by=None)
    jobs.page_again(0)
    jobs.page_again(0)
    assert _pages(opened) == [("answered", "first"), ("paging", "")]
    old = Page.objects.get(task=opened, state="answered")
    assert [each.action for each in ledger.entries_about(f"page:{old.pk}")][-1] == "oncall.holder_lost"

    mailoutbox.clear()
    while not mailoutbox and services.climb():  # a step that reaches nobody is passed at once
        pass
    assert sent_to(mailoutbox) == ["second"]
    cases.take_task(opened, by=second, take_over=True)
    jobs.page_again(0)
    assert _pages(opened) == [("answered", "first"), ("answered", "second")]


def test_what_somebody_else_took_over_wakes_nobody(
    opened: Any, first: User, second: User, administrator: User
) -> None:
    services.answer(Page.objects.get(task=opened), by=first)
    cases.take_task(opened, by=second)
    access.change_person(first, by=administrator, is_active=False)
    assert services.page_again() == 0


def test_what_is_done_wakes_nobody(opened: Any, first: User, administrator: User) -> None:
    cases.take_task(opened, by=first)
    cases.end_tasks(about=opened.about, outcome="Decided.", by=first)
    access.change_person(first, by=administrator, is_active=False)
    assert services.page_again() == 0


def test_a_task_that_was_never_a_danger_to_life_wakes_nobody(
    rota: dict[str, User], task: Any, cast: Cast, administrator: User
) -> None:
    other = task(priority="normal", about="x:9")
    person = cast("senior_reviewer", username="holder")
    cases.take_task(other, by=person)
    access.change_person(person, by=administrator, is_active=False)
    assert services.page_again() == 0
