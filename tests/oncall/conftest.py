"""People who are on call, and what their messages said."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.oncall import services
from coordination.oncall.models import Page
from tests.people import Cast

# A Tuesday.
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
AddressOf = Callable[[User], str]


@pytest.fixture
def first(cast: Cast) -> User:
    """Has the first call."""
    return _reachable(cast(Role.SENIOR_REVIEWER, username="first"))


@pytest.fixture
def second(cast: Cast) -> User:
    """Has the second call."""
    return _reachable(cast(Role.SENIOR_REVIEWER, username="second"))


@pytest.fixture
def manager(cast: Cast) -> User:
    """Has the third call."""
    return _reachable(cast(Role.DUTY_OFFICER, username="manager"))


@pytest.fixture
def rota(packs: None, first: User, second: User, manager: User) -> dict[str, User]:
    """The three schedules that the shipped policy names, one person each."""
    people = {"first": first, "second": second, "manager": manager}
    for code, person in people.items():
        schedule = services.open_schedule(code=code, name=code.title(), time_zone="UTC", by=None)
        services.add_rotation(
            schedule,
            people=[person],
            weekday=0,
            at=time(8),
            days=7,
            begins=date(2026, 3, 2),
            by=None,
        )
    return people


@pytest.fixture
def task(case: Case) -> Any:
    """Open a task that pages: `task()`, `task(about="x:2")`."""

    def opened(**values: Any) -> Any:
        told = {"kind": "triage_senior", "title": "Decide about a flag", "role": Role.SENIOR_REVIEWER}
        return cases.open_task(case, **{**told, "priority": "P0", **values})

    return opened


def page_of(task: Any) -> Page:
    """Return the page of a task as it stands."""
    return Page.objects.get(task=task)


def sent_to(mails: list[Any]) -> list[str]:
    """Return to whom mails went, in order of their names: those of one step leave at once."""
    return sorted(mail.to[0].partition("@")[0] for mail in mails)


def opening(mail: Any) -> tuple[str, str]:
    """Return what stands behind the # of a message's link, and its code."""
    link = re.search(r"/page/#(\S+)", mail.body)
    code = re.search(r"code (\d{3} \d{3})", mail.body)
    assert link
    assert code
    return link[1], code[1]


def _reachable(person: User) -> User:
    services.add_way(person, way="email", address=f"{person.username}@lanternchat.example", by=None)
    return person
