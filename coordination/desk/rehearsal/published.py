"""The tables of a half-year as a platform publishes them: four CSV files, read as untidy as they come."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Final

from coordination.core.errors import InvalidInput

REQUESTS: Final = "requests_received_and_disclosed"
ACCOUNTS: Final = "requests_accounts_affected"
COUNTRIES: Final = "cross_border_data_requests"
NOTICES: Final = "user_notifications_of_legal_request_disclosures"
_COLUMNS: Final = {
    REQUESTS: ("year", "half", "type", "count_requests_received", "count_disclosed"),
    ACCOUNTS: ("year", "half", "count_accounts_affected"),
    COUNTRIES: ("year", "half", "government", "government_iso2_code", "count"),
    NOTICES: ("year", "half", "type", "count"),
}
_ENDING: Final = "_by_calendar_year_half.csv"


@dataclass(frozen=True, kw_only=True)
class HalfYear:
    """What was published of one half-year; a table, or a cell, that has nothing is None or not there."""

    year: int
    half: int
    received: Mapping[str, int | None] | None = None
    disclosed: Mapping[str, int | None] = field(default_factory=dict)
    accounts: int | None = None
    countries: Mapping[str, int | None] | None = None
    notices: Mapping[str, int | None] | None = None

    @property
    def missing(self) -> list[str]:
        """The tables in which the half-year does not stand."""
        tables = {
            REQUESTS: self.received,
            ACCOUNTS: self.accounts,
            COUNTRIES: self.countries,
            NOTICES: self.notices,
        }
        return [name for name, table in tables.items() if table is None]


def read(folder: Path, *, year: int, half: int) -> HalfYear:
    """Return a half-year from the four files in a folder.

    Spaces, capitals, a byte order mark and thousands separators are passed over. Raises InvalidInput naming
    the file, the line and the column of what cannot be read.
    """
    rows = {name: list(_rows(folder, name, year, half)) for name in _COLUMNS}
    accounts = [_count(row, "count_accounts_affected") for row in rows[ACCOUNTS]]
    return HalfYear(
        year=year,
        half=half,
        received=_table(rows[REQUESTS], "type", "count_requests_received"),
        disclosed=_table(rows[REQUESTS], "type", "count_disclosed") or {},
        accounts=accounts[0] if len(accounts) == 1 else None,
        countries=_table(rows[COUNTRIES], "government_iso2_code", "count"),
        notices=_table(rows[NOTICES], "type", "count"),
    )


@dataclass(frozen=True)
class _Row:
    """One line of a file, by tidy column names."""

    place: str
    cells: Mapping[str, str]


def _rows(folder: Path, name: str, year: int, half: int) -> Iterator[_Row]:
    path = folder / f"{name}{_ENDING}"
    if not path.is_file():
        raise InvalidInput("data", f"There is no file {path.name} in {folder}.")
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file, skipinitialspace=True)
        columns = [_tidy(each) for each in next(lines, [])]
        for column in _COLUMNS[name]:
            if column not in columns:
                raise InvalidInput("data", f"{path.name} has no column {column}.")
        for cells in lines:
            if not any(each.strip() for each in cells):
                continue
            # A short line lacks its last cells.
            row = _Row(f"{path.name}, line {lines.line_num}", dict(zip_longest(columns, cells, fillvalue="")))
            if (_count(row, "year"), _count(row, "half")) == (year, half):
                yield row


def _table(rows: list[_Row], key: str, value: str) -> dict[str, int | None] | None:
    found: dict[str, int | None] = {}
    for row in rows:
        name = _tidy(row.cells[key])
        if not name:
            raise InvalidInput("data", f"{row.place}: {key} is empty.")
        if name in found:
            raise InvalidInput("data", f"{row.place}: {name} stands there twice.")
        found[name] = _count(row, value)
    return found or None


def _count(row: _Row, column: str) -> int | None:
    """Return a whole number, None for an empty cell."""
    said = row.cells[column].strip().replace(",", "").replace("\u00a0", "")
    if not said:
        return None
    if not (said.isascii() and said.isdigit()):
        raise InvalidInput("data", f"{row.place}: {column} is no whole number.")
    return int(said)


def _tidy(value: str) -> str:
    return " ".join(value.split()).casefold()
