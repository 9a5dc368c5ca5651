"""Sealing anew, under the first key of the ring, what older keys sealed: in batches, each a transaction.

Nothing remembers how far it came: a value says itself which key sealed it, so a run that was broken off goes
on where it ended, and a run that finds nothing to do changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from django.apps import apps
from django.db import connections, models, transaction
from psycopg import sql

from coordination.core import sealing
from coordination.core.fields import SealedField

# The bytes of the key's id inside a sealed value (coordination.core.sealing).
_KEY = sql.SQL("substring({0} FROM 3 FOR get_byte({0}, 1))")

Tell: TypeAlias = Callable[[str, int], None]


@dataclass
class Outcome:
    """What a run did: values sealed anew by table, and "table.column:row" of values that do not open."""

    resealed: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What a look at some rows in the order of their keys found under another index key than today's.

    `last` is the key of the last row looked at, None where there are no more. A row that cannot be indexed
    anew, since another stands where it would, is `stuck`.
    """

    last: object
    found: int
    stuck: tuple[str, ...] = ()


class Elsewhere(Protocol):
    """Sealed values that lie in no column of ours: a library's, sealed through its hook."""

    def uses(self, using: str) -> Counter[tuple[str, str]]:
        """Return how many values each key seals, by (key id, table)."""

    def reseal(self, using: str, *, tell: Tell, outcome: Outcome) -> None:
        """Seal anew what another key than the first sealed."""


# Applications add theirs when they are ready.
ELSEWHERE: list[Elsewhere] = []


def tables() -> Iterator[tuple[type[models.Model], list[SealedField]]]:
    """Yield every model with its sealed columns, by table."""
    for model in sorted(apps.get_models(include_auto_created=True), key=lambda each: each._meta.db_table):  # noqa: SLF001
        sealed = [each for each in model._meta.local_concrete_fields if isinstance(each, SealedField)]  # noqa: SLF001
        if sealed:
            yield model, sealed


def uses(using: str) -> Counter[tuple[str, str]]:
    """Return how many values each key seals, by (key id, table). It reads every sealed column once."""
    found: Counter[tuple[str, str]] = Counter()
    for model, fields in tables():
        table = model._meta.db_table  # noqa: SLF001
        for each in fields:
            column = sql.Identifier(str(each.column))
            query = sql.SQL("SELECT {}, count(*) FROM {} WHERE {} IS NOT NULL GROUP BY 1").format(
                _KEY.format(column), sql.Identifier(table), column
            )
            with connections[using].cursor() as cursor:
                cursor.execute(query)
                for key, number in cursor.fetchall():
                    found[bytes(key).decode(errors="replace"), table] += number
    for other in ELSEWHERE:
        found += other.uses(using)
    return found


def reseal(using: str, *, batch: int, tell: Tell) -> Outcome:
    """Seal anew what another key than the first sealed, and `tell(table, values so far)` after each batch.

    What does not open is left as it is and named in the outcome.
    """
    outcome = Outcome()
    for model, fields in tables():
        last: Any = None
        while (last := _batch(using, model, fields, after=last, most=batch, outcome=outcome)) is not None:
            tell(model._meta.db_table, outcome.resealed[model._meta.db_table])  # noqa: SLF001
    for other in ELSEWHERE:
        other.reseal(using, tell=tell, outcome=outcome)
    return outcome


def _batch(
    using: str,
    model: type[models.Model],
    fields: list[SealedField],
    *,
    after: Any,
    most: int,
    outcome: Outcome,
) -> Any:
    """Take the next rows in the order of their keys; return the last one's key, None where there are none."""
    meta = model._meta  # noqa: SLF001
    key, table = sql.Identifier(str(meta.pk.column)), sql.Identifier(meta.db_table)
    columns = [sql.Identifier(str(each.column)) for each in fields]
    older = sql.SQL(" OR ").join(sql.SQL("{} <> %(first)s").format(_KEY.format(column)) for column in columns)
    query = sql.SQL("SELECT {}, {} FROM {} WHERE ({}) {} ORDER BY 1 LIMIT %(most)s FOR UPDATE").format(
        key,
        sql.SQL(", ").join(columns),
        table,
        older,
        sql.SQL("") if after is None else sql.SQL("AND {} > %(after)s").format(key),
    )
    values = {"first": sealing.ring().first.encode(), "after": after, "most": most}
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(query, values)
        rows = cursor.fetchall()
        for row, *sealed in rows:
            for each, column, value in zip(fields, columns, sealed, strict=True):
                anew = _anew(each, row, value, outcome)
                if anew is not None:
                    statement = sql.SQL("UPDATE {} SET {} = %s WHERE {} = %s").format(table, column, key)
                    cursor.execute(statement, [anew, row])
                    outcome.resealed[meta.db_table] += 1
    return rows[-1][0] if rows else None


def _anew(column: SealedField, row: object, value: bytes | None, outcome: Outcome) -> bytes | None:
    if value is None or sealing.key_of(bytes(value)) == sealing.ring().first:
        return None
    context = column.context(row)
    try:
        return sealing.ring().seal(sealing.ring().open(bytes(value), context=context), context=context)
    except sealing.SealBroken:
        outcome.broken.append(context)
        return None
