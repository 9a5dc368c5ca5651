"""What a verification of the ledger found: a line for each thing that is wrong, and what was read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong. `place` is where in the tree, from 0, or where it begins; None for elsewhere.

    `exact` is False where one of the entries from `place` to before `until` is wrong, and not told which.
    """

    what: str
    place: int | None = None
    until: int = 0

    @property
    def exact(self) -> bool:
        """Whether the entry is known."""
        return not self.until

    def __str__(self) -> str:
        if self.place is None:
            return self.what
        named = f"place {self.place}" if self.exact else f"places {self.place} to {self.until - 1}"
        return f"{named}: {self.what}"


Found: TypeAlias = Callable[[Finding], None]
Tell: TypeAlias = Callable[[int, int], None]


@dataclass
class Outcome:
    """What was read and what was wrong. `anchored` entries from the first are under a time stamp that holds.

    `unchecked` time stamps could not be checked, because of `why`; their bytes are those that were kept.
    `first` is the finding of the smallest place, or the first one of all where none has a place.
    """

    tell: Found
    signed: int = 0
    waiting: int = 0
    anchored: int = 0
    unchecked: int = 0
    why: str = ""
    read: dict[str, int] = field(default_factory=dict)
    wrong: int = 0
    first: Finding | None = None
    last_exact: int = -1

    @property
    def unanchored(self) -> int:
        """How many entries no time stamp covers, those that wait too."""
        return max(0, self.signed - self.anchored) + self.waiting

    def count(self, what: str) -> None:
        """Count a row of a kind."""
        self.read[what] = self.read.get(what, 0) + 1

    def add(self, finding: Finding) -> None:
        """Take a finding, and tell it at once: there may be millions."""
        self.wrong += 1
        if finding.place is not None and finding.exact:
            self.last_exact = max(self.last_exact, finding.place)
        if self.first is None or _rank(finding) < _rank(self.first):
            self.first = finding
        self.tell(finding)


def counted(number: int, what: str) -> str:
    """Return the number and what it counts, given in the plural: `1 entry`, `2,000 entries`."""
    one = "entry" if what == "entries" else what.removesuffix("s")
    return f"{number:,} {one if number == 1 else what}"


def _rank(finding: Finding) -> tuple[bool, int]:
    return finding.place is None, finding.place or 0
