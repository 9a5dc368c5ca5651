"""Every stored byte of the ledger, read again from the database in streams; and what one row says of itself.

All streams of one `snapshot` show the same moment. None holds more than some thousand rows in memory.
"""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any, Final, TypeAlias, cast

import rfc8785
from django.db import connections, router, transaction

from coordination.ledger.entries import LARGEST_INTEGER, VERSION, leaf_hash
from coordination.ledger.models import Leaf

AT_ONCE: Final = 4_000
OTHER_HASH: Final = "its bytes do not give its hash"

# entry, leaf_hash, recorded_at as an entry says it, action, subject; the first is None where the row is gone.
Columns: TypeAlias = tuple[bytes, bytes, str, str, str]
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


def unreadable(entry: bytes, at: str, action: str, subject: str) -> str:
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
    return "" if said.get("at") == at else "its column says another time than its bytes"


def _is_plainly_right(entry: bytes, at: str, action: str, subject: str) -> bool:
    """Tell whether an entry without nesting and escapes is canonical and what its columns say.

    Nearly all are, and this takes a fifth of the time of reading and writing JSON. False says nothing.
    """
    text = str(entry, "latin-1")
    for shape in _shapes.get(action, ()):
        if found := shape.fullmatch(text):
            return found.groups() == (at, subject)
    learned = _learned(text, action)
    return learned is not None and learned.groups() == (at, subject)


def _learned(text: str, action: str) -> re.Match[str] | None:
    """Match an entry of a shape that was not met yet; from now on this shape is looked for first."""
    found = _PLAIN.fullmatch(text)
    if found is None or found[1] != action:
        return None
    keys = _KEY.findall(found[3])
    if keys != sorted(set(keys)):
        return None
    details = ",".join(f'"{key}":{_VALUE}' for key in keys)
    shape = re.compile(_WHOLE.format(action=re.escape(action), details=details))
    if len(_shapes) < MOST_SHAPES and len(_shapes.setdefault(action, [])) < SHAPES_OF_ONE:
        _shapes[action].append(shape)
    return shape.fullmatch(text)


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
_VALUE: Final = r'(?:"[ !#-\[\]-~]*"|0|-?[1-9][0-9]{0,14}|true|false|null)'
_WHOLE: Final = (
    r'\{{"action":"{action}","at":"(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\dZ)",'
    r'"by":(?:"system"|[1-9][0-9]{{0,14}}),"details":\{{{details}\}},'
    r'"id":"[-0-9a-f]{{36}}","subject":"([!#-\[\]-~]+)","v":1\}}'
)
_PLAIN: Final = re.compile(
    _WHOLE.format(action="([a-z_.]+)", details=rf'((?:"[a-z][a-z0-9_]*":{_VALUE}(?:,(?=")|(?=\}})))*)')
)
_KEY: Final = re.compile(r'"([a-z0-9_]+)":')
# The shapes that the entries of an action have: the project's are few.
_shapes: Final[dict[str, list[re.Pattern[str]]]] = {}
MOST_SHAPES: Final = 1_000
SHAPES_OF_ONE: Final = 8
_decode: Final = json.JSONDecoder(
    parse_float=cast("Any", _refuse), parse_constant=_refuse, parse_int=_whole
).raw_decode
_encode: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode

# The server writes the times: it is quicker at it, and has a processor of its own.
_COLUMNS = """
    l.entry, l.leaf_hash, to_char(l.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.FF2"Z"'),
    l.action, l.subject
"""
_PLACED = f"""
    SELECT s.index, s.leaf_id, {_COLUMNS}
    FROM ledger_sequence s LEFT JOIN ledger_leaf l ON l.id = s.leaf_id ORDER BY s.index
"""  # noqa: S608  # nosec B608 - constants
_UNPLACED = f"""
    SELECT l.id, p.leaf_id IS NOT NULL, {_COLUMNS}
    FROM ledger_leaf l LEFT JOIN ledger_pending p ON p.leaf_id = l.id
    WHERE NOT EXISTS (SELECT FROM ledger_sequence s WHERE s.leaf_id = l.id) ORDER BY l.id
"""  # noqa: S608  # nosec B608 - constants
_WAITING_FOR_NOTHING = """
    SELECT leaf_id FROM ledger_pending p
    WHERE NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.id = p.leaf_id) ORDER BY 1
"""
_LEVELS = "SELECT DISTINCT level FROM ledger_tile ORDER BY 1"
_TILES = "SELECT number, hashes, root FROM ledger_tile WHERE level = %s ORDER BY number"
_CHECKPOINTS = "SELECT id, size, root, note FROM ledger_checkpoint"
