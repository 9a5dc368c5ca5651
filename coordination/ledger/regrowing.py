"""The tree grown anew from the entries that were read again, held against its stored tiles."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from coordination.ledger import rereading
from coordination.ledger.findings import Finding
from coordination.ledger.frontier import HEIGHT, WIDTH, Frontier, FullTile
from coordination.ledger.merkle import HASH_BYTES

# Stands where an entry is gone.
GONE: Final = bytes(HASH_BYTES)


@dataclass(frozen=True)
class Doubt:
    """A tile has other hashes than the entries: `count` of them, from `place` on. A checkpoint will tell."""

    tile: str
    place: int
    count: int


@dataclass
class Tiles:
    """The stored tiles of each level, in their order."""

    streams: dict[int, Iterator[tuple[Any, ...]]] = field(default_factory=dict)
    ahead: dict[int, tuple[Any, ...] | None] = field(default_factory=dict)
    taken: int = 0

    def peek(self, level: int) -> tuple[Any, ...] | None:
        """Return (number, hashes, root) of the next tile of a level; None after the last."""
        if level not in self.streams:
            self.streams[level] = rereading.tiles(level)
            self.ahead[level] = next(self.streams[level], None)
        return self.ahead[level]

    def take(self, level: int, number: int) -> tuple[bytes, bytes] | None:
        """Return (hashes, root) of the next tile of a level, None where it is not there."""
        found = self.peek(level)
        if found is None or found[0] != number:
            return None
        self.taken += 1
        self.ahead[level] = next(self.streams[level], None)
        return found[1], found[2]

    def rest(self) -> Iterator[str]:
        """Yield the tiles that nobody took: the tree has no such tiles."""
        for level in rereading.levels():
            waiting = self.ahead.get(level)
            stream = self.streams.get(level) or rereading.tiles(level)
            for number, *_ in [waiting] if waiting else []:
                yield f"{level}/{number}"
            if level not in self.streams or waiting:
                yield from (f"{level}/{number}" for number, *_ in stream)


@dataclass
class Regrown:
    """The tree as the entries make it and, from where they part, as the tiles have it too.

    `row` are the hashes since the last whole tile. `kept` lets one wrong entry be one finding: with the hash
    that its tile has for it, every checkpoint after it still holds.
    """

    tiles: Tiles = field(default_factory=Tiles)
    told: Frontier = field(default_factory=Frontier)
    kept: Frontier | None = None
    row: list[bytes] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)

    def root(self) -> bytes:
        """Return the root as the entries make it."""
        return _root(self.told, self.row)

    def kept_root(self) -> bytes:
        """Return the root as the tiles have it, that of the unfinished row too."""
        found = self.tiles.peek(0)
        ours = found is not None and found[0] == self.told.size >> HEIGHT
        row = _hashes(found[1], self.row)[: len(self.row)] if found and ours else self.row
        return _root(self.kept or self.told, row)

    def close(self, known: set[int]) -> Iterator[Finding]:
        """Put a full row into the tree, and yield what is wrong with the tiles that it fills.

        `known` are places of which something was found already.
        """
        number = self.told.size >> HEIGHT
        before = [[], *([*level] for level in self.told.levels[1:])]
        made = list(self.told.grow(self.row))
        stored = self.tiles.take(0, number)
        hashes = _hashes(stored[0], self.row) if stored else self.row
        if hashes != self.row:
            self.kept = self.kept or Frontier(size=number << HEIGHT, levels=before)
            self._doubt(number, hashes, known)
        theirs = list(self.kept.grow(hashes)) if self.kept else made
        yield from _compared(stored, theirs[0])
        for mine, their in zip(made[1:], theirs[1:], strict=True):
            stored = self.tiles.take(mine.level, mine.number)
            if stored != (b"".join(mine.hashes), mine.root):
                yield from _compared(stored, their)
        self.row.clear()

    def _doubt(self, number: int, hashes: list[bytes], known: set[int]) -> None:
        first = number << HEIGHT
        pairs = enumerate(zip(hashes, self.row, strict=True), first)
        places = [place for place, (kept, told) in pairs if kept != told and place not in known]
        if places:
            self.doubts.append(Doubt(f"0/{number}", places[0], len(places)))


def _root(frontier: Frontier, row: list[bytes]) -> bytes:
    return Frontier(levels=[row, *frontier.levels[1:]]).root()


def _hashes(raw: bytes, row: list[bytes]) -> list[bytes]:
    """Return the hashes of a stored tile; those of the row where it has another size."""
    if len(raw) != WIDTH * HASH_BYTES:
        return row
    return [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]


def _compared(stored: tuple[bytes, bytes] | None, made: FullTile) -> Iterator[Finding]:
    name = f"tile {made.level}/{made.number}"
    if stored is None:
        yield Finding(what=f"{name} is gone")
    elif stored[0] != b"".join(made.hashes):
        yield Finding(what=f"{name} has other hashes than what is below it")
    elif stored[1] != made.root:
        yield Finding(what=f"{name} has another root than its hashes make")
