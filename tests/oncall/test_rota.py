"""Who is on call when, through summer time both ways, against a plain reference."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.oncall.rota import Plan, Span, Stand, Turn, moment, next_change, on_call, spans

BERLIN = "Europe/Berlin"
ZONES = (BERLIN, "America/Los_Angeles", "UTC", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago")
WEEKLY = Turn(people=(1, 2, 3), weekday=0, at=time(8), days=7, begins=date(2026, 3, 2))


def _at(text: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("at", "person"),
    [
        ("2026-03-02T07:59:59", None),  # before the first hand-over
        ("2026-03-02T08:00:00", 1),
        ("2026-03-09T07:59:59", 1),
        ("2026-03-09T08:00:00", 2),
        ("2026-03-29T12:00:00", 1 + 26 // 7 % 3),  # the day of summer time
        ("2026-03-30T07:59:59", 1),  # the hand-over stays at 08:00 local
        ("2026-03-30T08:00:00", 2),
        ("2026-10-26T07:59:59", 1 + (238 - 7) // 7 % 3),
        ("2026-10-26T08:00:00", 1 + 238 // 7 % 3),
    ],
)
def test_the_hand_over_is_at_eight_local_both_ways(at: str, person: int | None) -> None:
    assert on_call(Plan(zone=BERLIN, turns=(WEEKLY,)), _at(at)) == person


def test_a_week_with_summer_time_is_an_hour_shorter_and_one_that_ends_it_longer() -> None:
    plan = Plan(zone=BERLIN, turns=(WEEKLY,))
    for begins, hours in (("2026-03-23T08:00", 167), ("2026-10-19T08:00", 169), ("2026-06-01T08:00", 168)):
        change = next_change(plan, _at(begins))
        assert change is not None
        assert change[0] - _at(begins).astimezone(UTC) == timedelta(hours=hours)


def test_a_time_that_does_not_exist_is_read_with_the_offset_before_the_gap() -> None:
    """RFC 5545, section 3.3.5: 02:30 on the day of summer time is 03:30 there."""
    assert moment(date(2026, 3, 29), time(2, 30), BERLIN) == _at("2026-03-29T03:30").astimezone(UTC)
    turn = Turn(people=(1, 2), weekday=6, at=time(2, 30), days=7, begins=date(2026, 3, 22))
    plan = Plan(zone=BERLIN, turns=(turn,))
    assert on_call(plan, datetime(2026, 3, 29, 1, 29, 59, tzinfo=UTC)) == 1
    assert on_call(plan, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)) == 2


def test_of_a_time_that_exists_twice_the_first_counts() -> None:
    turn = Turn(people=(1, 2), weekday=6, at=time(2, 30), days=7, begins=date(2026, 10, 18))
    plan = Plan(zone=BERLIN, turns=(turn,))
    assert on_call(plan, datetime(2026, 10, 25, 0, 29, tzinfo=UTC)) == 1
    # 02:30 summer time is 00:30 UTC; an hour later it is 02:30 again, and nothing changes.
    assert on_call(plan, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)) == 2
    assert next_change(plan, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)) == (
        datetime(2026, 11, 1, 1, 30, tzinfo=UTC),
        1,
    )


def test_a_higher_layer_covers_and_where_it_has_nobody_the_lower_counts() -> None:
    nights = Turn(
        people=(7,), weekday=2, at=time(20), days=1, begins=date(2026, 3, 4), ends=date(2026, 3, 5), layer=1
    )
    plan = Plan(zone=BERLIN, turns=(WEEKLY, nights))
    assert on_call(plan, _at("2026-03-04T19:59")) == 1
    assert on_call(plan, _at("2026-03-04T20:00")) == 7
    assert on_call(plan, _at("2026-03-05T20:00")) == 1


def test_who_stands_in_has_the_calls_and_the_later_one_wins() -> None:
    begins, ends = _at("2026-03-03T00:00"), _at("2026-03-03T12:00")
    plan = Plan(
        zone=BERLIN,
        turns=(WEEKLY,),
        stands=(
            Stand(person=9, begins=begins, ends=ends, order=1),
            Stand(person=8, begins=begins + timedelta(hours=6), ends=ends, order=2),
        ),
    )
    assert [on_call(plan, begins + timedelta(hours=hours)) for hours in (-1, 0, 5, 6, 11, 12)] == [
        *(1, 9, 9, 8, 8, 1)
    ]
    assert next_change(plan, begins) == (begins + timedelta(hours=6), 8)


def test_a_week_is_shown_as_spans_without_a_gap() -> None:
    plan = Plan(zone=BERLIN, turns=(WEEKLY,))
    since, until = _at("2026-03-01T00:00"), _at("2026-03-15T00:00")
    assert spans(plan, since, until) == [
        Span(begins=since, ends=_at("2026-03-02T08:00"), person=None),
        Span(begins=_at("2026-03-02T08:00"), ends=_at("2026-03-09T08:00"), person=1),
        Span(begins=_at("2026-03-09T08:00"), ends=until, person=2),
    ]


def test_nobody_is_on_call_where_nobody_takes_turns() -> None:
    assert on_call(Plan(zone="UTC"), _at("2026-03-10T12:00")) is None
    assert next_change(Plan(zone="UTC"), _at("2026-03-10T12:00")) is None


# The reference: every hand-over from the first one, in order, and the last one that has come.
def _reference(plan: Plan, at: datetime) -> int | None:
    standing = [each for each in plan.stands if each.begins <= at < each.ends]
    if standing:
        return max(standing, key=lambda each: each.order).person
    for turn in sorted(plan.turns, key=lambda each: -each.layer):
        day = turn.begins
        while day.weekday() != turn.weekday:
            day += timedelta(days=1)
        if turn.ends is not None and at >= _utc(turn.ends, turn.at, plan.zone):
            continue
        holder, number = None, 0
        while _utc(day, turn.at, plan.zone) <= at:
            holder = turn.people[number % len(turn.people)]
            day, number = day + timedelta(days=turn.days), number + 1
        if holder is not None:
            return holder
    return None


def _utc(day: date, at: time, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, at.hour, at.minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)


TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))
TURNS = st.builds(
    Turn,
    people=st.lists(st.integers(1, 9), min_size=1, max_size=4, unique=True).map(tuple),
    weekday=st.integers(0, 6),
    at=TIMES,
    days=st.integers(1, 15),
    begins=DAYS,
    ends=st.none() | DAYS,
    layer=st.integers(0, 2),
)
MOMENTS = st.datetimes(datetime(2025, 12, 1), datetime(2027, 1, 31), timezones=st.just(UTC))  # noqa: DTZ001
STANDS = st.builds(
    lambda person, begins, hours, order: Stand(
        person=person, begins=begins, ends=begins + timedelta(hours=hours), order=order
    ),
    *(st.integers(10, 19), MOMENTS, st.integers(0, 400), st.integers()),
)
PLANS = st.builds(
    Plan,
    zone=st.sampled_from(ZONES),
    # Layers differ: which of two alike counts is not said.
    turns=st.lists(TURNS, max_size=3, unique_by=lambda each: each.layer).map(tuple),
    stands=st.lists(STANDS, max_size=2, unique_by=lambda each: each.order).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(plan=PLANS, at=MOMENTS)
def test_reckoning_is_what_counting_hand_overs_one_by_one_gives(plan: Plan, at: datetime) -> None:
    assert on_call(plan, at) == _reference(plan, at)


@settings(max_examples=150, deadline=None)
@given(plan=PLANS, at=MOMENTS, hours=st.integers(1, 200))
def test_spans_say_of_every_moment_what_on_call_says(plan: Plan, at: datetime, hours: int) -> None:
    found = spans(plan, at, at + timedelta(hours=hours))
    assert found[0].begins == at
    assert found[-1].ends == at + timedelta(hours=hours)
    for one, following in pairwise(found):
        assert one.ends == following.begins
        assert one.person != following.person
    for each in found:
        for moment_in in (each.begins, each.begins + (each.ends - each.begins) / 2):
            assert on_call(plan, moment_in) == each.person


@settings(max_examples=150, deadline=None)
@given(plan=PLANS, at=MOMENTS)
def test_the_next_change_is_the_first_moment_at_which_somebody_else_has_the_calls(
    plan: Plan, at: datetime
) -> None:
    change = next_change(plan, at)
    if change is None:
        return
    moment_of, person = change
    assert moment_of > at
    assert on_call(plan, moment_of) == person != on_call(plan, at)
    assert on_call(plan, moment_of - timedelta(microseconds=1)) == on_call(plan, at)
