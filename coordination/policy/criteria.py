"""What the triage criteria ask for, by rules that a machine reads too. No rule is code: the words stand here.

A rule has conditions, all of which must hold, and outcomes. All rules are looked at, in no order: what is
asked for is the union of the outcomes of those that hold. A condition about what is not known does not hold,
unless it names "unknown". What no rule asks for is left to whoever decides.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from coordination.policy.fields import (
    OPTIONAL,
    REQUIRED,
    Check,
    Fields,
    Values,
    count,
    flag,
    list_of,
    read_row,
    some_of,
    text,
)
from coordination.policy.workflow import (
    Asked,
    Behaviour,
    Finding,
    FlagCategory,
    Framing,
    Level,
    ThreatType,
)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was known of a flag when it was decided, as the assessment beside the decision says it."""

    category: str
    high_severity: bool
    level: str
    threat_type: str
    target: str
    means: str
    timing: str
    behaviours: frozenset[str] = frozenset()
    framing: str = Framing.NONE
    danger_to_self: bool = False
    danger_to_others: bool = False
    minor: bool = False
    coordinated: bool = False


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: where all of `when` holds, `outcomes` are asked for; `section` is where the prose says so."""

    code: str
    section: str
    outcomes: frozenset[str]
    why: str
    when: Mapping[str, Any] = field(default_factory=dict)

    def holds(self, facts: Facts) -> bool:
        """Tell whether every condition holds of these facts."""
        return all(CONDITIONS[name].holds(facts, wanted) for name, wanted in self.when.items())

    @property
    def in_words(self) -> str:
        """The conditions as a person reads them, in the order of the vocabulary."""
        return "; ".join(CONDITIONS[name].says(wanted) for name, wanted in in_order(self.when))


class Expected(NamedTuple):
    """What the criteria ask for, and the codes of the rules that say so."""

    outcomes: frozenset[str]
    rules: tuple[str, ...]


class Difference(NamedTuple):
    """What is asked for and was not decided, and what was decided and is not asked for."""

    missing: frozenset[str]
    beyond: frozenset[str]


class _Condition(NamedTuple):
    check: Check
    holds: Callable[[Facts, Any], bool]
    says: Callable[[Any], str]


def _at_most_all(value: Any) -> int:
    if count(value) > len(Behaviour):
        raise ValueError(f"is a whole number from 1 to {len(Behaviour)}")
    return int(value)


def _words(values: Iterable[str]) -> str:
    return " or ".join(each.replace("_", " ") for each in values)


def _one_of(words: Any, name: str, said: str) -> _Condition:
    return _Condition(
        check=partial(some_of, words),
        holds=lambda facts, wanted: getattr(facts, name) in wanted,
        says=lambda wanted: f"{said} {_words(wanted)}",
    )


def _whether(name: str, yes: str, no: str) -> _Condition:
    return _Condition(
        check=flag,
        holds=lambda facts, wanted: getattr(facts, name) is wanted,
        says=lambda wanted: yes if wanted else no,
    )


# The whole vocabulary: what a condition is called, what it may hold, when it holds, how it is read.
CONDITIONS: Mapping[str, _Condition] = {
    "level": _one_of(Level, "level", "level"),
    "type": _one_of(ThreatType, "threat_type", "threat"),
    "category": _one_of(FlagCategory, "category", "category"),
    "high_severity": _whether("high_severity", "flagged as high severity", "not flagged as high severity"),
    "target": _one_of(Finding, "target", "target"),
    "means": _one_of(Finding, "means", "means"),
    "timing": _one_of(Finding, "timing", "timing"),
    "framing": _one_of(Framing, "framing", "framing"),
    "warning_behaviours": _Condition(
        check=partial(some_of, Behaviour),
        holds=lambda facts, wanted: bool(facts.behaviours & set(wanted)),
        says=lambda wanted: f"warning behaviour {_words(wanted)}",
    ),
    "warning_behaviours_at_least": _Condition(
        check=_at_most_all,
        holds=lambda facts, wanted: len(facts.behaviours) >= wanted,
        says=lambda wanted: f"{wanted} or more warning behaviours",
    ),
    "danger_to_self": _whether("danger_to_self", "danger to self", "no danger to self"),
    "danger_to_others": _whether("danger_to_others", "danger to others", "no danger to others"),
    "minor": _whether("minor", "a minor involved", "no minor involved"),
    "coordinated": _whether("coordinated", "coordinated reports", "no coordinated reports"),
}


def _when(value: Any) -> Values:
    if not isinstance(value, dict) or not value:
        raise ValueError(f"is a table with one or more of {', '.join(CONDITIONS)}")
    held, wrong = read_row({name: (each.check, OPTIONAL) for name, each in CONDITIONS.items()}, value)
    if wrong:
        raise ValueError(", ".join(f"{name} {message}" for name, message in wrong))
    return held


SECTION: Fields = {"id": (text, REQUIRED), "heading": (text, REQUIRED), "text": (text, REQUIRED)}
RULE: Fields = {
    "id": (text, REQUIRED),
    "section": (text, REQUIRED),
    "outcomes": (partial(some_of, Asked), REQUIRED),
    "why": (text, REQUIRED),
    "when": (_when, REQUIRED),
}
# What a version of the criteria holds, beside what every row has.
CRITERIA: Fields = {
    "version": (text, REQUIRED),
    "high_severity_categories": (partial(some_of, FlagCategory), REQUIRED),
    "sections": (partial(list_of, SECTION), REQUIRED),
    "rules": (partial(list_of, RULE), OPTIONAL),
}


def wrong_within(row: Values) -> Iterator[tuple[str, str]]:
    """Return what is wrong between the fields of one version: ids twice, sections that do not exist."""
    sections = [each["id"] for each in row.get("sections", [])]
    for name in ("sections", "rules"):
        found = Counter(each["id"] for each in row.get(name, []))
        yield from ((name, f"{each} stands here twice") for each, times in found.items() if times > 1)
    for each in row.get("rules", []):
        if each["section"] not in sections:
            yield "rules", f"{each['id']}: section {each['section']} does not exist"


def in_order(when: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return conditions in the order of the vocabulary: the database keeps none."""
    return [(name, when[name]) for name in CONDITIONS if name in when]


def rules_of(stored: Iterable[Values]) -> tuple[Rule, ...]:
    """Return the rules of a version as its row keeps them."""
    return tuple(Rule(**{**each, "outcomes": frozenset(each["outcomes"])}) for each in stored)


def expect(rules: Sequence[Rule], facts: Facts) -> Expected:
    """Return what the rules ask for, given these facts, and which of them hold."""
    held = [rule for rule in rules if rule.holds(facts)]
    outcomes = frozenset[str]().union(*(rule.outcomes for rule in held))
    return Expected(outcomes, tuple(rule.code for rule in held))


def compare(rules: Sequence[Rule], expected: Expected, decided: Iterable[str]) -> Difference:
    """Return how a decision differs from what is asked for.

    On what no rule of this version ever asks for, the criteria are silent: it is not beyond them.
    """
    chosen = frozenset(decided)
    spoken_of = frozenset[str]().union(*(rule.outcomes for rule in rules))
    return Difference(expected.outcomes - chosen, (chosen & spoken_of) - expected.outcomes)
