"""The one way in: entries are inserted in the caller's transaction; nothing changes or removes one."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction

from coordination.core import clock
from coordination.core.statements import prepared
from coordination.ledger import writing
from coordination.ledger.entries import Entry, Value, digest, leaf_hash, timestamp
from coordination.ledger.models import Leaf
from coordination.ledger.telling import tell, tell_joined
from coordination.ledger.writing import JOINED, LedgerUnwritable, joined, require_writable

__all__ = [
    "JOINED",
    "Entry",
    "LedgerUnwritable",
    "Value",
    "digest",
    "entry",
    "joined",
    "record",
    "record_many",
    "record_reading",
    "require_writable",
    "tell_joined",
    "timestamp",
    "was_read",
]

# What is added to every deed of a person, asked of whoever registers here: the emergency it was done in.
Mark = Callable[[AbstractBaseUser, datetime], Mapping[str, Value]]
marks: list[Mark] = []

# The same person reads the same page again within this: one reading.
ONE_READING = timedelta(minutes=10)

# One statement and one round trip for any number of leaves; it needs INSERT and SELECT alone.
_INSERT = """
    WITH leaf AS (
        INSERT INTO ledger_leaf (entry, leaf_hash, recorded_at, action, subject)
        SELECT * FROM unnest(%s::bytea[], %s::bytea[], %s::timestamptz[], %s::text[], %s::text[])
        RETURNING id, leaf_hash
    ), waiting AS (
        INSERT INTO ledger_pending (leaf_id) SELECT id FROM leaf
    )
    SELECT id, leaf_hash FROM leaf
"""
# The same from one document, which costs the client a tenth of what arrays do, and without the ids.
_APPEND = """
    WITH leaf AS (
        INSERT INTO ledger_leaf (entry, leaf_hash, recorded_at, action, subject)
        SELECT convert_to(e.entry, 'UTF8'), decode(e.hash, 'hex'), e.at, e.action, e.subject
        FROM json_to_recordset(%s::json)
            AS e(entry text, hash text, at timestamptz, action text, subject text)
        RETURNING id
    )
    INSERT INTO ledger_pending (leaf_id) SELECT id FROM leaf
"""


def record(
    action: str,
    *,
    subject: str,
    by: AbstractBaseUser | None,
    details: Mapping[str, Value] | None = None,
    at: datetime | None = None,
) -> Leaf:
    """Insert one entry in the caller's transaction, so that the deed and its record stand or fall together.

    `action` reads <slice>.<verb in the past tense>; `subject` is the record's reference, or kind:id; `by` is
    None where the system itself acted. `details` holds identifiers, digests, counts and codes (no float, no
    text over 500 characters, no key that names personal data): raises InvalidInput otherwise, and
    LedgerUnwritable where the database does not take it.
    """
    return record_many([entry(action, subject=subject, by=by, details=details, at=at)])[0]


def entry(
    action: str,
    *,
    subject: str,
    by: AbstractBaseUser | None,
    details: Mapping[str, Value] | None = None,
    at: datetime | None = None,
) -> Entry:
    """Return an entry for `record_many`; the parameters are those of `record`."""
    said = dict(details or {})
    if by is not None:
        for mark in marks:
            said.update(mark(by, clock.now()))
    return Entry(
        action=action,
        subject=subject,
        by=None if by is None else by.pk,
        at=at or clock.now(),
        details=said,
    )


def record_many(entries: Iterable[Entry]) -> list[Leaf]:
    """Insert all of `entries` in one statement, in order; a hundred cost a few milliseconds."""
    leaves = [_leaf(each) for each in entries]
    ids = _insert(
        [
            (bytes(leaf.entry), bytes(leaf.leaf_hash), leaf.recorded_at, leaf.action, leaf.subject)
            for leaf in leaves
        ]
    )
    tell([bytes(leaf.entry) for leaf in leaves], using=router.db_for_write(Leaf))
    for leaf in leaves:
        leaf.pk = ids[bytes(leaf.leaf_hash)]
        leaf._state.adding = False  # noqa: SLF001 - what bulk_create does to the rows it inserted
        leaf._state.db = router.db_for_write(Leaf)  # noqa: SLF001
    return leaves


def append(entries: Iterable[Entry]) -> None:
    """Insert all of `entries` as `record_many` does, and return nothing: for large batches."""
    rows = []
    for each in entries:
        canonical = each.canonical()
        rows.append(
            {
                "entry": canonical.decode(),
                "hash": leaf_hash(canonical).hex(),
                "at": each.at.isoformat(),
                "action": each.action,
                "subject": each.subject,
            }
        )
    with writing.guarded() as using:
        if rows:
            prepared(_APPEND, [json.dumps(rows)], using=using)
    if rows:
        tell([row["entry"].encode() for row in rows], using=using)


@transaction.atomic
def record_reading(action: str, *, subject: str, by: AbstractBaseUser) -> bool:
    """Record that `by` reads sealed content of a record, once in ten minutes; before it is shown.

    Return whether it was recorded now, and not within the ten minutes before. `action` reads
    <slice>.<page>_read. Whatever goes wrong here is raised: what cannot be recorded is not shown, nor what
    needs no second entry while none could be written.
    """
    if was_read(action, subject=subject, by=by):
        require_writable()
        return False
    record(action, subject=subject, by=by)
    return True


def was_read(action: str, *, subject: str, by: AbstractBaseUser) -> bool:
    """Tell whether a reading of `by` was recorded in the last ten minutes."""
    since = clock.now() - ONE_READING
    lately = Leaf.objects.filter(subject=subject, action=action, recorded_at__gt=since).order_by("-id")
    return any(leaf.data["by"] == by.pk for leaf in lately.iterator())


def _insert(rows: list[tuple[bytes, bytes, datetime, str, str]]) -> dict[bytes, int]:
    """Return the ids by leaf hash."""
    with writing.guarded() as using:
        if not rows:
            return {}
        inserted = prepared(_INSERT, [list(column) for column in zip(*rows, strict=True)], using=using)
        return {bytes(inserted_hash): leaf_id for leaf_id, inserted_hash in inserted}


def _leaf(each: Entry) -> Leaf:
    canonical = each.canonical()
    return Leaf(
        entry=canonical,
        leaf_hash=leaf_hash(canonical),
        recorded_at=each.at,
        action=each.action,
        subject=each.subject,
    )
