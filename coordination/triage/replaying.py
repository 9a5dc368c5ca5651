"""Which past decisions would differ under some criteria, and how. It reads; it changes nothing.

What a decision knew is the assessment that it rests on, and nothing that was found out later. One without an
assessment on record cannot be replayed: it is counted, and never guessed at. Decisions are read in batches by
their keys, and no sealed column of them is: memory stays flat at any number.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from heapq import nsmallest
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from coordination.policy.criteria import Facts, Rule, compare, expect
from coordination.triage.models import Decision, Dissent
from coordination.triage.workflow import FlagState, Outcome

BATCH = 2_000
REFERRALS = frozenset({Outcome.REFER_POLICE, Outcome.REFER_CRISIS})
# What a decision rests on: columns of the assessment, under the names that the criteria have for them.
_OF_ASSESSMENT = {
    **{
        name: name
        for name in ("level", "threat_type", "target", "means", "timing", "framing", "behaviours", "minor")
    },
    **{name: name for name in ("danger_to_self", "danger_to_others")},
}


class Kind(StrEnum):
    """How a decision stands to what is asked for, the gravest first."""

    WOULD_REFER = "would_refer"  # nothing was done, and it would be referred
    WOULD_ADD = "would_add"  # something was done, and more is asked for
    WENT_FURTHER = "went_further"  # more was done than these criteria ask for
    SAME = "same"
    NO_ASSESSMENT = "no_assessment"  # it cannot be replayed


DIFFERS = (Kind.WOULD_REFER, Kind.WOULD_ADD, Kind.WENT_FURTHER)
_RANK = {kind: number for number, kind in enumerate(Kind)}


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One decision beside what is asked for.

    `stands`: nobody has decided about the flag since. `waits`: it was opened again and waits for a decision.
    """

    decision: int
    flag: UUID
    external_id: str
    case: str
    category: str
    decided_at: datetime
    criteria: str
    decided: tuple[str, ...]
    kind: Kind
    asked: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    beyond: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()
    dissent: bool = False
    stands: bool = True
    waits: bool = False

    @property
    def rank(self) -> tuple[int, bool, bool, float]:
        """What a person looks at first: by kind, what stands, what somebody dissented from, the newest."""
        return _RANK[self.kind], not self.stands, not self.dissent, -self.decided_at.timestamp()


@dataclass(kw_only=True)
class Tally:
    """What a replay came to: how many of each kind, and the first of those that differ."""

    counts: Counter[Kind] = field(default_factory=Counter)
    dissents: int = 0
    first: list[Replayed] = field(default_factory=list)
    complete: bool = True

    @property
    def looked_at(self) -> int:
        """How many decisions were looked at."""
        return self.counts.total()

    @property
    def differ(self) -> int:
        """How many of them would differ."""
        return sum(self.counts[kind] for kind in DIFFERS)

    def add(self, found: Replayed) -> None:
        """Count one."""
        self.counts[found.kind] += 1
        self.dissents += found.dissent and found.kind in DIFFERS


def replay(decisions: QuerySet[Decision], rules: Sequence[Rule]) -> Iterator[Replayed]:
    """Yield each of `decisions` beside what `rules` ask for, the newest first."""
    columns = [f"assessment__{name}" for name in _OF_ASSESSMENT.values()]
    own = ("pk", "flag_id", "flag__external_id", "flag__case__reference", "flag__category", "flag__state")
    more = (
        "flag__high_severity",
        "flag__minor",
        "flag__coordinated_at",
        "decided_at",
        "criteria",
        "outcomes",
        "assessment_id",
    )
    rows = decisions.annotate(
        dissent=Exists(Dissent.objects.filter(decision=OuterRef("pk"))),
        later=Exists(Decision.objects.filter(flag=OuterRef("flag"), pk__gt=OuterRef("pk"))),
    ).order_by("-pk")
    last: int | None = None
    while True:
        wanted = rows if last is None else rows.filter(pk__lt=last)
        batch = list(wanted.values(*own, *more, "assessment_id", *columns, "dissent", "later")[:BATCH])
        yield from (_replayed(row, rules) for row in batch)
        if len(batch) < BATCH:
            return
        last = batch[-1]["pk"]


def tally(found: Iterator[Replayed], *, most: int, shown: int) -> Tally:
    """Count at most `most` replayed decisions, and keep the `shown` that a person looks at first."""
    result = Tally()
    kept: list[Replayed] = []
    for each in islice(found, most):
        result.add(each)
        if each.kind in DIFFERS:
            kept.append(each)
        if len(kept) > 2 * shown:
            kept = nsmallest(shown, kept, key=lambda one: one.rank)
    result.first = nsmallest(shown, kept, key=lambda one: one.rank)
    result.complete = next(found, None) is None
    return result


def facts_of(row: dict[str, Any]) -> Facts | None:
    """Return what a decision knew, None where no assessment is on record."""
    if row["assessment_id"] is None:
        return None
    seen = row["flag__coordinated_at"]
    found = {name: row[f"assessment__{column}"] for name, column in _OF_ASSESSMENT.items()}
    found["minor"] = found["minor"] or row["flag__minor"]
    return Facts(
        category=row["flag__category"],
        high_severity=row["flag__high_severity"],
        coordinated=seen is not None and seen <= row["decided_at"],
        **{**found, "behaviours": frozenset(found["behaviours"])},
    )


def _replayed(row: dict[str, Any], rules: Sequence[Rule]) -> Replayed:
    said: dict[str, Any] = {
        "decision": row["pk"],
        "flag": row["flag_id"],
        "external_id": row["flag__external_id"],
        "case": row["flag__case__reference"] or "",
        "category": row["flag__category"],
        "decided_at": row["decided_at"],
        "criteria": row["criteria"],
        "decided": tuple(row["outcomes"]),
        "dissent": row["dissent"],
        "stands": not row["later"],
        "waits": not row["later"] and row["flag__state"] != FlagState.DECIDED,
    }
    facts = facts_of(row)
    if facts is None:
        return Replayed(kind=Kind.NO_ASSESSMENT, **said)
    asked = expect(rules, facts)
    missing, beyond = compare(rules, asked, row["outcomes"])
    kind = _kind(missing, beyond, row["outcomes"])
    return Replayed(
        kind=kind, asked=asked.outcomes, missing=missing, beyond=beyond, rules=asked.rules, **said
    )


def _kind(missing: frozenset[str], beyond: frozenset[str], decided: Sequence[str]) -> Kind:
    if missing & REFERRALS and Outcome.NO_ACTION in decided:
        return Kind.WOULD_REFER
    if missing:
        return Kind.WOULD_ADD
    return Kind.WENT_FURTHER if beyond else Kind.SAME
