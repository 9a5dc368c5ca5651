"""REL-08: the clock jumps by an hour or a day, summer time begins and ends, a second is inserted."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from coordination.access import selectors as people
from coordination.access import services as access
from coordination.access.models import Enrolment
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.models import Deadline
from coordination.core import clock
from coordination.outbox import setback
from coordination.outbox.claims import is_due
from coordination.outbox.models import Attempt, Delivery
from coordination.outbox.retries import POLICIES, wait
from coordination.outbox.setback import Watch, mend
from coordination.policy import engine

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
JUMPS = [timedelta(hours=1), timedelta(days=1)]


@pytest.fixture
def delivery(things: Any) -> Delivery:
    """One delivery that waits to leave, made at T0."""
    found = Delivery.objects.get()
    Delivery.objects.update(created_at=T0, trying_since=T0, due_at=T0, lane="normal")
    found.refresh_from_db()
    return found


def _is_due(delivery: Delivery, at: datetime) -> bool:
    return is_due(delivery.destination_id, delivery.lane, 0, now=at)


@pytest.mark.parametrize("jump", JUMPS)
def test_REL_08_what_was_made_while_the_clock_was_ahead_does_not_wait_for_that_time(
    delivery: Delivery, jump: timedelta
) -> None:
    Delivery.objects.update(created_at=T0 + jump, trying_since=T0 + jump, due_at=T0 + jump)
    assert not _is_due(delivery, T0)
    with clock.frozen(T0):
        assert mend(Watch()) == 1
    assert _is_due(delivery, T0)
    delivery.refresh_from_db()
    assert delivery.trying_since == T0


@pytest.mark.parametrize("jump", JUMPS)
def test_REL_08_a_back_off_that_was_reckoned_while_the_clock_was_ahead_is_over(
    delivery: Delivery, jump: timedelta
) -> None:
    Delivery.objects.update(due_at=T0 + jump + timedelta(seconds=10))
    tried = {"started_at": T0 + jump, "finished_at": T0 + jump, "outcome": "temporary"}
    Attempt.objects.create(delivery=delivery, number=1, **tried)
    with clock.frozen(T0):
        assert mend(Watch()) == 1
    assert _is_due(delivery, T0)


def test_REL_08_a_back_off_that_is_right_stays(delivery: Delivery) -> None:
    """No storm: what was set back moves nothing that was reckoned by the right clock."""
    Delivery.objects.update(due_at=T0 + timedelta(minutes=30))
    Attempt.objects.create(delivery=delivery, number=1, started_at=T0, finished_at=T0, outcome="temporary")
    with clock.frozen(T0 + timedelta(seconds=5)):
        assert mend(Watch()) == 0
    assert not _is_due(delivery, T0 + timedelta(seconds=5))


def test_REL_08_a_lease_of_a_dead_worker_does_not_outlive_it_by_the_jump(delivery: Delivery) -> None:
    ahead = T0 + timedelta(hours=1)
    Delivery.objects.update(state="sending", lease_token=uuid4(), lease_until=ahead + timedelta(minutes=1))
    with clock.frozen(T0):
        assert mend(Watch()) == 1
    delivery.refresh_from_db()
    assert delivery.lease_until == T0 + setback.LONGEST_LEASE


def test_REL_08_a_jump_back_is_noticed_by_a_clock_that_nobody_sets() -> None:
    watch = Watch()
    assert watch.was_set_back(T0, 100.0)  # after a start nobody knows
    assert not watch.was_set_back(T0 + timedelta(seconds=3), 103.0)
    assert not watch.was_set_back(T0 + timedelta(hours=1, seconds=6), 106.0)  # ahead
    assert watch.was_set_back(T0 + timedelta(seconds=9), 109.0)  # and back
    assert not watch.was_set_back(T0 + timedelta(seconds=12), 112.0)
    # A leap second, smeared or repeated, is no jump.
    assert not watch.was_set_back(T0 + timedelta(seconds=14), 115.0)


@pytest.mark.parametrize("lane", POLICIES)
def test_REL_08_a_jump_forward_makes_each_waiting_delivery_due_once_and_not_again(lane: str) -> None:
    """The wait after a try begins anew at the clock that stands then: tries are as far apart as ever."""
    random.seed(8)
    for number in range(1, 12):
        shortest = min(POLICIES[lane].first * 2 ** (number - 1), POLICIES[lane].longest) * 0.75
        assert wait(number, POLICIES[lane]) >= shortest


@pytest.mark.parametrize("jump", JUMPS)
def test_REL_08_a_token_that_has_expired_is_not_taken_when_the_clock_is_set_back(
    police_officer: User, jump: timedelta, set_clock: "SetClock"
) -> None:
    token, plain = access.issue_token(
        police_officer, by=None, name="test", scopes=["read"], expires_in=timedelta(days=2)
    )
    assert people.live_token(plain.encode()) is not None
    set_clock.gone_by(timedelta(days=2, seconds=1))
    assert people.live_token(plain.encode()) is None
    set_clock.set_back(jump)
    assert people.live_token(plain.encode()) is None
    assert token.why_dead == "expired"


@pytest.mark.parametrize("jump", JUMPS)
def test_REL_08_a_way_in_that_has_ended_opens_nothing_when_the_clock_is_set_back(
    reviewer: User, jump: timedelta, set_clock: "SetClock"
) -> None:
    enrolment, plain = access.issue_enrolment(reviewer)
    assert people.open_enrolment(plain) is not None
    set_clock.gone_by(timedelta(hours=72, seconds=1))
    set_clock.set_back(jump)
    assert people.open_enrolment(plain) is None
    assert Enrolment.objects.filter(pk=enrolment.pk, used_at__isnull=True).exists()


class SetClock:
    """The machine's two clocks: what has gone by, and what the wall says of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gone, self.back = timedelta(), timedelta()
        self.began, steady = datetime.now(UTC), clock.steady()
        monkeypatch.setattr(clock, "_started", clock._Anchor(self.began, steady))
        monkeypatch.setattr(clock, "steady", lambda: steady + self.gone.total_seconds())
        monkeypatch.setattr(clock, "now", lambda: self.began + self.gone - self.back)

    def gone_by(self, length: timedelta) -> None:
        self.gone += length

    def set_back(self, jump: timedelta) -> None:
        self.back += jump


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    return SetClock(monkeypatch)


def test_REL_08_the_latest_time_is_the_frozen_one_in_tests() -> None:
    with clock.frozen(T0):
        assert clock.latest() == T0
    assert abs(clock.latest() - clock.now()) < timedelta(minutes=1)


BERLIN = ZoneInfo("Europe/Berlin")
BOTH_WAYS = [datetime(2026, 3, 28, 18, tzinfo=BERLIN), datetime(2026, 10, 24, 18, tzinfo=BERLIN)]


@pytest.mark.parametrize("start", BOTH_WAYS)
def test_REL_08_minutes_elapse_through_summer_time_and_days_end_at_local_midnight(
    packs: None, start: datetime
) -> None:
    quick = engine.deadline("policy.decide-high", start)
    assert quick.due - start.astimezone(UTC) == timedelta(minutes=15)
    slow = engine.deadline("policy.after-action", start, zone="Europe/Berlin").due
    assert slow.astimezone(BERLIN).strftime("%H:%M:%S") == "23:59:59"
    assert (slow.astimezone(BERLIN).date() - start.date()).days == 14


@pytest.mark.parametrize("start", BOTH_WAYS)
def test_REL_08_a_deadline_across_summer_time_is_missed_neither_early_nor_late(
    case: Any, start: datetime
) -> None:
    due = start.astimezone(UTC) + timedelta(hours=12)
    cases.start_deadline(
        case, code="x", title="Answer", citation="none", due_at=due, started_at=start.astimezone(UTC)
    )
    cases.miss_deadlines(due - timedelta(seconds=1))
    assert Deadline.objects.get().state == "running"
    cases.miss_deadlines(due + timedelta(seconds=1))
    assert Deadline.objects.get().state == "missed"


@pytest.mark.parametrize("jump", JUMPS)
def test_REL_08_a_deadline_that_a_clock_ahead_missed_is_met_all_the_same(case: Any, jump: timedelta) -> None:
    cases.start_deadline(
        case, code="x", title="Answer", citation="none", due_at=T0 + timedelta(minutes=30), started_at=T0
    )
    cases.miss_deadlines(T0 + jump)
    with clock.frozen(T0):
        cases.meet_deadline(case, code="x", by=None)
    assert Deadline.objects.get().state == "met"


def test_REL_08_the_second_that_is_inserted_is_no_moment_of_its_own() -> None:
    """POSIX time repeats it: 23:59:60 is 00:00:00, and nothing of ours writes a sixtieth second."""
    with pytest.raises(ValueError, match="second"):
        datetime.fromisoformat("2016-12-31T23:59:60+00:00")
    leap = datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert (leap + timedelta(seconds=1)).isoformat() == "2017-01-01T00:00:00+00:00"
