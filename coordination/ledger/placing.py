"""Each place of the tree in its order, with what stands there, and each checkpoint where it was signed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from coordination.ledger import rereading
from coordination.ledger.entries import leaf_hash
from coordination.ledger.findings import Finding, Outcome, Tell
from coordination.ledger.frontier import WIDTH
from coordination.ledger.regrowing import GONE, Regrown


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What a checkpoint says: the tree of `size` entries has this root. `elsewhere` where we do not keep it.

    No root where the note does not hold, which is a finding already: a batch of entries ended there.
    """

    size: int
    root: bytes
    name: str
    elsewhere: bool = False


@dataclass
class Places:
    """One walk from place 0 to the last. `stops` are checkpoints by size; `good` the last that held."""

    outcome: Outcome
    tell: Tell
    stops: Iterator[Signed]
    grown: Regrown = field(default_factory=Regrown)
    ahead: Signed | None = None
    last_id: int = 0
    good: int = 0
    broken: int = 0
    known: set[int] = field(default_factory=set)

    def check(self) -> None:
        """Walk. The loop is what a verification takes its time for."""
        self.ahead = next(self.stops, None)
        row, expected, stop, seen = self.grown.row, 0, self._stop_after(0), 0
        for place, leaf_id, entry, kept, at, action, subject in rereading.placed():
            seen += 1
            if place != expected:
                if place < expected:
                    self._found(f"a second entry stands here, leaf {leaf_id}", place)
                    continue
                expected, stop = self._nothing(expected, place, stop)
            if entry is None:
                hashed, wrong = GONE, "the entry is gone"
            else:
                hashed = leaf_hash(entry)
                right = hashed == kept
                wrong = rereading.unreadable(entry, at, action, subject) if right else rereading.OTHER_HASH
            if wrong:
                self._found(f"{wrong} (leaf {leaf_id})", place)
            if leaf_id < self.last_id:
                self._found("this entry and the next are in another order than they were given", place - 1)
            self.last_id = leaf_id
            row.append(hashed)
            expected += 1
            if expected == stop:
                stop = self._stop(expected)
        self.outcome.read["entries"] = seen
        self._end(expected, stop)

    def _nothing(self, first: int, place: int, stop: int) -> tuple[int, int]:
        """Go on from `first` to `place` over what is not there, as far as it was signed."""
        until = max(first, min(place, self.outcome.signed))
        more = f", nor up to place {place - 1}" if place - first > 1 else ""
        self._found(f"no entry stands here{more}", first)
        for each in range(first, until):
            self.known.add(each)
            self.grown.row.append(GONE)
            if each + 1 == stop:
                stop = self._stop(stop)
        self.last_id = 0
        return place, stop if until == place else self._stop_after(place)

    def _end(self, expected: int, stop: int) -> None:
        signed = self.outcome.signed
        if expected < signed:
            self._nothing(expected, signed, stop)
        elif expected > signed:
            self._found("from here on, entries have a place that no checkpoint signed", signed)
        if self.broken > 1:
            self.outcome.add(Finding(what=f"{self.broken - 1} later checkpoints do not hold either"))
        self._settle(entries_wrong=True, why="its tile has another hash for it")
        for tile in self.grown.tiles.rest():
            self.outcome.add(Finding(what=f"tile {tile} belongs to no tree"))
        self.outcome.read["tiles"] = self.grown.tiles.taken

    def _stop(self, size: int) -> int:
        """Hold the tree of this size against its tiles and checkpoints; return where to stop next."""
        if size % WIDTH == 0:
            for finding in self.grown.close(self.known):
                self.outcome.add(finding)
            self.known.clear()
        while self.ahead is not None and self.ahead.size <= size:
            self._compare(self.ahead)
            self.ahead = next(self.stops, None)
            self.last_id = 0
        self.tell(size, self.outcome.signed)
        return self._stop_after(size)

    def _stop_after(self, size: int) -> int:
        whole = size - size % WIDTH + WIDTH
        return min(whole, self.ahead.size) if self.ahead is not None else whole

    def _compare(self, signed: Signed) -> None:
        if not signed.root:
            return
        told = signed.root == self.grown.root()
        if told or signed.root == self.grown.kept_root():
            self._settle(entries_wrong=not told, why="it is not the entry that was signed here")
            self.good = signed.size
        elif signed.elsewhere:
            what = f"the first {signed.size} entries are not those that {signed.name} was signed over"
            self.outcome.add(Finding(what=what))
        else:
            self.broken += 1
            if self.broken == 1:
                self._break(signed)

    def _break(self, signed: Signed) -> None:
        what = f"{signed.name} does not hold"
        if self.outcome.last_exact >= self.good or self.grown.doubts:
            self.outcome.add(Finding(what=what))
        else:
            one = f"{what}, so that one of these entries is not what was signed"
            self.outcome.add(Finding(what=one, place=self.good, until=signed.size))

    def _settle(self, *, entries_wrong: bool, why: str) -> None:
        """Say of what entries and tiles disagreed on which of them is wrong."""
        for doubt in self.grown.doubts:
            if entries_wrong:
                more = f", nor are {doubt.count - 1} more in its tile" if doubt.count > 1 else ""
                self._found(why + more, doubt.place)
            else:
                what = f"tile {doubt.tile} has other hashes than the entries from place {doubt.place} on"
                self.outcome.add(Finding(what=what))
        self.grown.doubts.clear()

    def _found(self, what: str, place: int) -> None:
        self.known.add(place)
        self.outcome.add(Finding(what=what, place=place))
