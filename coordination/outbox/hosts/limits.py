"""Limits that both sides of a host keep: how long to wait, and until when a message may begin."""

import time
from typing import Final

LONGEST_WAIT: Final = 86_400.0
# Goes on while the machine sleeps, the same in every process of it. Elsewhere than on Linux: the next best.
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class TooLate(Exception):
    """The lease under which a message was to leave has too little left."""


def boot_seconds() -> float:
    """Return the seconds since this machine started, those in which it or this process stood still too."""
    return time.clock_gettime(_CLOCK)


def seconds_to_wait(value: object) -> float | None:
    """Return the seconds that a channel asks us to wait, from 0 to a day; None for what is no such number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - nan
        return None
    return float(min(max(value, 0), LONGEST_WAIT))
