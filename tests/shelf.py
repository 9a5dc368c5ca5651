"""Policy packs, read and checked once for all tests of a process, and put back as the rows that they became.

To load them takes forty statements and as many milliseconds of work, and half of all tests want them.
The tests of loading itself do not ask here.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from psycopg import sql

from coordination.core import clock
from coordination.ledger import services as ledger
from coordination.ledger.models import Leaf
from coordination.policy import services as policy
from coordination.policy.models import Pack


@dataclass(frozen=True, kw_only=True)
class Shelved:
    """What loading wrote: the packs, the rows of each other table of policy, what the ledger was told."""

    packs: list[dict[str, Any]]
    rows: dict[str, str]
    told: list[dict[str, Any]]


def load(directory: Path) -> None:
    """Have the packs of `directory` in force, as `policy.load` in an empty database leaves them."""
    shelved = _shelved(directory)
    packs = [row | {"loaded_at": clock.now().isoformat()} for row in shelved.packs]
    rows = {Pack._meta.db_table: json.dumps(packs)} | shelved.rows
    into = sql.SQL("INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, {1})")
    with transaction.atomic():
        with connection.cursor() as cursor:
            statements = (
                into.format(sql.Identifier(table), sql.Literal(text)) for table, text in rows.items()
            )
            cursor.execute(sql.SQL("; ").join(statements).as_string(cursor.cursor))
        ledger.append(ledger.entry(by=None, **told) for told in shelved.told)


@cache
def _shelved(directory: Path) -> Shelved:
    """Load for once, and take it back: the numbers of the rows stay theirs, for sequences do not return."""
    with transaction.atomic():
        assert not Pack.objects.exists()
        last = Leaf.objects.order_by("pk").last()
        policy.load(directory)
        told = Leaf.objects.order_by("pk").filter(pk__gt=last.pk if last else 0)
        shelved = Shelved(
            packs=_rows(Pack._meta.db_table),
            rows={table: json.dumps(rows) for table in _tables() if (rows := _rows(table))},
            told=[{name: leaf.data[name] for name in ("action", "subject", "details")} for leaf in told],
        )
        transaction.set_rollback(True)
    return shelved


def _tables() -> list[str]:
    models = apps.get_app_config(Pack._meta.app_label).get_models()
    return [model._meta.db_table for model in models if model is not Pack]


def _rows(table: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT coalesce(json_agg(t ORDER BY id), '[]') FROM {} t")
            .format(sql.Identifier(table))
            .as_string()
        )
        found = cursor.fetchone()[0]
        rows: list[dict[str, Any]] = json.loads(found) if isinstance(found, str) else found
        return rows
