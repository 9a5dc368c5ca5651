"""The sequencer: gives the leaves that wait their places in the tree, and signs the tree that they make.

It finds them by their state, a row in ledger_pending, never by "id > last seen": a transaction that commits
late has waiting rows with small numbers. Business transactions only insert and wait for nobody; sequencers
exclude one another by an advisory lock. A batch is one transaction: places, tiles and checkpoint, or nothing.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.db import connections, router, transaction
from django.db.backends.utils import CursorWrapper

from coordination.core import clock
from coordination.ledger import keys, merkle, notes, tree
from coordination.ledger.frontier import Frontier, FullTile
from coordination.ledger.models import Checkpoint, Leaf
from coordination.ledger.tree import LedgerBroken

BATCH: Final = 10_000
LOCK: Final = "coordination.ledger.sequencing"

Stop = Callable[[], bool]


def sequence_all(*, seconds: float = 50.0, stop: Stop = lambda: False, batch: int = BATCH) -> int:
    """Sequence until nothing waits, the time is up, or `stop` says so; return how many found a place."""
    limit = time.monotonic() + seconds
    done = 0
    while not stop() and time.monotonic() < limit:
        count = sequence(most=batch)
        done += count
        if count < batch:
            break
    return done


def sequence(*, most: int = BATCH) -> int:
    """Give up to `most` waiting leaves their places and sign the new tree; return how many.

    0 too where another sequencer is at work. Raises LedgerBroken where the stored tree is not the one that
    was signed last: a new signature over a changed tree would cover the change up.
    """
    using = router.db_for_write(Leaf)
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        edge = _signed_edge()
        cursor.execute(_TAKE, [edge.size, most])
        hashes = [bytes(row[0]) for row in cursor.fetchall()]
        if hashes:
            _insert_tiles(cursor, list(edge.grow(hashes)))
            _sign(cursor, edge)
        return len(hashes)


def _signed_edge() -> Frontier:
    """Return the tree's right edge, which is the one that the last checkpoint signed."""
    last = Checkpoint.objects.order_by("-size").first()
    edge = tree.frontier(tree.size())
    signed = (0, merkle.EMPTY)
    if last is not None:
        try:
            said = notes.open_checkpoint(bytes(last.note), keys.verifying())
        except notes.NoteBroken as error:
            raise LedgerBroken(f"The last checkpoint does not hold: {error}") from error
        signed = (said.size, said.root)
    if signed != (edge.size, edge.root()):
        raise LedgerBroken
    return edge


def _insert_tiles(cursor: CursorWrapper, full: list[FullTile]) -> None:
    if full:
        columns: list[Any] = [
            [tile.level for tile in full],
            [tile.number for tile in full],
            [b"".join(tile.hashes) for tile in full],
            [tile.root for tile in full],
        ]
        cursor.execute(_TILES, columns)


def _sign(cursor: CursorWrapper, edge: Frontier) -> None:
    signers = keys.signing()
    root = edge.root()
    note = notes.sign(notes.Checkpoint(origin=signers[0].name, size=edge.size, root=root), signers)
    cursor.execute(_CHECKPOINT, [edge.size, root, note, clock.now()])


def ready() -> bool:
    """Tell whether checkpoints can be signed here."""
    try:
        return bool(keys.verifying())
    except ImproperlyConfigured:
        return False


# A function of the owner (migration 0004_placing): the application itself cannot delete what waits.
_TAKE = "SELECT leaf_hash FROM ledger_place(%s, %s) ORDER BY place"
_TILES = """
    INSERT INTO ledger_tile (level, number, hashes, root)
    SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[], %s::bytea[])
"""
_CHECKPOINT = "INSERT INTO ledger_checkpoint (size, root, note, made_at) VALUES (%s, %s, %s, %s)"
