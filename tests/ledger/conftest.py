"""A ledger that was committed, and somebody who may do everything in its database."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import transaction
from psycopg import sql

from coordination.ledger import sequencing
from tests.ledger.trees import grow
from tests.ledger.vandals import BATCHES


@pytest.fixture
def ledger(transactional_db: None) -> None:
    """A ledger of 700 entries, committed."""
    for batch in BATCHES:
        with transaction.atomic():
            grow(batch, sequence=False)
        sequencing.sequence_all()


@pytest.fixture
def vandal(owner: psycopg.Connection, ledger: None) -> Iterator[psycopg.Connection]:
    """The owner's connection, with every constraint of the ledger's tables out of the way; put back later."""
    found = owner.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype IN ('c', 'f') AND conrelid::regclass::text LIKE 'ledger\\_%'"
    ).fetchall()
    for table, name, _ in found:
        statement = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
        owner.execute(statement.format(sql.Identifier(table), sql.Identifier(name)))
    yield owner
    owner.execute("TRUNCATE ledger_leaf, ledger_checkpoint CASCADE")
    owner.execute(
        "TRUNCATE ledger_sequence, ledger_pending, ledger_tile, ledger_anchor, ledger_anchorfailure"
    )
    for table, name, definition in found:
        statement = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}")
        owner.execute(statement.format(sql.Identifier(table), sql.Identifier(name), sql.SQL(definition)))
