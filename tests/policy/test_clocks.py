"""Deadlines: elapsed time, local days, business days, holidays and the nights on which the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordination.core.errors import InvalidInput
from coordination.policy import engine, selectors, services
from coordination.policy.engine import deadline
from coordination.policy.models import Pack
from tests.policy.conftest import WritePack

pytestmark = pytest.mark.django_db

DENVER = ZoneInfo("America/Denver")
PACIFIC = ZoneInfo("America/Los_Angeles")

CLOCKS = """
[[clocks]]
id = "test.hours"
trigger = "something"
applies_to = "anything"
amount = 3
unit = "hours"
citation = "Test Act s. 2"

[[clocks]]
id = "test.days"
trigger = "something"
applies_to = "anything"
amount = 1
unit = "days"
citation = "Test Act s. 3"

[[clocks]]
id = "test.later"
trigger = "something"
applies_to = "anything"
amount = 1
unit = "hours"
citation = "Test Act s. 4"
in_force_from = 2026-06-01
"""


def local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def test_a_p0_referral_is_chased_after_thirty_minutes(shipped: list[Pack]) -> None:
    sent = datetime(2026, 3, 6, 23, 12, tzinfo=DENVER)
    due, citation = deadline("policy.ack-p0", sent)
    assert due - sent == timedelta(minutes=30)
    assert citation == "Platform policy default"


def test_a_business_day_from_friday_night_ends_with_monday(shipped: list[Pack]) -> None:
    due, _ = deadline("policy.ack-normal", datetime(2026, 3, 6, 23, 12, tzinfo=DENVER), zone="America/Denver")
    assert local(due, DENVER) == "2026-03-09 23:59:59"


def test_a_holiday_is_no_business_day(shipped: list[Pack]) -> None:
    """Friday 16 January 2026; Monday 19 January is a federal holiday (5 USC 6103)."""
    due, _ = deadline("policy.ack-normal", datetime(2026, 1, 16, 9, tzinfo=PACIFIC))
    assert local(due, PACIFIC) == "2026-01-20 23:59:59"


def test_the_zone_decides_which_day_it_is(shipped: list[Pack]) -> None:
    """04:00 on Tuesday in Brussels is still Monday in California."""
    start = datetime(2026, 4, 14, 4, tzinfo=ZoneInfo("Europe/Brussels"))
    there, _ = deadline("policy.ack-normal", start)
    here, _ = deadline("policy.ack-normal", start, zone="Europe/Brussels")
    assert there.astimezone(PACIFIC).date() == date(2026, 4, 14)
    assert here.astimezone(ZoneInfo("Europe/Brussels")).date() == date(2026, 4, 15)


@pytest.mark.parametrize(
    "night", [datetime(2026, 3, 8, 1, 30, tzinfo=PACIFIC), datetime(2026, 11, 1, 0, 30, tzinfo=PACIFIC)]
)
def test_hours_are_elapsed_time_when_the_clocks_change(write_pack: WritePack, night: datetime) -> None:
    services.load(write_pack(CLOCKS))
    start = night.astimezone(UTC)
    due, _ = deadline("test.hours", start)
    assert due - start == timedelta(hours=3)


@pytest.mark.parametrize(
    ("start", "hours"),
    [
        (datetime(2026, 3, 7, 23, 59, 59, tzinfo=PACIFIC), 23),
        (datetime(2026, 10, 31, 23, 59, 59, tzinfo=PACIFIC), 25),
    ],
    ids=["a short day", "a long day"],
)
def test_a_day_ends_at_midnight_when_the_clocks_change(
    write_pack: WritePack, start: datetime, hours: int
) -> None:
    services.load(write_pack(CLOCKS, zone="America/Los_Angeles"))
    begins = start.astimezone(UTC)
    due, _ = deadline("test.days", begins)
    assert due - begins == timedelta(hours=hours)


def test_article_18_is_prompt_and_waits_for_counsel(shipped: list[Pack]) -> None:
    row = selectors.clock_row("eu.dsa18", datetime(2026, 3, 6, tzinfo=UTC))
    assert row.wording == "promptly"
    assert row.counsel_confirm
    assert "Art. 18" in row.citation


def test_a_clock_before_its_law_is_in_force_is_unknown(write_pack: WritePack) -> None:
    services.load(write_pack(CLOCKS))
    with pytest.raises(InvalidInput) as caught:
        deadline("test.later", datetime(2026, 5, 31, 23, tzinfo=UTC))
    assert caught.value.field == "code"
    assert deadline("test.later", datetime(2026, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("code", "start", "zone", "field"),
    [
        ("nothing", datetime(2026, 3, 6, tzinfo=UTC), "", "code"),
        ("policy.ack-normal", datetime(2026, 3, 6, tzinfo=UTC).replace(tzinfo=None), "", "start"),
        ("policy.ack-normal", datetime(2026, 3, 6, tzinfo=UTC), "Harrow/County", "zone"),
        ("policy.ack-normal", datetime(2026, 3, 6, tzinfo=UTC), "../etc/passwd", "zone"),
    ],
)
def test_bad_input_is_named_by_its_field(
    shipped: list[Pack], code: str, start: datetime, zone: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        deadline(code, start, zone=zone)
    assert caught.value.field == field


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    hours=st.integers(min_value=0, max_value=24 * 365 * 2 + 24 * 330),
    zone=st.sampled_from(["UTC", "America/Los_Angeles", "Europe/Brussels", "Pacific/Kiritimati"]),
)
def test_a_business_day_clock_never_ends_on_a_closed_day(shipped: list[Pack], hours: int, zone: str) -> None:
    begins = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(hours=hours)
    due, _ = engine.deadline("policy.ack-normal", begins, zone=zone)
    day = due.astimezone(ZoneInfo(zone)).date()
    closed = set(selectors.holidays("us-federal", begins).values_list("day", flat=True))
    assert due > begins
    assert day.weekday() < 5
    assert day not in closed
    assert due - begins <= timedelta(days=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    hours=st.integers(min_value=0, max_value=24 * 365),
    stopped=st.integers(min_value=0, max_value=100),
    still=st.integers(min_value=0, max_value=24 * 60),
    code=st.sampled_from(["policy.ack-normal", "policy.ack-p0", "policy.own-preservation"]),
    zone=st.sampled_from(["UTC", "America/Los_Angeles", "Pacific/Kiritimati"]),
)
def test_a_clock_that_stood_still_goes_on_with_what_was_left(  # noqa: PLR0917 - what a clock is
    shipped: list[Pack], hours: int, stopped: int, still: int, code: str, zone: str
) -> None:
    started = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(hours=hours)
    due = engine.deadline(code, started, zone=zone).due
    paused = started + (due - started) * stopped / 100
    times = {"started": started, "paused": paused, "zone": zone}
    later = engine.postponed(code, due, resumed=paused + timedelta(hours=still), **times)  # type: ignore[arg-type]
    assert engine.postponed(code, due, resumed=paused, **times) == due, "not a moment is lost"  # type: ignore[arg-type]
    assert later >= due
    if stopped == 0:
        assert later == engine.deadline(code, started + timedelta(hours=still), zone=zone).due or still < 24
    again = engine.postponed(code, due, resumed=paused + timedelta(hours=still + 24), **times)  # type: ignore[arg-type]
    assert again >= later


def test_the_federal_holidays_are_those_that_a_library_knows(shipped: list[Pack]) -> None:
    ours = set(
        selectors.holidays("us-federal", datetime(2026, 3, 6, tzinfo=UTC)).values_list("day", flat=True)
    )
    years = {day.year for day in ours}
    # A first of January on a Saturday is kept in the year before.
    known = holidays.country_holidays("US", years=[*years, max(years) + 1], observed=True)
    assert ours == {day for day in known if day.weekday() < 5 and day.year in years}
