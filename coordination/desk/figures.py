"""The figures of the desk: how fast flags were met over 7, 30 or 90 days, and who read how much.

The same for everybody who sees flags: nothing of a case under a compartment is in them (triage/figures.py).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from coordination.access import selectors as people
from coordination.access import services as access
from coordination.access.services import User
from coordination.core import clock
from coordination.triage import figures
from coordination.triage import selectors as triage

PERIODS = (7, 30, 90)
SEEN = "triage.view_flag"
# Whoever decides, or checks, sees what the others had to read; everybody sees their own.
SEES_ALL = "triage.view_replay"
MEASURES = {
    "human": "To a human",
    "restricted": "To a restriction, imposed",
    "confirmed": "To a restriction, confirmed by the platform",
    "decided": "To a decision",
}
READERS = ("triage.assess_flag", "triage.decide_flag")
_WIDE, _HIGH = 720, 120


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One day of the chart, in units of its picture: high severity stands below, the others on it."""

    day: Any
    high: int
    other: int
    x: float
    width: float
    high_y: float
    high_height: float
    other_y: float
    other_height: float


def period(days: int) -> tuple[datetime, datetime]:
    """Return the last `days` days, to the moment."""
    now = clock.now()
    return now - timedelta(days=days), now


def speeds(days: int) -> list[dict[str, Any]]:
    """Return for each severity what came in, what waits, and how long what followed took."""
    since, until = period(days)
    return [
        _speed("High severity", figures.times(since, until, high_severity=True)),
        _speed("Others", figures.times(since, until, high_severity=False)),
    ]


def card(user: Any) -> dict[str, Any] | None:
    """Return what the home page shows of the last seven days, None for who sees no flags.

    Of high severity alone: these are few, and home is opened all day. The others stand on their page.
    """
    if not access.has(user, SEEN):
        return None
    found = figures.times(*period(PERIODS[0]), high_severity=True)
    return {"speed": _speed("High severity", found), "days": PERIODS[0]}


def context(user: User, days: int) -> dict[str, Any]:
    """Return what the page of the figures shows."""
    since, until = period(days)
    found = figures.per_day(since, until, zone=timezone.get_current_timezone_name())
    return {
        "days": days,
        "periods": PERIODS,
        "since": since,
        "until": until,
        "speeds": speeds(days),
        "per_day": found,
        "bars": bars(found),
        "most": max((day.high + day.other for day in found), default=0),
        "wide": _WIDE,
        "high": _HIGH,
        "overturned": figures.overturned(since, until),
        "exposures": exposures(user, since),
    }


def exposures(user: User, since: datetime) -> list[dict[str, Any]]:
    """Return who opened how much flagged content, the most first: all of them, or one's own alone."""
    who = [user]
    if access.has(user, SEES_ALL):
        who = sorted({each for name in READERS for each in people.holders(name)} | {user}, key=str)
    rows: list[dict[str, Any]] = [
        {"who": each, "own": each == user, "number": triage.exposure_of(each, since)} for each in who
    ]
    most = max((row["number"] for row in rows), default=0)
    rows = [{**row, "share": _share(row["number"], most)} for row in rows if row["number"] or row["own"]]
    return sorted(rows, key=lambda row: (-row["number"], str(row["who"])))


def bars(days: list[figures.Day]) -> list[Bar]:
    """Return the days as bars of a picture, as wide as its frame and as high as the fullest day."""
    most = max((day.high + day.other for day in days), default=0) or 1
    step = _WIDE / max(len(days), 1)
    found = []
    for number, day in enumerate(days):
        high, other = (round(_HIGH * each / most, 1) for each in (day.high, day.other))
        found.append(
            Bar(
                day=day.day,
                high=day.high,
                other=day.other,
                x=round(number * step, 1),
                width=round(step * 0.8, 1),
                high_y=round(_HIGH - high, 1),
                high_height=high,
                other_y=round(_HIGH - high - other, 1),
                other_height=other,
            )
        )
    return found


def _speed(title: str, times: figures.Times) -> dict[str, Any]:
    longest = max((span.p95 for span in times.spans.values() if span.p95), default=timedelta(0))
    rows = [
        {
            "title": MEASURES[name],
            "count": span.number,
            "p50": written(span.p50),
            "p95": written(span.p95),
            "half": _share(span.p50, longest),
            "nearly_all": _share(span.p95, longest),
        }
        for name, span in times.spans.items()
    ]
    return {"title": title, "received": times.received, "waiting": times.waiting, "rows": rows}


def _share(part: Any, whole: Any) -> float:
    """Return a part in hundredths of the whole."""
    return round(100 * (part / whole), 1) if part and whole else 0


def written(length: timedelta | None) -> str:
    """Return a length of time as people say it: seconds below two minutes, days from two on."""
    if length is None:
        return ""
    seconds = int(length.total_seconds())
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds} s"
    minutes, hours = seconds // 60, seconds // 3600
    if hours < 2:  # noqa: PLR2004
        return f"{minutes} min"
    if hours < 48:  # noqa: PLR2004 - two days
        return f"{hours} h {minutes % 60:02d} min"
    return f"{hours // 24} d {hours % 24} h"
