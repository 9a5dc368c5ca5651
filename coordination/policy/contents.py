"""What a version of the criteria says, apart from what it is called: as one value, as a digest, as TOML."""

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any, Protocol

import rfc8785

from coordination.ledger import services as ledger
from coordination.policy.criteria import in_order
from coordination.policy.fields import Values

_WIDTH = 118
# What a multi-line string could not hold as it is; such a text is written as one line with escapes.
_AWKWARD = re.compile(r'[\x00-\x1f\x7f]|"""|"$|\\')


class Said(Protocol):
    """A version of the criteria, or a proposal of one."""

    high_severity_categories: list[str]
    sections: list[Values]
    rules: list[Values]


def content_of(criteria: Said) -> Values:
    """Return what it says, as the tables keep it."""
    return {
        "high_severity_categories": criteria.high_severity_categories,
        "sections": criteria.sections,
        "rules": criteria.rules,
    }


def said(content: Values) -> bytes:
    """Return what it says as one value to compare, in which the order of words that are a set is nothing."""
    rules = [{**rule, "outcomes": sorted(rule["outcomes"])} for rule in content["rules"]]
    severe = sorted(content["high_severity_categories"])
    return rfc8785.dumps({**content, "high_severity_categories": severe, "rules": rules})


def digest(content: Values) -> str:
    """Return the SHA-256 of what it says."""
    return ledger.digest(said(content))


def rules_as_toml(rules: list[Values], table: str = "rules") -> str:
    """Return the rules of a version as a pack file has them."""
    return "\n".join(_rules(rules, table)).strip() + "\n"


def as_toml(criteria: Any, *, code: str) -> str:
    """Return a version, or a proposal of one, as a pack file has it, to be put into the next one."""
    lines = [
        "[[criteria]]",
        f"id = {_line(code)}",
        f"version = {_line(criteria.version)}",
        f"citation = {_line(criteria.citation)}",
        f"high_severity_categories = {_value(criteria.high_severity_categories)}",
    ]
    for section in criteria.sections:
        lines += ["", "[[criteria.sections]]", f"id = {_line(section['code'])}"]
        lines += [f"heading = {_line(section['heading'])}", f"text = {_text(section['text'])}"]
    lines += ["", *_rules(criteria.rules, "criteria.rules")]
    return "\n".join(lines).strip() + "\n"


def _rules(rules: list[Values], table: str) -> Iterator[str]:
    for rule in rules:
        yield from (f"[[{table}]]", f"id = {_line(rule['code'])}", f"section = {_line(rule['section'])}")
        yield f"outcomes = {_value(rule['outcomes'])}"
        yield f"why = {_line(rule['why'])}"
        when = ", ".join(f"{name} = {_value(value)}" for name, value in in_order(rule["when"]))
        yield from (f"when = {{ {when} }}", "")


def _text(value: str) -> str:
    if len(value) <= _WIDTH or _AWKWARD.search(value):
        return _line(value)
    filled = textwrap.fill(value, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return f'"""\n{filled}"""'


def _line(value: str) -> str:
    """Return a basic string: JSON escapes what TOML does, but for the last of the control characters."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_line(each) for each in value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
