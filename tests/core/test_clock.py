"""The clock is in UTC and can be stopped."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from coordination.core import clock
from coordination.core.errors import InvalidInput

FRIDAY_NIGHT = datetime(2026, 3, 6, 23, 12, tzinfo=timezone(timedelta(hours=1)))


def test_now_has_a_zone_and_it_is_utc() -> None:
    assert clock.now().tzinfo is UTC


def test_a_frozen_clock_stands_still_and_goes_on_afterwards() -> None:
    with clock.frozen(FRIDAY_NIGHT):
        assert clock.now() == FRIDAY_NIGHT
        assert clock.now().tzinfo is UTC
    assert clock.now() > datetime(2026, 3, 7, tzinfo=UTC)


def test_frozen_moments_nest() -> None:
    later = FRIDAY_NIGHT + timedelta(hours=1)
    with clock.frozen(FRIDAY_NIGHT):
        with clock.frozen(later):
            assert clock.now() == later
        assert clock.now() == FRIDAY_NIGHT


def test_the_clock_goes_on_after_an_error() -> None:
    with pytest.raises(RuntimeError), clock.frozen(FRIDAY_NIGHT):
        raise RuntimeError
    assert clock.now() != FRIDAY_NIGHT


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"), clock.frozen(datetime(2026, 3, 6)):  # noqa: DTZ001
        pass


@pytest.mark.parametrize(
    ("moment", "taken"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), False),
        (datetime(1989, 12, 31, 23, 59, tzinfo=UTC), False),
        (datetime(1990, 1, 1, tzinfo=UTC), True),
        (FRIDAY_NIGHT + timedelta(days=1), True),
        (FRIDAY_NIGHT + timedelta(days=1, seconds=1), False),
        (datetime(9999, 12, 31, tzinfo=UTC), False),
        (datetime(2026, 3, 6), False),  # noqa: DTZ001 - without a zone
    ],
    ids=str,
)
def test_a_time_from_outside_is_from_1990_to_tomorrow(moment: datetime, taken: bool) -> None:
    with clock.frozen(FRIDAY_NIGHT):
        if taken:
            assert clock.plausible("at", moment) == moment
        else:
            with pytest.raises(InvalidInput) as refused:
                clock.plausible("at", moment)
            assert refused.value.field == "at"
