"""The right edge of a growing tree, in tiles of 256 hashes as C2SP tlog-tiles has them.

A tile of level 0 holds the hashes of 256 leaves, one of level 1 the roots of 256 tiles below it, and so on. A
tile is stored once it is full and then never changes; what is not full yet is read from the level below.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from coordination.ledger import merkle

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT


@dataclass(frozen=True, kw_only=True)
class FullTile:
    """A full tile: `number` counts those of its level from the left."""

    level: int
    number: int
    hashes: tuple[bytes, ...]

    @cached_property
    def root(self) -> bytes:
        """The root of its hashes."""
        return merkle.root(self.hashes)


@dataclass
class Frontier:
    """The hashes of each level that stand in no full tile yet, from level 0 upwards."""

    size: int = 0
    levels: list[list[bytes]] = field(default_factory=list)

    def grow(self, hashes: Sequence[bytes]) -> Iterator[FullTile]:
        """Append leaves, and yield each tile that they fill, with those above it. Use up the iterator."""
        taken = 0
        while taken < len(hashes):
            some = hashes[taken : taken + WIDTH - self.size % WIDTH]
            self._level(0).extend(some)
            taken += len(some)
            self.size += len(some)
            yield from self._filled()

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        edge: list[bytes] = []
        for row in self.levels:
            edge = [merkle.root(row + edge)] if row or edge else []
        return edge[0] if edge else merkle.EMPTY

    def _level(self, level: int) -> list[bytes]:
        while len(self.levels) <= level:
            self.levels.append([])
        return self.levels[level]

    def _filled(self) -> Iterator[FullTile]:
        level = 0
        while len(self._level(level)) == WIDTH:
            number = (self.size >> HEIGHT * (level + 1)) - 1
            tile = FullTile(level=level, number=number, hashes=tuple(self.levels[level]))
            self.levels[level].clear()
            level += 1
            self._level(level).append(tile.root)
            yield tile
