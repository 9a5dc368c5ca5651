"""What was produced beside what was published, line by line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from coordination.datarequests.figures import Published
from coordination.desk.rehearsal.acting import EXIGENT
from coordination.desk.rehearsal.kinds import ABROAD, kinds_of
from coordination.desk.rehearsal.published import HalfYear

HOME = "US"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One count: `expected` is None where nothing was published to hold it to."""

    what: str
    expected: int | None
    produced: int

    @property
    def holds(self) -> bool:
        """Whether it is as published, or nothing was."""
        return self.expected is None or self.expected == self.produced


def compare(half: HalfYear, found: Published) -> list[Line]:
    """Return every published count of a half-year beside ours."""
    return list(_lines(half, found))


def _lines(half: HalfYear, found: Published) -> Iterator[Line]:
    received = half.received or {}
    for name, kind in kinds_of(received).items():
        for what, expected, counts in (
            ("received", received[name], found.received),
            ("disclosed", half.disclosed.get(name), found.disclosed),
        ):
            ours = sum(counts.get(each, 0) for each in kind.processes)
            yield Line(what=f"{name}: {what}", expected=expected, produced=ours)
    yield Line(what="accounts affected", expected=half.accounts, produced=found.accounts)
    abroad = {code.casefold(): number for code, number in found.countries.items() if code != HOME}
    for code in sorted({*(half.countries or {}), *abroad}):
        expected = None if half.countries is None else half.countries.get(code, 0)
        yield Line(what=f"cross-border: {code.upper()}", expected=expected, produced=abroad.get(code, 0))
    together = None if half.countries is None else sum(each or 0 for each in half.countries.values())
    ours = sum(found.received.get(each, 0) for each in ABROAD.processes)
    yield Line(what="cross-border: all countries", expected=together, produced=ours)
    notices, exigent = half.notices, found.silent[EXIGENT]
    yield Line(what="users notified", expected=_of(notices, "notification"), produced=found.notified)
    yield Line(what="gagged", expected=_of(notices, "gag order"), produced=found.gagged)
    yield Line(what="exigent", expected=_of(notices, "exigent circumstances"), produced=exigent)
    yield Line(what="not stated", expected=_not_stated(half), produced=found.silent.total() - exigent)


def _of(table: Mapping[str, int | None] | None, name: str) -> int | None:
    return None if table is None else table.get(name, 0)


def _not_stated(half: HalfYear) -> int | None:
    """Return how many disclosures are neither notified nor gagged nor exigent."""
    if half.notices is None:
        return None
    disclosed, stated = half.disclosed.values(), half.notices.values()
    return sum(each or 0 for each in disclosed) - sum(each or 0 for each in stated)
