"""Who is on call when: pure arithmetic on local dates, times and zones. No table is read here.

A hand-over is at a local time of the schedule's zone and stays there through summer time. A local time that
does not exist is read with the offset before the gap, one that exists twice is the first (RFC 5545, section
3.3.5): that is what zoneinfo does where `fold` is 0.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

# What a search for the next hand-over looks at, at most: beyond it nothing changes soon.
MOST_LOOKED_AT: Final = 500


@dataclass(frozen=True, kw_only=True)
class Turn:
    """People in order, one after another: each has the calls for `days`, from hand-over to hand-over.

    The first hand-over is on the first `weekday` (0 is Monday) from `begins` on. A higher `layer` covers it.
    """

    people: tuple[int, ...]
    weekday: int
    at: time
    days: int
    begins: date
    ends: date | None = None
    layer: int = 0

    @property
    def anchor(self) -> date:
        """The day of the first hand-over."""
        return self.begins + timedelta(days=(self.weekday - self.begins.weekday()) % 7)


@dataclass(frozen=True, kw_only=True)
class Stand:
    """Somebody who stands in, from `begins` until `ends` (aware). Of two the higher `order` wins."""

    person: int
    begins: datetime
    ends: datetime
    order: int = 0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A schedule, as far as reckoning needs it."""

    zone: str
    turns: tuple[Turn, ...] = ()
    stands: tuple[Stand, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Span:
    """Who has the calls from one moment (UTC) to another; None for nobody."""

    begins: datetime
    ends: datetime
    person: int | None


def moment(day: date, at: time, zone: str) -> datetime:
    """Return the moment (UTC) of a local time; the module says which where there is none, or two."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def on_call(plan: Plan, at: datetime) -> int | None:
    """Return who has the calls at an aware moment: who stands in, else of the highest layer with somebody."""
    standing = [each for each in plan.stands if each.begins <= at < each.ends]
    if standing:
        return max(standing, key=lambda each: each.order).person
    for turn in sorted(plan.turns, key=lambda each: each.layer, reverse=True):
        number = _shift(turn, at, plan.zone)
        if number is not None:
            return turn.people[number % len(turn.people)]
    return None


def next_change(plan: Plan, at: datetime) -> tuple[datetime, int | None] | None:
    """Return when somebody else has the calls, and who; None where nothing changes."""
    now = on_call(plan, at)
    for each in _boundaries(plan, at):
        person = on_call(plan, each)
        if person != now:
            return each, person
    return None


def spans(plan: Plan, since: datetime, until: datetime) -> list[Span]:
    """Return who has the calls from `since` until `until`, in order, one span for each change."""
    found: list[Span] = []
    begins, person = since, on_call(plan, since)
    for each in _boundaries(plan, since):
        if each >= until:
            break
        after = on_call(plan, each)
        if after != person:
            found.append(Span(begins=begins, ends=each, person=person))
            begins, person = each, after
    return [*found, Span(begins=begins, ends=until, person=person)]


def _shift(turn: Turn, at: datetime, zone: str) -> int | None:
    """Return the number of the shift that runs at a moment, None outside of the turn."""
    if at < moment(turn.anchor, turn.at, zone):
        return None
    if turn.ends is not None and at >= moment(turn.ends, turn.at, zone):
        return None
    day = at.astimezone(ZoneInfo(zone)).date()
    number = (day - turn.anchor).days // turn.days
    # On the day of a hand-over the shift before it goes on until its time; a gap may make that later.
    while number > 0 and at < _begins(turn, number, zone):
        number -= 1
    while at >= _begins(turn, number + 1, zone):
        number += 1
    return number


def _begins(turn: Turn, number: int, zone: str) -> datetime:
    return moment(turn.anchor + timedelta(days=turn.days * number), turn.at, zone)


def _boundaries(plan: Plan, at: datetime) -> Iterator[datetime]:
    """Yield the moments after `at` at which something may change, the earliest first."""
    looked_at = 0
    latest = at
    while looked_at < MOST_LOOKED_AT:
        found = min(_next_of_each(plan, latest), default=None)
        if found is None:
            return
        yield found
        latest = found
        looked_at += 1


def _next_of_each(plan: Plan, at: datetime) -> Iterator[datetime]:
    for stand in plan.stands:
        yield from (each for each in (stand.begins, stand.ends) if each > at)
    for turn in plan.turns:
        yield from _next_of(turn, at, plan.zone)


def _next_of(turn: Turn, at: datetime, zone: str) -> Sequence[datetime]:
    end = moment(turn.ends, turn.at, zone) if turn.ends is not None else None
    if end is not None and at >= end:
        return ()
    number = _shift(turn, at, zone)
    following = _begins(turn, 0 if number is None else number + 1, zone)
    return (following if end is None else min(following, end),)
