"""What a field of a policy row may hold: one check for each kind of value, and one for a row of them.

A check returns the value as it is kept, or raises ValueError with what the field must be.
"""

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from coordination.core import clock

Check = Callable[[Any], Any]
Values = dict[str, Any]
REQUIRED, OPTIONAL = True, False
# Whom a step may page, and whether that needs a name.
WHOM = {"queue": False, "on_call": True, "role": True, "person": True}
Fields = dict[str, tuple[Check, bool]]


def text(value: Any) -> str:
    """Return text without line breaks; one of several paragraphs keeps them."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("is text and not empty")
    return " ".join(value.split()) if "\n\n" not in value else value.strip()


def flag(value: Any) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise ValueError("is true or false")  # noqa: TRY004 - one error for every wrong value
    return value


def count(value: Any) -> int:
    """Return a whole number above zero."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("is a whole number above zero")
    return value


def minutes(value: Any) -> int:
    """Return a whole number, none below zero."""
    return 0 if value == 0 and isinstance(value, int) and not isinstance(value, bool) else count(value)


def texts(value: Any) -> list[str]:
    """Return one or more texts, none twice."""
    if not isinstance(value, list) or not value:
        raise ValueError("is a list of one or more texts")
    found = [text(each) for each in value]
    if len(set(found)) < len(found):
        raise ValueError("names something twice")
    return found


def whom(value: Any) -> list[str]:
    """Return whom a step pages, each `queue` or a kind, a colon and a name, as in `on_call:first`."""
    found = texts(value)
    for each in found:
        kind, _, name = each.partition(":")
        if (kind not in WHOM) or bool(name) != WHOM[kind]:
            raise ValueError("is queue, on_call:SCHEDULE, role:ROLE or person:USERNAME")
    return found


def day(value: Any) -> date:
    """Return a date."""
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError("is a date, such as 2026-01-01")  # noqa: TRY004 - as above
    return value


def zone(value: Any) -> str:
    """Return the name of a time zone."""
    if value not in clock.zones():
        raise ValueError("is a time zone, such as Europe/Brussels")
    return str(value)


def one_of(words: type[StrEnum], value: Any) -> str:
    """Return one of `words`."""
    if value not in [*words]:
        raise ValueError(f"is one of {', '.join(words)}")
    return str(value)


def some_of(words: type[StrEnum], value: Any) -> list[str]:
    """Return one or more of `words`, none twice."""
    if not isinstance(value, list) or not value:
        raise ValueError(f"is a list of one or more of {', '.join(words)}")
    chosen = [one_of(words, word) for word in value]
    if len(set(chosen)) < len(chosen):
        raise ValueError("names something twice")
    return chosen


def list_of(fields: Fields, value: Any) -> list[Values]:
    """Return a list of rows of `fields`, at least one."""
    if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
        raise ValueError(f"is a list of tables with {', '.join(fields)}")
    rows = []
    for number, each in enumerate(value, start=1):
        row, wrong = read_row(fields, each)
        if wrong:
            raise ValueError("; ".join(f"entry {number}, {field}: {message}" for field, message in wrong))
        rows.append(row)
    return rows


def read_row(fields: Fields, table: Values) -> tuple[Values, list[tuple[str, str]]]:
    """Return the checked values of a row, and what is wrong as pairs of field and message."""
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


def coded(row: Values) -> Values:
    """Return the row as a table keeps it: a file says id; a table says code, since its own id is a number."""
    return {("code" if field == "id" else field): value for field, value in row.items()}
