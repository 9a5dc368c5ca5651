"""A week of a schedule at a glance: day by day, from when until when, who."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from coordination.access.services import User
from coordination.oncall import rota

DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Part:
    """Who has the calls for a part of a day, in local time: `00:00` to `08:00`; None for nobody."""

    begins: str
    ends: str
    person: User | None


@dataclass(frozen=True, kw_only=True)
class Day:
    """One local day in its parts."""

    day: date
    parts: list[Part]


def week(plan: rota.Plan, at: datetime, people: Mapping[int, User]) -> list[Day]:
    """Return the seven local days from that of `at` on."""
    zone = ZoneInfo(plan.zone)
    first = at.astimezone(zone).date()
    return [_day(plan, first + timedelta(days=number), people) for number in range(DAYS)]


def people_in(plan: rota.Plan) -> set[int]:
    """Return everybody whom a schedule names."""
    return {pk for turn in plan.turns for pk in turn.people} | {each.person for each in plan.stands}


def _day(plan: rota.Plan, day: date, people: Mapping[int, User]) -> Day:
    begins = rota.moment(day, time(), plan.zone)
    ends = rota.moment(day + timedelta(days=1), time(), plan.zone)
    parts = [
        Part(
            begins=_local(span.begins, plan.zone),
            ends="24:00" if span.ends == ends else _local(span.ends, plan.zone),
            person=people.get(span.person) if span.person is not None else None,
        )
        for span in rota.spans(plan, begins, ends)
    ]
    return Day(day=day, parts=parts)


def _local(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"
