"""Every stored byte of the ledger, read again from the database in streams; and what one row says of itself.

All streams of one `snapshot` show the same moment. None holds more than some thousand rows in memory.
"""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any, Final, TypeAlias, cast

import rfc8785
from django.db import connections, router, transaction

from coordination.ledger.entries import LARGEST_INTEGER, VERSION, leaf_hash, timestamp
from coordination.ledger.models import Leaf

AT_ONCE: Final = 2_000
_NONE: Final = timedelta(0)
_HUNDREDTH: Final = timedelta(milliseconds=10)
OTHER_HASH: Final = "its bytes do not give its hash"

# entry, leaf_hash, recorded_at, action, subject; the first is None where the row is gone.
Columns: TypeAlias = tuple[bytes, bytes, datetime, str, str]
_numbers = count()


@contextmanager
def snapshot() -> Iterator[None]:
    """Show one moment of the database to all that is read inside, however long that takes; write nothing."""
    using = router.db_for_read(Leaf)
    with transaction.atomic(using=using, durable=True), connections[using].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        # Places follow ids closely: to walk both indexes is quicker than to sort every entry on the disk.
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_hashjoin = off")
        yield


def placed() -> Iterator[tuple[Any, ...]]:
    """Yield (place, leaf id, *Columns) by place; the columns are None where the leaf is gone."""
    return _stream(_PLACED)


def unplaced() -> Iterator[tuple[Any, ...]]:
    """Yield (leaf id, whether it waits, *Columns) of leaves without a place, by id."""
    return _stream(_UNPLACED)


def waiting_for_nothing() -> Iterator[tuple[Any, ...]]:
    """Yield (leaf id,) of waiting rows whose leaf is gone."""
    return _stream(_WAITING_FOR_NOTHING)


def tiles(level: int) -> Iterator[tuple[Any, ...]]:
    """Yield (number, hashes, root) of one level, by number."""
    return _stream(_TILES, level)


def levels() -> list[int]:
    """Return the levels that have a tile."""
    return [level for (level,) in _stream(_LEVELS)]


def checkpoints() -> Iterator[tuple[Any, ...]]:
    """Yield (id, size, root, note), by size."""
    return _stream(_CHECKPOINTS + " ORDER BY size")


def checkpoints_from_the_last() -> Iterator[tuple[Any, ...]]:
    """Yield (id, size, root, note), the largest first."""
    return _stream(_CHECKPOINTS + " ORDER BY size DESC")


def fault(columns: Columns) -> str:
    """Return what is wrong with a row by itself, "" for nothing: hash, canonical form, repeated columns."""
    entry, kept, at, action, subject = columns
    if leaf_hash(entry) != kept:
        return OTHER_HASH
    return unreadable(entry, at, action, subject)


def unreadable(entry: bytes, at: datetime, action: str, subject: str) -> str:
    """Return what is wrong with an entry beside its hash, "" for nothing."""
    if _is_plainly_right(entry, at, action, subject):
        return ""
    try:
        said, _ = _decode(entry.decode())
        again = _encode(said).encode() if entry.isascii() else rfc8785.dumps(said)
    except (ValueError, RecursionError):
        return "its bytes are no canonical JSON"
    if again != entry or type(said) is not dict:
        return "its bytes are no canonical JSON"
    if said.get("v") != VERSION:
        return "it is of an unknown version"
    if said.get("action") != action or said.get("subject") != subject:
        return "its columns say another action or subject than its bytes"
    return "" if said.get("at") == timestamp(at) else "its column says another time than its bytes"


def _is_plainly_right(entry: bytes, at: datetime, action: str, subject: str) -> bool:
    """Tell whether an entry without nesting and escapes is canonical and what its columns say.

    Nearly all are, and this takes a third of the time of reading and writing JSON. False says nothing.
    """
    found = _PLAIN.fullmatch(entry)
    if found is None:
        return False
    told_action, told_at, details, told_subject = found.groups()
    try:
        late = at - datetime.fromisoformat(told_at.decode())
    except ValueError:
        return False
    return (
        told_action == action.encode()
        and told_subject == subject.encode()
        and _NONE <= late < _HUNDREDTH
        and _ascend(tuple(_KEY.findall(details)))
    )


@lru_cache(maxsize=1024)
def _ascend(keys: tuple[bytes, ...]) -> bool:
    """Tell whether keys stand in their order, each once. The project's shapes of entries are few."""
    return list(keys) == sorted(set(keys))


def _stream(query: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
    """Yield rows of a cursor on the server, in PostgreSQL's binary form: half the bytes, none to decode.

    The next rows are on their way while these are looked at.
    """
    connection = connections[router.db_for_read(Leaf)].connection
    with connection.cursor(f"ledger_{next(_numbers)}", binary=True) as cursor, ThreadPoolExecutor(1) as ahead:
        cursor.execute(query, parameters)
        coming = ahead.submit(cursor.fetchmany, AT_ONCE)
        while rows := coming.result():
            coming = ahead.submit(cursor.fetchmany, AT_ONCE)
            yield from rows


def _refuse(_: str) -> None:
    raise ValueError("no number of an entry")


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) > LARGEST_INTEGER:
        raise ValueError("no number of an entry")
    return number


# Whole numbers below 10 to the power of 15, texts of printable ASCII without quotes and backslashes.
_PLAIN: Final = re.compile(
    rb'\{"action":"([a-z_.]+)","at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\dZ)","by":(?:"system"|[1-9][0-9]{0,14}),"details":\{'
    rb'((?:"[a-z][a-z0-9_]*":(?:"[ !#-\[\]-~]*"|0|-?[1-9][0-9]{0,14}|true|false|null)(?:,(?=")|(?=\})))*)'
    rb'\},"id":"[-0-9a-f]{36}","subject":"([!#-\[\]-~]+)","v":1\}'
)
_KEY: Final = re.compile(rb'"([a-z0-9_]+)":')
_decode: Final = json.JSONDecoder(
    parse_float=cast("Any", _refuse), parse_constant=_refuse, parse_int=_whole
).raw_decode
_encode: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode

_PLACED = """
    SELECT s.index, s.leaf_id, l.entry, l.leaf_hash, l.recorded_at, l.action, l.subject
    FROM ledger_sequence s LEFT JOIN ledger_leaf l ON l.id = s.leaf_id ORDER BY s.index
"""
_UNPLACED = """
    SELECT l.id, p.leaf_id IS NOT NULL, l.entry, l.leaf_hash, l.recorded_at, l.action, l.subject
    FROM ledger_leaf l LEFT JOIN ledger_pending p ON p.leaf_id = l.id
    WHERE NOT EXISTS (SELECT FROM ledger_sequence s WHERE s.leaf_id = l.id) ORDER BY l.id
"""
_WAITING_FOR_NOTHING = """
    SELECT leaf_id FROM ledger_pending p
    WHERE NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.id = p.leaf_id) ORDER BY 1
"""
_LEVELS = "SELECT DISTINCT level FROM ledger_tile ORDER BY 1"
_TILES = "SELECT number, hashes, root FROM ledger_tile WHERE level = %s ORDER BY number"
_CHECKPOINTS = "SELECT id, size, root, note FROM ledger_checkpoint"
