"""What one version of the criteria says otherwise than another, word by word."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from coordination.access import markup
from coordination.policy.contents import Said
from coordination.policy.criteria import Rule, rules_of
from coordination.policy.fields import Values


class Piece(NamedTuple):
    """A run of words: `same`, `added` or `removed`."""

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that differs: what it is, what became of it, and its words."""

    what: str
    became: str
    pieces: tuple[Piece, ...]


def changes(before: Said, after: Said) -> list[Change]:
    """Return what `after` says otherwise than `before`: severe categories, sections, rules."""
    return [
        *_severe(before, after),
        *_parts("Section", _sections(before), _sections(after)),
        *_parts("Rule", _rules(before), _rules(after)),
    ]


def rule_in_words(rule: Rule) -> str:
    """Return a rule as a sentence."""
    outcomes = ", ".join(markup.words(each) for each in sorted(rule.outcomes))
    return f"Where {rule.in_words}: {outcomes}. {rule.why} (section {rule.section})"


def _severe(before: Said, after: Said) -> Iterator[Change]:
    was, now = set(before.high_severity_categories), set(after.high_severity_categories)
    for kind, found, words in (
        ("added", now - was, "pages a human"),
        ("removed", was - now, "pages nobody any more"),
    ):
        for each in sorted(found):
            text = f"{markup.words(each)}: {words}"
            yield Change(what="High severity", became=kind, pieces=(Piece(kind, text),))


def _sections(said: Said) -> dict[str, str]:
    return {each["code"]: _prose(each) for each in said.sections}


def _prose(section: Values) -> str:
    return f"{section['heading']}. {section['text']}"


def _rules(said: Said) -> dict[str, str]:
    return {rule.code: rule_in_words(rule) for rule in rules_of(said.rules)}


def _parts(what: str, before: dict[str, str], after: dict[str, str]) -> Iterator[Change]:
    for code in dict.fromkeys([*before, *after]):
        was, now = before.get(code, ""), after.get(code, "")
        if was != now:
            became = "changed" if was and now else "added" if now else "removed"
            yield Change(what=f"{what} {code}", became=became, pieces=tuple(_pieces(was, now)))


def _pieces(before: str, after: str) -> Iterator[Piece]:
    """Compare word by word: a person reads words, and a changed letter is a changed word."""
    was, now = re.findall(r"\s*\S+", before), re.findall(r"\s*\S+", after)
    for kind, a, b, c, d in difflib.SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(was[a:b]))
            continue
        if b > a:
            yield Piece("removed", "".join(was[a:b]))
        if d > c:
            yield Piece("added", "".join(now[c:d]))
