"""The time, from one place, so that tests can stop it."""

import contextvars
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import available_timezones

from coordination.core.errors import InvalidInput

# Before the first of these nothing of ours can have happened; a clock of others may be wrong, not by a day.
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)

_frozen: contextvars.ContextVar[datetime | None] = contextvars.ContextVar("frozen", default=None)


def now() -> datetime:
    """Return the time in UTC, aware; the frozen one inside `frozen`."""
    return _frozen.get() or datetime.now(UTC)


_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def latest() -> datetime:
    """Return the time for what must not live longer: `now`, or later where the clock was set back meanwhile.

    Counted on from the start of the process by a clock that nobody sets and that goes on in suspension. What
    has expired stays expired when the machine's clock jumps back; a restart believes the clock again. Only
    for what lives for days: what is made for minutes after such a jump would be born expired.
    """
    frozen_at = _frozen.get()
    return frozen_at or max(now(), _started.wall + timedelta(seconds=steady() - _started.steady))


def steady() -> float:
    """Return seconds since the machine started, suspension included; nothing sets this clock."""
    return time.clock_gettime(_STEADY)


@dataclass(frozen=True)
class _Anchor:
    """Both clocks at one moment."""

    wall: datetime
    steady: float


_started = _Anchor(datetime.now(UTC), steady())


@cache
def zones() -> frozenset[str]:
    """Return the names of all time zones; zoneinfo itself walks the disk for them at each call."""
    return frozenset(available_timezones())


def is_plausible(moment: datetime) -> bool:
    """Tell whether something can have happened to us then."""
    return EARLIEST <= moment <= now() + AHEAD


def plausible(field: str, moment: datetime) -> datetime:
    """Return a time from outside, or raise InvalidInput naming `field` where it is no time of ours."""
    if moment.tzinfo is None:
        raise InvalidInput(field, "A time needs a zone.")
    if not is_plausible(moment):
        raise InvalidInput(field, "A time from 1990 to tomorrow.")
    return moment


@contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """Stop the clock at an aware `moment` for this context (threads started inside do not inherit it)."""
    if moment.tzinfo is None:
        raise ValueError("A frozen moment needs a time zone.")
    token = _frozen.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)
