"""How fast flags were met: what is counted, what is not, and that nobody infers a hidden case from it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.desk import figures, home
from coordination.restrictions import services as restrictions
from coordination.restrictions.selectors import on_intake
from coordination.triage import figures as speed
from coordination.triage import services as triage
from coordination.triage.models import Flag
from tests.doors import SignIn
from tests.people import Cast
from tests.triage.conftest import FLAG, FOUND

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
BEGAN = NOW - timedelta(days=3)
PAGE = reverse("admin:figures")

Came = Callable[..., Flag]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ready(packs: None) -> Any:
    with clock.frozen(NOW):
        yield


@pytest.fixture
def came(platform_system: User) -> Came:
    """Receive a flag at a moment: `came(1, at=BEGAN, category="stalking")`."""

    def receive(number: int, *, at: datetime = BEGAN, category: str = "stalking") -> Flag:
        with clock.frozen(at):
            changes = {"external_id": f"s-{number}", "account": f"acct-s-{number}", "category": category}
            return triage.receive(by=platform_system, **{**FLAG, "content_at": at, **changes})[0]

    return receive


@pytest.fixture
def decided(came: Came, reviewer: User, senior_reviewer: User) -> Came:
    """Receive, assess after `human` minutes and decide after `decision` minutes."""

    def through(number: int, human: int, decision: int, outcome: str = "no_action", **when: Any) -> Flag:
        flag = came(number, **when)
        at = when.get("at", BEGAN)
        with clock.frozen(at + timedelta(minutes=human)):
            triage.assess(flag, by=reviewer, **{**FOUND, "level": "low"})
        with clock.frozen(at + timedelta(minutes=decision)):
            triage.decide(
                flag,
                by=senior_reviewer,
                outcomes=[outcome],
                reasons="Looked at.",
                reopens_when="Anything new.",
            )
        return flag

    return through


def others(days: int = 7) -> speed.Times:
    return speed.times(*figures.period(days), high_severity=False)


def test_half_and_nearly_all_are_interpolated_as_the_database_does(decided: Came) -> None:
    for number, minutes in enumerate([10, 20, 30, 40, 100]):
        decided(number, minutes, minutes + 60)
    found = others()
    assert (found.received, found.waiting) == (5, 0)
    assert found.spans["human"] == (5, timedelta(minutes=30), timedelta(minutes=88))
    assert found.spans["decided"] == (5, timedelta(minutes=90), timedelta(minutes=148))
    assert found.spans["restricted"] == (0, None, None)


def test_what_waits_is_counted_and_has_no_time(came: Came, decided: Came) -> None:
    came(1)
    decided(2, 10, 20)
    found = others()
    assert (found.received, found.waiting) == (2, 1)
    assert found.spans["decided"].number == 1


def test_severities_are_told_apart(came: Came, decided: Came) -> None:
    decided(1, 10, 20)
    came(2, category="mass_casualty")
    assert others().received == 1
    assert speed.times(*figures.period(7), high_severity=True).received == 1


def test_a_restriction_counts_where_the_flag_brought_it(came: Came) -> None:
    flag = came(1, category="mass_casualty")
    assert flag.case is not None
    row = on_intake()
    assert row is not None
    with clock.frozen(BEGAN + timedelta(seconds=90)):
        restrictions.impose(
            flag.case,
            account=flag.account,
            step=row.step,
            reason="A flag of high severity.",
            authority=row.authority,
            about=flag.origin,
        )
    found = speed.times(*figures.period(7), high_severity=True).spans
    assert (found["restricted"].number, found["confirmed"].number) == (1, 0)
    assert found["restricted"].p50 in (timedelta(0), timedelta(seconds=90))


def test_a_period_holds_what_came_in_within_it(decided: Came) -> None:
    decided(1, 10, 20)
    decided(2, 10, 20, at=NOW - timedelta(days=20))
    decided(3, 10, 20, at=NOW - timedelta(days=60))
    assert [others(days).received for days in figures.PERIODS] == [1, 2, 3]


def test_an_overturned_no_action_is_counted_once(
    decided: Came, reviewer: User, senior_reviewer: User
) -> None:
    decided(1, 10, 20)
    flag = decided(2, 10, 20)
    with clock.frozen(BEGAN + timedelta(hours=5)):
        triage.reopen(flag, by=senior_reviewer, reason="Something new.")
        triage.assess(flag, by=reviewer, **FOUND)
        triage.decide(
            flag,
            by=senior_reviewer,
            outcomes=["refer_police"],
            reasons="There is a time now.",
            reopens_when="Anything new.",
        )
    assert speed.overturned(*figures.period(7)) == (2, 1)


def test_days_without_a_flag_stand_there_too(came: Came) -> None:
    came(1)
    came(2, category="mass_casualty")
    found = speed.per_day(*figures.period(7), zone="UTC")
    assert len(found) == 8
    assert [(day.high, day.other) for day in found if day.day == BEGAN.date()] == [(1, 1)]
    assert sum(day.high + day.other for day in found) == 2


def test_ndo_06_no_figure_of_speed_moves_with_a_hidden_case(
    decided: Came, counsel: User, senior_reviewer: User, cast: Cast
) -> None:
    decided(1, 10, 20)
    flag = decided(2, 500, 600, "warn_target")
    flag.refresh_from_db()
    assert flag.case is not None
    assert others().received == 2
    until = clock.now() + timedelta(days=9)
    cases.mark(flag.case, compartment="non_disclosure", by=counsel, reason="A court.", until=until)
    first = figures.context(senior_reviewer, 7)
    with clock.frozen(NOW + timedelta(seconds=1)):
        for person in (senior_reviewer, counsel, cast(Role.AUDITOR)):
            shown = figures.context(person, 7)
            for part in ("speeds", "per_day", "overturned", "bars"):
                assert shown[part] == first[part], part
    assert others().received == 1


def test_the_page_and_the_card_say_the_same(
    decided: Came, came: Came, senior_reviewer: User, sign_in: SignIn
) -> None:
    decided(1, 30, 45)
    came(2, category="mass_casualty")
    browser = sign_in(senior_reviewer)
    text = browser.get(PAGE, {"days": "30"}).content.decode()
    assert "the last 30 days" in text
    assert "45 min" in text
    assert "style=" not in text.split("<main")[-1].split("</main")[0].replace("stylesheet", "")
    card = home.context(senior_reviewer)["figures"]
    assert (card["speed"]["received"], card["speed"]["waiting"]) == (1, 1)
    assert "1 came in, 1 not decided yet" in browser.get("/admin/").content.decode()


@pytest.mark.parametrize("asked", ["", "8", "90000000", "-1", "x"])
def test_another_period_than_is_offered_is_the_shortest(
    senior_reviewer: User, sign_in: SignIn, asked: str
) -> None:
    assert sign_in(senior_reviewer).get(PAGE, {"days": asked}).context["days"] == 7


def test_who_sees_no_flags_sees_no_figures(cast: Cast, sign_in: SignIn, client: Client) -> None:
    for role in (Role.ADMINISTRATOR, Role.CUSTODIAN):
        person = cast(role)
        assert sign_in(person).get(PAGE).status_code == 404
        assert home.context(person)["figures"] is None
    assert client.get(PAGE).status_code == 302


def test_a_reviewer_sees_their_own_exposure_and_who_decides_sees_all(
    came: Came, reviewer: User, senior_reviewer: User, sign_in: SignIn
) -> None:
    flag = came(1)
    sign_in(reviewer).get(f"/admin/triage/flag/{flag.pk}/content/")
    since = NOW - timedelta(days=7)
    assert [(row["who"], row["number"]) for row in figures.exposures(reviewer, since)] == [(reviewer, 1)]
    seen = {row["who"]: row["number"] for row in figures.exposures(senior_reviewer, since)}
    assert seen == {reviewer: 1, senior_reviewer: 0}
