"""Many rows in one prepared statement, whose text is the same however many they are.

Django's bulk_create writes each value into the text of the statement where a column is of bytes or an array,
which both sides then parse for every batch: a third of what taking in a batch of flags cost.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections, models, router
from psycopg import sql

from coordination.core.statements import prepared

_Row = TypeVar("_Row", bound=models.Model)


def insert(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one table, all of which have their keys (core.fields.number) or none.

    Raises Django's errors. Keys that the database gives are not read back.
    """
    _insert(rows, "")


def insert_new(rows: Sequence[_Row]) -> list[_Row]:
    """Insert those of the rows that no unique constraint says are there, as `insert`.

    Return which of those that have their keys went in, in order.
    """
    if not rows:
        return []
    key = _quoted(str(rows[0]._meta.pk.column))  # noqa: SLF001 - Django's documented model API
    inserted = {pk for (pk,) in _insert(rows, f"ON CONFLICT DO NOTHING RETURNING {key}")}
    return [each for each in rows if each.pk in inserted]


def insert_or_update(rows: Sequence[models.Model], *, unique: Sequence[str], update: Sequence[str]) -> None:
    """Insert rows as `insert`; where the `unique` columns are there, write the columns of `update` anew."""
    written = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in update)
    conflict = f"ON CONFLICT ({', '.join(map(_quoted, unique))})"
    _insert(rows, f"{conflict} DO UPDATE SET {written}")  # nosec B608 - our own names


def _insert(rows: Sequence[models.Model], conflicts: str) -> list[tuple[Any, ...]]:
    if not rows:
        return []
    model = type(rows[0])
    using = router.db_for_write(model)
    keyed = rows[0].pk is not None
    statement = _statement(model, conflicts, keyed=keyed)
    values = [_column(each, rows, using) for each in _fields(model, keyed=keyed)]
    returned = prepared(statement, values, using=using)
    for row in rows:
        row._state.adding, row._state.db = False, using  # noqa: SLF001 - what bulk_create does
    return returned


def _fields(model: type[models.Model], *, keyed: bool) -> list[Any]:
    fields = model._meta.concrete_fields  # noqa: SLF001 - Django's documented model API
    return [each for each in fields if keyed or not each.primary_key]


def _column(field: Any, rows: Sequence[models.Model], using: str) -> list[Any]:
    connection = connections[using]
    found = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for row in rows]
    # An array of arrays is one longer array to unnest(): each goes as the text that PostgreSQL reads it from.
    return [_text(each) for each in found] if isinstance(field, ArrayField) else found


def _text(values: Sequence[Any] | None) -> str | None:
    if values is None:
        return None
    return "{" + ",".join(f'"\\\\x{bytes(each.obj).hex()}"' for each in values) + "}"


@cache
def _statement(model: type[models.Model], conflicts: str, *, keyed: bool) -> str:
    fields = _fields(model, keyed=keyed)
    kinds = [_kind(each) for each in fields]
    names = [f"v{number}" for number in range(len(fields))]
    taken = [
        f"{name}::{kind}" if kind.endswith("[]") else name for name, kind in zip(names, kinds, strict=True)
    ]
    given = ["%s::text[]" if kind.endswith("[]") else f"%s::{kind}[]" for kind in kinds]
    table = _quoted(model._meta.db_table)  # noqa: SLF001
    columns = ", ".join(_quoted(each.column) for each in fields)
    return (
        f"INSERT INTO {table} ({columns}) SELECT {', '.join(taken)}"  # noqa: S608  # nosec B608 - our own names
        f" FROM unnest({', '.join(given)}) AS given({', '.join(names)}) {conflicts}"
    )


def _kind(field: Any) -> str:
    """Return the type of a column without its length: a cast to that would cut what is too long."""
    kind: str = field.db_type(connections[DEFAULT_DB_ALIAS])
    return re.sub(r"\(.*?\)", "", kind)


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string()
