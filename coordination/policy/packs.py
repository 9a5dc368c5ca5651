"""Pack files: TOML that counsel can read, checked field by field; a problem names its file, row and field."""

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from coordination.policy.criteria import CRITERIA, wrong_within
from coordination.policy.fields import (
    OPTIONAL,
    REQUIRED,
    Fields,
    Values,
    count,
    day,
    flag,
    list_of,
    minutes,
    one_of,
    read_row,
    some_of,
    text,
    texts,
    whom,
    zone,
)
from coordination.policy.workflow import (
    Asked,
    DataCategory,
    Place,
    Process,
    ProcessData,
    RecipientClass,
    ReportTrigger,
    Step,
    Unit,
    Validity,
    Way,
)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with one pack, in a form that its author can find."""

    file: str
    row: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.row}: {self.field}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class PackFile:
    """One file that passed every check: its header, its rows by section, and the SHA-256 of its bytes."""

    path: Path
    header: Values
    rows: Mapping[str, list[Values]]
    digest: str


_ROW: Fields = {
    "id": (text, REQUIRED),
    "citation": (text, REQUIRED),
    "note": (text, OPTIONAL),
    "counsel_confirm": (flag, OPTIONAL),
}
_STEP: Fields = {
    "after_minutes": (minutes, REQUIRED),
    "whom": (whom, REQUIRED),
    "ways": (partial(some_of, Way), REQUIRED),
}
_HOLIDAY: Fields = {"day": (day, REQUIRED), "name": (text, REQUIRED)}

HEADER: Fields = {
    "name": (text, REQUIRED),
    "title": (text, REQUIRED),
    "jurisdiction": (text, REQUIRED),
    "version": (text, REQUIRED),
    "time_zone": (zone, REQUIRED),
    "effective_from": (day, REQUIRED),
    "effective_until": (day, OPTIONAL),
}
SECTIONS: Mapping[str, Fields] = {
    "legal_bases": {
        **_ROW,
        "title": (text, REQUIRED),
        "statute": (text, REQUIRED),
        "data_categories": (partial(some_of, DataCategory), REQUIRED),
        "recipient_classes": (partial(some_of, RecipientClass), REQUIRED),
        "requires_emergency": (flag, OPTIONAL),
        "requires_consent": (flag, OPTIONAL),
        "needs_counsel": (flag, OPTIONAL),
    },
    "clocks": {
        **_ROW,
        "trigger": (text, REQUIRED),
        "applies_to": (text, REQUIRED),
        "wording": (text, OPTIONAL),
        "amount": (count, REQUIRED),
        "unit": (partial(one_of, Unit), REQUIRED),
        "calendar": (text, OPTIONAL),
        "in_force_from": (day, OPTIONAL),
    },
    "calendars": {
        **_ROW,
        "covers_until": (day, REQUIRED),
        "holidays": (partial(list_of, _HOLIDAY), REQUIRED),
    },
    "criteria": {**_ROW, **CRITERIA, "replaces": (text, OPTIONAL)},
    "routing": {**_ROW, "order": (partial(some_of, Place), REQUIRED), "fallback": (text, REQUIRED)},
    "phone_rules": {
        **_ROW,
        "priority": (text, REQUIRED),
        "clock": (text, REQUIRED),
        "title": (text, REQUIRED),
        "script": (text, REQUIRED),
    },
    "ladder": {
        **_ROW,
        "step": (partial(one_of, Step), REQUIRED),
        "order": (count, REQUIRED),
        "title": (text, REQUIRED),
        "limits": (text, REQUIRED),
        "review_clock": (text, REQUIRED),
        "on_intake": (flag, OPTIONAL),
    },
    "desk_rules": {
        **_ROW,
        "title": (text, REQUIRED),
        "outcomes": (partial(some_of, Asked), OPTIONAL),
        "amount": (count, OPTIONAL),
    },
    "mandated_reports": {
        **_ROW,
        "title": (text, REQUIRED),
        "trigger": (partial(one_of, ReportTrigger), REQUIRED),
        "clock": (text, REQUIRED),
        "first": (flag, OPTIONAL),
    },
    "escalation": {
        **_ROW,
        "title": (text, REQUIRED),
        "priority": (text, REQUIRED),
        "task_kinds": (texts, REQUIRED),
        "steps": (partial(list_of, _STEP), REQUIRED),
        "repeat_minutes": (count, REQUIRED),
    },
    "intake": {
        **_ROW,
        "classifiers": (texts, REQUIRED),
        "coordinated_reports": (count, REQUIRED),
        "coordinated_days": (count, REQUIRED),
    },
    "process_gates": {
        **_ROW,
        "process": (partial(one_of, Process), REQUIRED),
        "title": (text, REQUIRED),
        "categories": (partial(some_of, ProcessData), OPTIONAL),
        "undated": (partial(some_of, ProcessData), OPTIONAL),
        "related_only": (flag, OPTIONAL),
    },
    "validity_rules": {
        **_ROW,
        "looks_at": (partial(one_of, Validity), REQUIRED),
        "processes": (partial(some_of, Process), REQUIRED),
        "title": (text, REQUIRED),
        "supply": (text, REQUIRED),
        "counsel_only": (flag, OPTIONAL),
    },
    "emergency_numbers": {
        "place": (text, REQUIRED),
        "number": (text, REQUIRED),
        "source": (text, REQUIRED),
        "checked_on": (day, REQUIRED),
    },
}


# Which field of which section names a row of which other.
_REFERS = (
    ("clocks", "calendar", "calendars"),
    ("phone_rules", "clock", "clocks"),
    ("mandated_reports", "clock", "clocks"),
    ("ladder", "review_clock", "clocks"),
)


def read_all(directory: Path) -> tuple[list[PackFile], list[Problem]]:
    """Read every <pack>/<version>.toml under `directory`, oldest first, with all that is wrong with them."""
    packs: list[PackFile] = []
    problems: list[Problem] = []
    for path in sorted(directory.glob("*/*.toml")):
        pack, wrong = read(path)
        problems += wrong
        if pack:
            packs.append(pack)
    if not packs and not problems:
        problems.append(_problem(directory, "directory", "path", "holds no <pack>/<version>.toml"))
    packs.sort(key=lambda pack: (pack.header["effective_from"], pack.header["name"]))
    return packs, problems + list(_across(packs))


def read(path: Path) -> tuple[PackFile | None, list[Problem]]:
    """Read one file. Return the pack, or None and what is wrong."""
    raw = path.read_bytes()
    try:
        data = tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return None, [_problem(path, "file", "syntax", str(error))]
    header, problems = _header(path, data)
    rows: dict[str, list[Values]] = {}
    for section, tables in data.items():
        if section == "pack":
            continue
        if section not in SECTIONS or not isinstance(tables, list):
            problems.append(_problem(path, section, "section", f"is [pack] or a list: {', '.join(SECTIONS)}"))
            continue
        rows[section], wrong = _rows(path, section, tables)
        problems += wrong
    problems += _within(path, rows)
    if problems:
        return None, problems
    return PackFile(
        path=path, header=header, rows=rows, digest=f"sha256:{hashlib.sha256(raw).hexdigest()}"
    ), []


def _header(path: Path, data: Values) -> tuple[Values, list[Problem]]:
    table = data.get("pack")
    header, wrong = read_row(HEADER, table if isinstance(table, dict) else {})
    problems = [_problem(path, "pack", field, message) for field, message in wrong]
    if not problems:
        local = ZoneInfo(header["time_zone"])
        for field in ("effective_from", "effective_until"):
            if field in header:
                header[field] = datetime.combine(header[field], time(), local).astimezone(UTC)
        for field, expected in (("name", path.parent.name), ("version", path.stem)):
            if header[field] != expected:
                problems.append(_problem(path, "pack", field, f"differs from the file's place, {expected}"))
    return header, problems


def _rows(path: Path, section: str, tables: list[Any]) -> tuple[list[Values], list[Problem]]:
    rows, problems = [], []
    for number, table in enumerate(tables, start=1):
        row, wrong = read_row(SECTIONS[section], table if isinstance(table, dict) else {})
        name = f"{section}[{number}] {row.get('id') or row.get('place') or ''}".strip()
        problems += [_problem(path, name, field, message) for field, message in wrong]
        rows.append(row)
    return rows, problems


def _within(path: Path, rows: Mapping[str, list[Values]]) -> Iterator[Problem]:
    keys = {
        "emergency_numbers": "place",
        "phone_rules": "priority",
        "ladder": "step",
        "process_gates": "process",
    }
    for section, tables in rows.items():
        for key in {"id", keys.get(section, "id")}:
            found = Counter(row[key] for row in tables if key in row)
            for value in (value for value, times in found.items() if times > 1):
                yield _problem(path, f"{section} {value}", key, "stands here twice")
    for row in rows.get("criteria", []):
        yield from (_problem(path, f"criteria {row.get('id', '')}", *wrong) for wrong in wrong_within(row))
    yield from _ladder(path, rows.get("ladder", []))
    for row in rows.get("clocks", []):
        counts_business_days = row.get("unit") == Unit.BUSINESS_DAYS
        if counts_business_days != ("calendar" in row):
            yield _problem(
                path, f"clocks {row.get('id', '')}", "calendar", "goes with business_days, and only there"
            )
    yield from _climbing(path, rows.get("escalation", []))


def _climbing(path: Path, rows: list[Values]) -> Iterator[Problem]:
    """The first step is at once, and each later than the one before it."""
    for row in rows:
        times = [step["after_minutes"] for step in row.get("steps", [])]
        if times and (times[0] != 0 or times != sorted(set(times))):
            name = f"escalation {row.get('id', '')}"
            yield _problem(
                path, name, "steps", "begin at 0 minutes, and each comes later than the one before"
            )


def _ladder(path: Path, rows: list[Values]) -> Iterator[Problem]:
    """What the ladder must keep: the order of the steps, and at most one of them at intake."""
    known = [row for row in rows if {"step", "order"} <= row.keys()]
    climbed = [row["step"] for row in sorted(known, key=lambda row: row["order"])]
    if climbed != [step for step in Step if step in climbed]:
        yield _problem(path, "ladder", "order", f"is that of {', '.join(Step)}")
    if sum(bool(row.get("on_intake")) for row in rows) > 1:
        yield _problem(path, "ladder", "on_intake", "stands at more than one step")


def _across(packs: list[PackFile]) -> Iterator[Problem]:
    """What one file cannot know: that ids are one pack's alone and that what it refers to exists."""
    owners: dict[tuple[str, str], str] = {}
    for pack in packs:
        for section, tables in pack.rows.items():
            for row in tables:
                key = row.get("id") or row["place"]
                if owners.setdefault((section, key), pack.header["name"]) != pack.header["name"]:
                    yield _problem(pack.path, f"{section} {key}", "id", "belongs to another pack")
    known = {
        section: {row["id"] for pack in packs for row in pack.rows.get(section, [])}
        for section in ("calendars", "clocks")
    }
    for pack in packs:
        for section, field, named in _REFERS:
            for row in pack.rows.get(section, []):
                if field in row and row[field] not in known[named]:
                    yield _problem(pack.path, f"{section} {row['id']}", field, "is in no pack")


def _problem(path: Path, row: str, field: str, message: str) -> Problem:
    return Problem(file=f"{path.parent.name}/{path.name}", row=row, field=field, message=message)
