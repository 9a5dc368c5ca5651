"""The stored tree: its frontier, and any part of it from the tiles. Reads only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connections, router
from django.db.models import Max

from coordination.core.errors import CoordinationError
from coordination.ledger import merkle, models
from coordination.ledger.frontier import HEIGHT, WIDTH, Frontier
from coordination.ledger.merkle import HASH_BYTES


class LedgerBroken(CoordinationError):
    """The stored tree is not what it was. Nothing more joins it; run ledger_verify."""


def size() -> int:
    """Return how many leaves have their place in the tree."""
    last = models.Sequence.objects.aggregate(last=Max("index"))["last"]
    return 0 if last is None else last + 1


def frontier(at: int) -> Frontier:
    """Return the right edge of the tree when it had `at` leaves."""
    levels = []
    stored = Stored()
    for level in range(max(1, -(-at.bit_length() // HEIGHT))):
        count = at >> HEIGHT * level
        levels.append(list(stored.row(level, count - count % WIDTH, count % WIDTH)))
    return Frontier(size=at, levels=levels)


@dataclass
class Stored:
    """Reads hashes of the stored tree, each part once: some tiles for a proof, whatever the tree's size."""

    tiles: dict[tuple[int, int], Sequence[bytes]] = field(default_factory=dict)

    def subtree(self, first: int, count: int) -> bytes:
        """Return the root over `count` leaves from `first` (merkle.Subtree)."""
        edge: list[bytes] = []
        level = 0
        # From below: what is not a whole tile goes up as one root, and so does what is whole, a level higher.
        while count >= WIDTH:
            tail = count % WIDTH
            row = list(self.row(level, first + count - tail, tail)) + edge
            edge = [merkle.root(row)] if row else []
            first, count, level = first >> HEIGHT, count >> HEIGHT, level + 1
        return merkle.root(list(self.row(level, first, count)) + edge)

    def row(self, level: int, first: int, count: int) -> Sequence[bytes]:
        """Return `count` neighbouring hashes of a level, which lie in one tile."""
        if not count:
            return []
        number, offset = divmod(first, WIDTH)
        if (level, number) not in self.tiles:
            self.tiles[level, number] = self._read(level, number)
        found = self.tiles[level, number][offset : offset + count]
        if len(found) != count:
            raise LedgerBroken(f"Hashes of level {level} are missing from {first} on.")
        return found

    def _read(self, level: int, number: int) -> Sequence[bytes]:
        found = models.Tile.objects.filter(level=level, number=number)
        whole = found.values_list("hashes", flat=True).first()
        if whole is not None:
            raw = bytes(whole)
            return [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]
        return _leaves(number) if level == 0 else _roots(level, number)


def _leaves(number: int) -> list[bytes]:
    with connections[router.db_for_read(models.Sequence)].cursor() as cursor:
        cursor.execute(_LEAVES, [number * WIDTH, (number + 1) * WIDTH])
        return _unbroken(cursor.fetchall(), number * WIDTH)


def _roots(level: int, number: int) -> list[bytes]:
    first = number * WIDTH
    found = models.Tile.objects.filter(level=level - 1, number__gte=first, number__lt=first + WIDTH)
    return _unbroken(found.order_by("number").values_list("number", "root"), first)


def _unbroken(rows: Iterable[tuple[int, Any]], first: int) -> list[bytes]:
    """Return the hashes up to the first that is missing."""
    return [bytes(each) for place, (at, each) in enumerate(rows, first) if place == at]


_LEAVES = """
    SELECT s.index, l.leaf_hash FROM ledger_sequence s JOIN ledger_leaf l ON l.id = s.leaf_id
    WHERE s.index >= %s AND s.index < %s ORDER BY s.index
"""
