"""How fast flags are met, counted in the database: from flag to human, to restriction, to decision.

Nothing of a case under a compartment is counted, for anybody: a figure that moves would tell of it. All is
bounded by when flags came in, which has an index.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Aggregate,
    CharField,
    Count,
    Exists,
    F,
    FloatField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Concat, Extract, Least, TruncDate

from coordination.cases import selectors as cases
from coordination.oncall import selectors as oncall
from coordination.restrictions import selectors as restrictions
from coordination.triage.models import Decision, Flag
from coordination.triage.workflow import FlagState, Outcome

MEASURES = ("human", "restricted", "confirmed", "decided")
# At most so many of a period. The limit lets each time be worked out once for all that is asked of it.
_MOST = 5_000_000


class HalfAndNearlyAll(Aggregate):
    """The 50th and the 95th percentile, in one go; None for no rows."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field: ClassVar[Any] = ArrayField(FloatField())


class Span(NamedTuple):
    """How many got there, and within what time half of them and 19 of 20 did; None where none did."""

    number: int
    p50: timedelta | None
    p95: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Times:
    """The flags of one severity that came in within a period, and how long what followed took."""

    received: int
    waiting: int
    spans: Mapping[str, Span]


class Overturned(NamedTuple):
    """How many flags were decided as no action, and how many of these were decided otherwise later."""

    no_actions: int
    overturned: int


class Day(NamedTuple):
    """How many flags came in on one local day."""

    day: date
    high: int
    other: int


def times(since: datetime, until: datetime, *, high_severity: bool) -> Times:
    """Return how long it took from flags of this severity to a human, a restriction and a decision.

    A human is the first to answer a page about the flag, to assess it or to decide. A restriction is the
    first that was imposed on the flag's case because of it; it is confirmed when the platform says so.
    """
    rows = _within(since, until).filter(high_severity=high_severity).annotate(named=_named())
    moments = {name: _seconds(moment) for name, moment in _moments().items()}
    timed = rows.order_by().values("pk", "state", "received_at", "named").annotate(**moments)[:_MOST]
    measures: dict[str, Any] = {name: F(name) for name in MEASURES if name != "human"}
    measures["human"] = Least("paged", "assessed", "decided")
    asked: dict[str, Any] = {"received": Count("pk"), "waiting": Count("pk", ~Q(state=FlagState.DECIDED))}
    for name, measure in measures.items():
        asked |= {f"{name}_count": Count(measure), f"{name}_spans": HalfAndNearlyAll(measure)}
    found = timed.aggregate(**asked)
    spans = {name: _span(found[f"{name}_count"], found[f"{name}_spans"]) for name in MEASURES}
    return Times(received=found["received"], waiting=found["waiting"], spans=spans)


def overturned(since: datetime, until: datetime) -> Overturned:
    """Return how many "no actions" were decided in the period, and how many of them otherwise since."""
    decided = Decision.objects.filter(
        decided_at__gte=since, decided_at__lt=until, outcomes__contains=[Outcome.NO_ACTION]
    ).exclude(flag__case__in=cases.hidden())
    otherwise = Decision.objects.filter(flag=OuterRef("flag"), pk__gt=OuterRef("pk")).exclude(
        outcomes__contains=[Outcome.NO_ACTION]
    )
    found = decided.aggregate(
        no_actions=Count("flag", distinct=True),
        overturned=Count("flag", Q(Exists(otherwise)), distinct=True),
    )
    return Overturned(**found)


def per_day(since: datetime, until: datetime, *, zone: str) -> list[Day]:
    """Return how many flags came in on each local day of the period, days without any too."""
    local = ZoneInfo(zone)
    rows = _within(since, until).annotate(day=TruncDate("received_at", tzinfo=local)).order_by()
    counts = rows.values("day").annotate(all=Count("pk"), high=Count("pk", Q(high_severity=True)))
    found = {row["day"]: Day(row["day"], row["high"], row["all"] - row["high"]) for row in counts}
    first, last = since.astimezone(local).date(), (until - timedelta(seconds=1)).astimezone(local).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [found.get(day, Day(day, 0, 0)) for day in days]


def _within(since: datetime, until: datetime) -> QuerySet[Flag]:
    rows = Flag.objects.filter(received_at__gte=since, received_at__lt=until)
    return rows.exclude(case__in=cases.hidden())


def _named() -> Concat:
    return Concat(Value("triage.flag:"), Cast("pk", CharField()))


def _moments() -> dict[str, Any]:
    """Return when each thing first happened to a flag, as a part of the one query."""
    named = OuterRef("named")
    restricted = restrictions.impositions(OuterRef("case"), about=named)
    return {
        "paged": _first(oncall.answers(named), "answered_at"),
        # Joined and not looked up one by one: what each flag has of them is few, and the earliest is wanted.
        "assessed": Min("assessments__assessed_at"),
        "decided": Min("decisions__decided_at"),
        "restricted": _first(restricted, "at"),
        "confirmed": _first(restricted, "restriction__confirmed_at"),
    }


def _first(rows: QuerySet[Any], moment: str) -> Subquery:
    """Return the earliest moment of some rows; all of them are counted as one group."""
    grouped = rows.order_by().annotate(one=Value(1)).values("one").annotate(first=Min(moment))
    return Subquery(grouped.values("first"))


def _seconds(moment: Any) -> Any:
    return Extract(moment - F("received_at"), "epoch", output_field=FloatField())


def _span(count: int, found: list[float] | None) -> Span:
    if not found:
        return Span(count, None, None)
    return Span(count, *(timedelta(seconds=round(each)) for each in found))
