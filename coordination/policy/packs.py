"""Pack files: TOML that counsel can read, checked field by field; a problem names its file, row and field."""

import hashlib
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from coordination.core import clock
from coordination.policy.workflow import DataCategory, FlagCategory, Place, RecipientClass, Unit

Check = Callable[[Any], Any]
Values = dict[str, Any]


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


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("is text and not empty")
    return " ".join(value.split()) if "\n\n" not in value else value.strip()


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is true or false")  # noqa: TRY004 - one error for every wrong value
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("is a whole number above zero")
    return value


def _day(value: Any) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError("is a date, such as 2026-01-01")  # noqa: TRY004 - as above
    return value


def _zone(value: Any) -> str:
    if value not in clock.zones():
        raise ValueError("is a time zone, such as Europe/Brussels")
    return str(value)


def _one_of(words: type[StrEnum], value: Any) -> str:
    if value not in [*words]:
        raise ValueError(f"is one of {', '.join(words)}")
    return str(value)


def _some_of(words: type[StrEnum], value: Any) -> list[str]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"is a list of one or more of {', '.join(words)}")
    chosen = [_one_of(words, word) for word in value]
    if len(set(chosen)) < len(chosen):
        raise ValueError("names something twice")
    return chosen


def _list_of(fields: dict[str, tuple[Check, bool]], value: Any) -> list[Values]:
    if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
        raise ValueError(f"is a list of tables with {', '.join(fields)}")
    rows = []
    for number, each in enumerate(value, start=1):
        row, wrong = _row(fields, each)
        if wrong:
            raise ValueError("; ".join(f"entry {number}, {field}: {message}" for field, message in wrong))
        rows.append(row)
    return rows


REQUIRED, OPTIONAL = True, False
Fields = dict[str, tuple[Check, bool]]

_ROW: Fields = {
    "id": (_text, REQUIRED),
    "citation": (_text, REQUIRED),
    "note": (_text, OPTIONAL),
    "counsel_confirm": (_flag, OPTIONAL),
}
_SECTION: Fields = {"id": (_text, REQUIRED), "heading": (_text, REQUIRED), "text": (_text, REQUIRED)}
_HOLIDAY: Fields = {"day": (_day, REQUIRED), "name": (_text, REQUIRED)}

HEADER: Fields = {
    "name": (_text, REQUIRED),
    "title": (_text, REQUIRED),
    "jurisdiction": (_text, REQUIRED),
    "version": (_text, REQUIRED),
    "time_zone": (_zone, REQUIRED),
    "effective_from": (_day, REQUIRED),
    "effective_until": (_day, OPTIONAL),
}
SECTIONS: Mapping[str, Fields] = {
    "legal_bases": {
        **_ROW,
        "title": (_text, REQUIRED),
        "statute": (_text, REQUIRED),
        "data_categories": (partial(_some_of, DataCategory), REQUIRED),
        "recipient_classes": (partial(_some_of, RecipientClass), REQUIRED),
        "requires_emergency": (_flag, OPTIONAL),
        "requires_consent": (_flag, OPTIONAL),
        "needs_counsel": (_flag, OPTIONAL),
    },
    "clocks": {
        **_ROW,
        "trigger": (_text, REQUIRED),
        "applies_to": (_text, REQUIRED),
        "wording": (_text, OPTIONAL),
        "amount": (_count, REQUIRED),
        "unit": (partial(_one_of, Unit), REQUIRED),
        "calendar": (_text, OPTIONAL),
        "in_force_from": (_day, OPTIONAL),
    },
    "calendars": {
        **_ROW,
        "covers_until": (_day, REQUIRED),
        "holidays": (partial(_list_of, _HOLIDAY), REQUIRED),
    },
    "criteria": {
        **_ROW,
        "version": (_text, REQUIRED),
        "high_severity_categories": (partial(_some_of, FlagCategory), REQUIRED),
        "sections": (partial(_list_of, _SECTION), REQUIRED),
    },
    "routing": {**_ROW, "order": (partial(_some_of, Place), REQUIRED), "fallback": (_text, REQUIRED)},
    "phone_rules": {
        **_ROW,
        "priority": (_text, REQUIRED),
        "clock": (_text, REQUIRED),
        "title": (_text, REQUIRED),
        "script": (_text, REQUIRED),
    },
    "emergency_numbers": {
        "place": (_text, REQUIRED),
        "number": (_text, REQUIRED),
        "source": (_text, REQUIRED),
        "checked_on": (_day, REQUIRED),
    },
}


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
    header, wrong = _row(HEADER, table if isinstance(table, dict) else {})
    problems = [_problem(path, "pack", field, message) for field, message in wrong]
    if not problems:
        zone = ZoneInfo(header["time_zone"])
        for field in ("effective_from", "effective_until"):
            if field in header:
                header[field] = datetime.combine(header[field], time(), zone).astimezone(UTC)
        for field, expected in (("name", path.parent.name), ("version", path.stem)):
            if header[field] != expected:
                problems.append(_problem(path, "pack", field, f"differs from the file's place, {expected}"))
    return header, problems


def _rows(path: Path, section: str, tables: list[Any]) -> tuple[list[Values], list[Problem]]:
    rows, problems = [], []
    for number, table in enumerate(tables, start=1):
        row, wrong = _row(SECTIONS[section], table if isinstance(table, dict) else {})
        name = f"{section}[{number}] {row.get('id') or row.get('place') or ''}".strip()
        problems += [_problem(path, name, field, message) for field, message in wrong]
        rows.append(row)
    return rows, problems


def _row(fields: Fields, table: Values) -> tuple[Values, list[tuple[str, str]]]:
    values: Values = {}
    # A misspelt requires_consent would otherwise be a gate that stands open.
    wrong = [(field, "is not a field here") for field in table if field not in fields]
    for field, (check, required) in fields.items():
        if field not in table:
            wrong += [(field, "is missing")] if required else []
            continue
        try:
            values[field] = check(table[field])
        except ValueError as error:
            wrong.append((field, str(error)))
    return values, wrong


def _within(path: Path, rows: Mapping[str, list[Values]]) -> Iterator[Problem]:
    keys = {"emergency_numbers": "place", "phone_rules": "priority"}
    for section, tables in rows.items():
        for key in {"id", keys.get(section, "id")}:
            found = Counter(row[key] for row in tables if key in row)
            for value in (value for value, times in found.items() if times > 1):
                yield _problem(path, f"{section} {value}", key, "stands here twice")
    for row in rows.get("clocks", []):
        counts_business_days = row.get("unit") == Unit.BUSINESS_DAYS
        if counts_business_days != ("calendar" in row):
            yield _problem(
                path, f"clocks {row.get('id', '')}", "calendar", "goes with business_days, and only there"
            )


def _across(packs: list[PackFile]) -> Iterator[Problem]:
    """What one file cannot know: that ids are one pack's alone and that what it refers to exists."""
    calendars = {row["id"] for pack in packs for row in pack.rows.get("calendars", [])}
    clocks = {row["id"] for pack in packs for row in pack.rows.get("clocks", [])}
    owners: dict[tuple[str, str], str] = {}
    for pack in packs:
        for section, tables in pack.rows.items():
            for row in tables:
                key = row.get("id") or row["place"]
                if owners.setdefault((section, key), pack.header["name"]) != pack.header["name"]:
                    yield _problem(pack.path, f"{section} {key}", "id", "belongs to another pack")
        for row in pack.rows.get("clocks", []):
            if "calendar" in row and row["calendar"] not in calendars:
                yield _problem(pack.path, f"clocks {row['id']}", "calendar", "is in no pack")
        for row in pack.rows.get("phone_rules", []):
            if row["clock"] not in clocks:
                yield _problem(pack.path, f"phone_rules {row['id']}", "clock", "is in no pack")


def _problem(path: Path, row: str, field: str, message: str) -> Problem:
    return Problem(file=f"{path.parent.name}/{path.name}", row=row, field=field, message=message)
