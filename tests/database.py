"""The test database: created, migrated and emptied as the owner, used as the application's role.

It is migrated once into a template named after the content of the migrations; each run, and each xdist
worker, copies the template. COORDINATION_TEST_SUFFIX keeps runs on one server apart.
"""

import hashlib
import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import TransactionTestCase
from psycopg import sql

from coordination.access import roles
from coordination.core import embedded, grants, policies

ALIASES = ("default", "owner")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
SUFFIX = os.environ.get("COORDINATION_TEST_SUFFIX", "local")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """Give the session a fresh database (the place of pytest-django's fixture of this name)."""
    if "owner" not in settings.DATABASES:
        pytest.exit(
            "The tests create their database as its owner: set DATABASE_OWNER_URL too, or unset DATABASE_URL."
        )
    production = settings.DATABASES["default"]["NAME"]
    name = f"test_{production}_{SUFFIX}_{WORKER}"
    with django_db_blocker.unblock(), _maintenance() as server:
        if not _scalar(server, "SELECT pg_try_advisory_lock(hashtext(%s))", name):
            pytest.exit(
                f"Another test run uses the database {name}: set COORDINATION_TEST_SUFFIX to run beside it."
            )
        with _one_at_a_time(server):
            template = _template(server, f"test_{production}_template_{_fingerprint()}")
            _drop(server, name)
            _execute(server, "CREATE DATABASE {} TEMPLATE {}", name, template)
        _point_at(name)
        grants.apply("owner")  # a copy inherits the tables' grants and not the database's own
        connections["owner"].close()
        contents = Contents.of_template()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: contents.restore())
            with django_db_blocker.block():
                yield
        contents.connection.close()
        _point_at(production)
        with suppress(psycopg.errors.ObjectInUse):  # a process that a test left behind; the next run drops it
            _drop(server, name)


@pytest.fixture
def database_environment(django_db_setup: None) -> dict[str, str]:
    """What a child process needs in its environment to use the test database."""
    return {
        "DATABASE_URL": embedded.url_of(connections["default"].settings_dict),
        "DATABASE_OWNER_URL": embedded.url_of(connections["owner"].settings_dict),
    }


@pytest.fixture
def owner(django_db_setup: None) -> Iterator[psycopg.Connection]:
    """A connection of the tables' owner, in autocommit, beside the test's own as the application."""
    connection = _connect()
    yield connection
    connection.close()


@dataclass
class Contents:
    """What the template holds (content types, permissions, what migrations put there), to return to after a
    test that commits. Rows are deleted: to truncate takes new files for each table, for all that refer to it,
    and for each of their indexes. What no test changed stays.
    """

    connection: psycopg.Connection
    tables: list[str]
    rows: dict[str, bytes] = field(default_factory=dict)
    signs: dict[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of_template(cls) -> "Contents":
        """Remember the rows that a new test database has."""
        connection = _connect()
        found = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_migrations'"
        ).fetchall()
        contents = cls(connection, sorted((name for (name,) in found), key=_in_order))
        for table in contents._filled():
            with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
                contents.rows[table] = b"".join(map(bytes, copy))
        contents.signs = contents._signs()
        return contents

    def restore(self) -> None:
        """Empty every table that a test wrote to, and put the template's rows back."""
        signs = self._signs()
        changed = [table for table in self.rows if signs[table] != self.signs[table]]
        doomed = [table for table in self._filled() if table in changed or table not in self.rows]
        if not doomed and not changed:
            return
        with self.connection.transaction():
            # What the test left behind with an open transaction must fail it, not hang it.
            self.connection.execute("SET LOCAL lock_timeout = '20s'")
            for table in doomed:
                self._run("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", table)
            for table in doomed:
                self._run("DELETE FROM {}", table)
            for table in changed:
                with self.connection.cursor().copy(
                    sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
                ) as copy:
                    copy.write(self.rows[table])
        if changed:
            self.signs = self._signs()

    def _run(self, statement: LiteralString, table: str) -> None:
        self.connection.execute(sql.SQL(statement).format(sql.Identifier(table)))

    def _filled(self) -> list[str]:
        one = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        query = sql.SQL(" UNION ALL ").join(
            [one.format(sql.Literal(t), sql.Identifier(t)) for t in self.tables]
        )
        found = {name for (name,) in self.connection.execute(query).fetchall()}
        return [table for table in self.tables if table in found]

    def _signs(self) -> dict[str, tuple[int, int]]:
        """Return how many rows each of the template's tables has, and which transaction came last to them."""
        one = sql.SQL("SELECT {}, count(*), coalesce(max(xmin::text::bigint), 0) FROM {}")
        query = sql.SQL(" UNION ALL ").join(
            [one.format(sql.Literal(t), sql.Identifier(t)) for t in self.rows]
        )
        return {name: (count, last) for name, count, last in self.connection.execute(query).fetchall()}


def _in_order(table: str) -> tuple[bool, bool, str]:
    # Django defers its foreign keys to the commit; procrastinate's hold at once.
    return table == "procrastinate_workers", table == "procrastinate_jobs", table


def _connect(name: str = "") -> psycopg.Connection:
    wrapper = connections["owner"]
    parameters = wrapper.get_connection_params()
    connection: psycopg.Connection = wrapper.get_new_connection(
        parameters | ({"dbname": name} if name else {})
    )
    connection.autocommit = True
    return connection


@contextmanager
def _maintenance() -> Iterator[psycopg.Connection]:
    connection = _connect("postgres")
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _one_at_a_time(server: psycopg.Connection) -> Iterator[None]:
    # A template cannot be copied while it is being made or copied by somebody else.
    server.execute("SELECT pg_advisory_lock(hashtext('coordination test template'))")
    try:
        yield
    finally:
        server.execute("SELECT pg_advisory_unlock(hashtext('coordination test template'))")


def _template(server: psycopg.Connection, name: str) -> str:
    if not _scalar(server, "SELECT count(*) FROM pg_database WHERE datname = %s", name):
        family = name.rpartition("_")[0] + "_"
        for (old,) in server.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [family]
        ).fetchall():
            _drop(server, old)
        unfinished = f"{family}unfinished"
        _execute(server, "CREATE DATABASE {} TEMPLATE template0", unfinished)
        _point_at(unfinished)
        call_command("migrate", run_syncdb=True, interactive=False, verbosity=0)
        _close()
        _execute(server, "ALTER DATABASE {} RENAME TO {}", unfinished, name)
    return name


def _fingerprint() -> str:
    """Name the content of everything that decides what a migrated database looks like."""
    digest = hashlib.sha256(
        (inspect.getsource(grants) + inspect.getsource(policies) + inspect.getsource(roles)).encode()
    )
    for config in sorted(apps.get_app_configs(), key=lambda config: config.label):
        migrations = sorted(Path(config.path, "migrations").rglob("*.py"))
        for file in migrations or [Path(config.path, "models.py")]:
            digest.update(f"{config.label}/{file.name}".encode())
            digest.update(file.read_bytes() if file.exists() else b"")
    return digest.hexdigest()[:12]


def _point_at(name: str) -> None:
    _close()
    for alias in ALIASES:
        settings.DATABASES[alias]["NAME"] = connections[alias].settings_dict["NAME"] = name


def _close() -> None:
    for alias in ALIASES:
        connections[alias].close()


def _drop(server: psycopg.Connection, name: str) -> None:
    # Waits 5 s for sessions that are just ending. FORCE would not: it may not end the application's sessions.
    _execute(server, "DROP DATABASE IF EXISTS {}", name)


def _execute(server: psycopg.Connection, statement: str, *names: str) -> None:
    server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _scalar(server: psycopg.Connection, query: str, *parameters: str) -> Any:
    row = server.execute(query, parameters).fetchone()
    return row[0] if row else None
