"""The clock is in UTC and can be stopped."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from coordination.core import clock

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
