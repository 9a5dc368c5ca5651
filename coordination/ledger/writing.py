"""Writing the ledger's tables: in the caller's transaction, and with one clear error where it cannot be done.

Whatever is disclosed has its entry first, so that while this fails nothing is disclosed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import DatabaseError, connections, router
from django.db.transaction import TransactionManagementError

from coordination.core.deadlocks import ENDED_BY_THE_DATABASE
from coordination.core.errors import Unavailable
from coordination.ledger.entries import Entry
from coordination.ledger.models import Leaf


class LedgerUnwritable(Unavailable, DatabaseError):
    """The ledger cannot be written now, and without an entry nothing is shown, sent or changed."""


@contextmanager
def guarded() -> Iterator[str]:
    """Give the database of the entries, on which the caller has a transaction, for statements of the ledger.

    Raises LedgerUnwritable for whatever the database says against them, but for what it ended to free another
    transaction: that is done anew by whoever began it (core.deadlocks).
    """
    using = router.db_for_write(Leaf)
    if not connections[using].in_atomic_block:
        raise TransactionManagementError(
            "An entry is recorded inside the transaction of the deed it records."
        )
    try:
        yield using
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) in ENDED_BY_THE_DATABASE:
            raise
        raise LedgerUnwritable from error


def require_writable() -> None:
    """Raise LedgerUnwritable unless an entry could be recorded now: one is tried, and taken back.

    For what is disclosed under an entry that stands already: the second look within ten minutes, a list. One
    round trip. Whoever goes on after the error inside a transaction puts a savepoint around.
    """
    try:
        with connections[router.db_for_write(Leaf)].cursor() as cursor:
            cursor.execute(_TRY)
    except DatabaseError as error:
        raise LedgerUnwritable from error


def joined(entry: Entry, key: str) -> dict[str, Any]:
    """Return the parameters of JOINED for an entry, with `key` of its details filled in by the statement."""
    canonical = Entry(
        action=entry.action,
        subject=entry.subject,
        by=entry.by,
        at=entry.at,
        details={**entry.details, key: []},
    ).canonical()
    head, hole, tail = canonical.decode().partition(f'"{key}":[')
    return {
        "ledger_head": head + hole,
        "ledger_tail": tail,
        "ledger_at": entry.at,
        "ledger_action": entry.action,
        "ledger_subject": entry.subject,
    }


# What a block of PL/pgSQL did before an error that it catches itself is taken back, and nothing else.
_TRY: Final = r"""
    DO $$ BEGIN
        WITH leaf AS (
            INSERT INTO ledger_leaf (entry, leaf_hash, recorded_at, action, subject)
            VALUES ('tried', sha256('\x00'::bytea || 'tried'), now(), 'ledger.tried', 'ledger') RETURNING id
        )
        INSERT INTO ledger_pending (leaf_id) SELECT id FROM leaf;
        RAISE EXCEPTION USING ERRCODE = 'CL001';
    EXCEPTION WHEN SQLSTATE 'CL001' THEN NULL;
    END $$
"""
# A part of somebody else's statement: an entry with the ids of what its part `taken` took, none for nothing.
# So what begins to leave is on record before it does, without another round trip.
JOINED: Final = r"""
    entry AS (
        SELECT convert_to(
            %(ledger_head)s || string_agg(id::text, ',' ORDER BY id) || %(ledger_tail)s, 'UTF8') AS bytes
        FROM taken
    ), leaf AS (
        INSERT INTO ledger_leaf (entry, leaf_hash, recorded_at, action, subject)
        SELECT bytes, sha256('\x00'::bytea || bytes), %(ledger_at)s, %(ledger_action)s, %(ledger_subject)s
        FROM entry WHERE bytes IS NOT NULL
        RETURNING id
    ), waiting AS (
        INSERT INTO ledger_pending (leaf_id) SELECT id FROM leaf
    )
"""
