"""A list of agencies as a file: the columns of the FBI's list of ORIs, as CSV. Pure: it reads and judges.

A row that is wrong is named by its line and field, never by what stands there.
"""

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from coordination.core.errors import InvalidInput

COLUMNS: Final = ("ori", "agency_name", "agency_type", "state", "county", "latitude", "longitude")
MOST_BYTES: Final = 32 * 1024 * 1024
_LONGEST: Final = {"ori": 60, "agency_name": 200, "agency_type": 60, "state": 100, "county": 100}
_ORI: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{5}([A-Z0-9]{2})?")  # NCIC: state, county, number
_DEGREES: Final = {"latitude": 90, "longitude": 180}


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One agency of a list; `key` is its identifier without spaces and signs."""

    line: int
    key: str
    identifier: str
    name: str
    agency_type: str
    region: str
    county: str
    latitude: float | None
    longitude: float | None


class Problem(NamedTuple):
    """What is wrong with a row: on which line (the head is line 1), in which field, and why."""

    line: int
    field: str
    why: str


def read(content: bytes, *, country: str) -> tuple[list[Listed], list[Problem]]:
    """Return the agencies of a file and what is wrong with the other rows.

    `content` is UTF-8, with or without a byte order mark. Raises InvalidInput naming `file` for what is no
    such list at all.
    """
    listed: dict[str, Listed] = {}
    problems: list[Problem] = []
    for line, cells in _rows(_text(content)):
        found = _listed(line, cells, country=country)
        if isinstance(found, Problem):
            problems.append(found)
        elif found.key in listed:
            problems.append(Problem(line, "ori", f"It stands on line {listed[found.key].line} already."))
        else:
            listed[found.key] = found
    if not listed and not problems:
        raise InvalidInput("file", "No agency stands in the file.")
    return list(listed.values()), problems


def bare(identifier: str) -> str:
    """Return what makes an identifier: letters and digits, in capitals. CO-012 is CO012 is co 012."""
    return "".join(each for each in identifier.upper() if each.isalnum())


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise InvalidInput("file", f"At most {MOST_BYTES // 1024 // 1024} MB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInput("file", f"The file is not UTF-8: line {line}.") from None


def _rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield each row that is not empty with its line; raise InvalidInput where columns are missing."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = [each.strip().lower() for each in next(reader, [])]
        missing = [each for each in COLUMNS if each not in head]
        if missing:
            raise InvalidInput("file", f"The first line lacks the columns {', '.join(missing)}.")
        line = reader.line_num + 1
        for row in reader:
            if any(cell.strip() for cell in row):
                cells = dict(zip(head, (cell.strip() for cell in row), strict=False))
                yield line, cells if len(row) == len(head) else {}
            line = reader.line_num + 1
    except csv.Error:
        raise InvalidInput("file", f"The file is no CSV from line {reader.line_num} on.") from None


def _listed(line: int, cells: Mapping[str, str], *, country: str) -> Listed | Problem:
    if not cells:
        return Problem(line, "row", "It has another number of cells than the first line.")
    said = {name: " ".join(cells[name].split()) for name in _LONGEST}
    for name, longest in _LONGEST.items():
        if len(said[name]) > longest or not said[name].isprintable():
            return Problem(line, name, f"At most {longest} printable characters.")
    key = bare(said["ori"])
    if not key or (country == "US" and not _ORI.fullmatch(key)):
        return Problem(line, "ori", "An ORI has 7 or 9 letters and digits, its state's two first.")
    if not said["agency_name"]:
        return Problem(line, "agency_name", "Something has to stand here.")
    places = {name: _degrees(cells[name], most) for name, most in _DEGREES.items()}
    for name, value in places.items():
        if value is not None and math.isnan(value):
            return Problem(line, name, f"Degrees from -{_DEGREES[name]} to {_DEGREES[name]}, or nothing.")
    return Listed(
        line=line,
        key=key,
        identifier=said["ori"].upper(),
        name=said["agency_name"],
        agency_type=said["agency_type"],
        region=said["state"],
        county=said["county"],
        **places,
    )


def _degrees(cell: str, most: int) -> float | None:
    """Return degrees, None for an empty cell, and not-a-number for anything else."""
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        return math.nan
    return value if abs(value) <= most else math.nan
