"""How often somebody may call: limits in the database, which a restart forgets not and all processes share.

The generic cell rate algorithm in its simplest form: a key owns a moment, `until`; each call moves it on by
period / count, and a call that would move it further than one period ahead of now is refused. So a quiet
caller has the whole quota at once, and a refused call costs nothing. Times are the application's: the clocks
of the machines agree (docs/operations.md).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from coordination.core import clock
from coordination.rest import services
from coordination.rest.codes import Problem

NAMES = ("address", "address_urgent", "caller", "group", "submission", "urgent")


@dataclass(frozen=True)
class Limit:
    """So many calls in a period, all at once or spread."""

    name: str
    count: int
    period: timedelta

    @property
    def step(self) -> timedelta:
        """How far one call moves on."""
        return self.period / self.count


def limit(name: str) -> Limit:
    """Return a limit of settings.RATE_LIMITS ("300/60": so many in so many seconds)."""
    return _parse(name, settings.RATE_LIMITS[name])


def check_settings() -> None:
    """Raise ImproperlyConfigured where a limit is missing or not readable."""
    for name in NAMES:
        if name not in settings.RATE_LIMITS:
            raise ImproperlyConfigured(f"RATE_LIMITS names no limit {name}.")
        limit(name)


def charge(wanted: Sequence[tuple[Limit, str]]) -> None:
    """Count one call against each limit in turn; raise the problem for the first that is used up.

    Limits after the one that refuses are not charged: one officer who hammers does not use up what the
    colleagues share.
    """
    now = clock.now()
    charges = [
        services.Charge(key=f"{each.name}:{who}", step=each.step, period=each.period) for each, who in wanted
    ]
    refused = services.charge(charges, at=now)
    if refused is not None:
        number, until = refused
        _refuse(wanted[number][0], until + wanted[number][0].step - wanted[number][0].period - now)


def look(wanted: Limit, who: str) -> None:
    """Raise the problem where a limit is used up; count nothing."""
    now = clock.now()
    until = services.used_until(f"{wanted.name}:{who}", wanted.period, at=now)
    if until + wanted.step > now + wanted.period:
        _refuse(wanted, until + wanted.step - wanted.period - now)


def _refuse(used_up: Limit, wait: timedelta) -> None:
    seconds = max(1, math.ceil(wait.total_seconds()))
    period = math.ceil(used_up.period.total_seconds())
    problem = Problem("too-many-requests", f"{used_up.count} calls in {period} s are used up.")
    # draft-ietf-httpapi-ratelimit-headers, on a refusal alone: on other answers they would tell apart two
    # that have to be the same byte for byte.
    problem.headers = {
        "Retry-After": str(seconds),
        "RateLimit-Policy": f'"{used_up.name}";q={used_up.count};w={period}',
        "RateLimit": f'"{used_up.name}";r=0;t={seconds}',
    }
    raise problem


@lru_cache(maxsize=64)
def _parse(name: str, text: str) -> Limit:
    count, _, seconds = text.partition("/")
    if not (count.isdecimal() and seconds.isdecimal() and int(count) and int(seconds)):
        raise ImproperlyConfigured(f"RATE_LIMITS[{name}] reads calls/seconds, as in 300/60; it is {text!r}.")
    return Limit(name, int(count), timedelta(seconds=int(seconds)))
