"""A ledger that cannot be written for a while: the application may not insert entries."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
import pytest
from psycopg import sql

from coordination.core import grants

Unwritable = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def unwritable(owner: psycopg.Connection) -> Unwritable:
    """Take the right to insert entries from the application for a `with`, by the owner's connection."""
    app = sql.Identifier(grants.role_names()["app"])

    @contextmanager
    def outage() -> Iterator[None]:
        owner.execute(sql.SQL("REVOKE INSERT ON ledger_leaf FROM {}").format(app))
        try:
            yield
        finally:
            owner.execute(sql.SQL("GRANT INSERT ON ledger_leaf TO {}").format(app))

    return outage
