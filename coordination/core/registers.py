"""Registers of a standard's requirements: docs/<name>.toml says of each id how it is met, or that it is not.

Each requirement has exactly one of four words, with a sentence: `shown` (then `tests` name what shows it),
`built` (a mechanism, and why no test), `absent` (why it does not apply here) and `open` (what is lacking;
`tests` may show what is there). The standards' own texts stand in neither the data nor the page.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "docs"
STATUSES = ("shown", "built", "absent", "open")
_KNOWN = {*STATUSES, "tests", "level"}
_TEST = re.compile(r"(tests|plugins)/[\w/]+\.py::test_\w+")
# A sentence says something; a word such as "n/a" does not.
_SHORTEST = 8


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """What is said of one id. `tests` are names as pytest takes them: path::name."""

    id: str
    level: int | None
    status: str
    words: str
    tests: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Register:
    """The requirements of a standard in its order, and the headings (our words) that group them."""

    headings: dict[str, str]
    requirements: tuple[Requirement, ...]


def read(name: str) -> Register:
    """Return the register docs/<name>.toml; raise ValueError that names what is wrong with an entry."""
    data = tomllib.loads((DATA / f"{name}.toml").read_text())
    headings = data.pop("headings")
    requirements = tuple(_requirement(each, entry) for each, entry in data.items())
    if not_grouped := [each.id for each in requirements if _group(each.id) not in headings]:
        raise ValueError(f"no heading for {', '.join(not_grouped)}")
    in_order = sorted(requirements, key=lambda each: _order(each.id, list(headings)))
    return Register(headings=headings, requirements=tuple(in_order))


def summary(register: Register) -> str:
    """Say in one paragraph how many requirements there are of each status, open ones first."""
    counts = Counter(each.status for each in register.requirements)
    return (
        f"**Open: {counts['open']}** of {len(register.requirements)}. Shown by a test: {counts['shown']}; "
        f"built, without a test of its own: {counts['built']}; does not apply here: {counts['absent']}."
    )


def as_markdown(register: Register, *, title: str = "##") -> str:
    """Return the whole register: the counts, then a table for each heading."""
    parts = [summary(register)]
    for group, heading in register.headings.items():
        rows = [each for each in register.requirements if _group(each.id) == group]
        if rows:
            parts += [f"{title} {group} {heading}", _table(rows)]
    return "\n\n".join(parts)


def as_table(register: Register) -> str:
    """Return a small register: the counts and one table."""
    return f"{summary(register)}\n\n{_table(register.requirements)}"


def _requirement(name: str, entry: dict[str, Any]) -> Requirement:
    stated = [status for status in STATUSES if status in entry]
    tests = entry.get("tests", [])
    if len(stated) != 1 or set(entry) - _KNOWN:
        raise ValueError(f"{name}: one of {', '.join(STATUSES)}, beside `tests` and `level` only")
    words = entry[stated[0]].strip()
    if len(words) < _SHORTEST or not words.endswith((".", ".)")):
        raise ValueError(f"{name}: `{stated[0]}` needs a sentence")
    if not all(_TEST.fullmatch(each) for each in tests) or len(set(tests)) != len(tests):
        raise ValueError(f"{name}: each test is named once, path::name")
    if stated[0] == "shown" and not tests:
        raise ValueError(f"{name}: `shown` needs a test")
    if stated[0] in ("built", "absent") and tests:
        raise ValueError(f"{name}: what a test shows is `shown` or `open`")
    return Requirement(id=name, level=entry.get("level"), status=stated[0], words=words, tests=tuple(tests))


def _group(name: str) -> str:
    """V1.2.3 belongs to V1, AC-7 to AC."""
    return re.split(r"[.-]", name)[0]


def _order(name: str, groups: list[str]) -> tuple[int, ...]:
    return (groups.index(_group(name)), *(int(number) for number in re.findall(r"\d+", name)))


def _table(rows: Iterable[Requirement]) -> str:
    listed = list(rows)
    levels = any(each.level for each in listed)
    head = ["Id", *(["Level"] if levels else []), "", "Here", "Tests"]
    lines = [head, ["---"] * len(head)]
    for each in listed:
        level = [str(each.level)] if levels else []
        lines.append(
            [each.id, *level, _mark(each.status), each.words.replace("|", "\\|"), _links(each.tests)]
        )
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _mark(status: str) -> str:
    return f"**{status}**" if status == "open" else status


def _links(tests: Iterable[str]) -> str:
    named = (each.split("::") for each in tests)
    return "<br>".join(f"[`{name}`](../{path})" for path, name in named)
