"""Whatever the application's role tries against what is append-only, rows and table are what they were.

The effect is what counts: a GRANT without the right to it is a warning, and no error.
"""

from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from coordination.core import grants
from tests.core.rows import TABLES, a_row

pytestmark = pytest.mark.django_db

# {t} is the table, {k} its key, {r} the application's role.
ATTEMPTS = {
    "update": "UPDATE {t} SET {k} = {k}",
    "update of nothing": "UPDATE {t} SET {k} = {k} WHERE false",
    "delete": "DELETE FROM {t}",
    "delete through a query": "WITH gone AS (DELETE FROM {t} RETURNING 1) SELECT count(*) FROM gone",
    "delete in a block": "DO $$ BEGIN DELETE FROM {t}; END $$",
    "truncate": "TRUNCATE {t}",
    "truncate with all that refers to it": "TRUNCATE {t} CASCADE",
    "merge that deletes": "MERGE INTO {t} a USING {t} b ON a.{k} = b.{k} WHEN MATCHED THEN DELETE",
    "merge that updates": "MERGE INTO {t} a USING {t} b ON a.{k} = b.{k}"
    " WHEN MATCHED THEN UPDATE SET {k} = b.{k}",
    "insert over": "INSERT INTO {t} SELECT * FROM {t} ON CONFLICT ({k}) DO UPDATE SET {k} = EXCLUDED.{k}",
    "copy over from a program": "COPY {t} FROM PROGRAM 'true'",
    "copy over from a file": "COPY {t} FROM '/dev/null'",
    "alter": "ALTER TABLE {t} ADD COLUMN x int",
    "alter the key": "ALTER TABLE {t} DROP COLUMN {k} CASCADE",
    "rename": "ALTER TABLE {t} RENAME TO other",
    "own": "ALTER TABLE {t} OWNER TO {r}",
    "wall off": "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY",
    "drop": "DROP TABLE {t} CASCADE",
    "disable triggers": "ALTER TABLE {t} DISABLE TRIGGER ALL",
    "replicate": "SET session_replication_role = replica",
    "replicate locally": "SELECT set_config('session_replication_role', 'replica', true)",
    "grant": "GRANT UPDATE, DELETE ON {t} TO {r}, PUBLIC",
    "grant on a column": "GRANT UPDATE ({k}) ON {t} TO {r}",
    "rule": "CREATE RULE r AS ON INSERT TO {t} DO INSTEAD NOTHING",
    "trigger": "CREATE TRIGGER r BEFORE INSERT ON {t} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "policy": "CREATE POLICY r ON {t} USING (false)",
    "inherit": "CREATE TABLE child () INHERITS ({t})",
    "become the owner": "SET ROLE {o}",
    "be the owner": "SET SESSION AUTHORIZATION {o}",
    "catalogue": "DELETE FROM pg_catalog.pg_class WHERE relname = '{t}'",
    "read a file into a large object": "SELECT lo_import('/etc/hostname')",
    "write a file from a large object": "SELECT lo_export(lo_from_bytea(0, 'x'), '/tmp/{t}')",
    "write a large object of the catalogue": "DELETE FROM pg_catalog.pg_largeobject",
}


# A trigger lets no row of nothing in; tests/restrictions/test_guard.py tries these with a row.
GUARDED = {"restrictions_assessmentsignature"}
# Where row-level security stands, COPY is refused as a whole.
REFUSED = (psycopg.errors.UniqueViolation, psycopg.errors.FeatureNotSupported)


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("table", grants.APPEND_ONLY)
def test_nothing_that_the_application_runs_changes_what_is_append_only(table: str, attempt: str) -> None:
    model = TABLES[table]
    with transaction.atomic():
        if table not in GUARDED:
            model._default_manager.bulk_create([a_row(model)])
        before = _state(table)
        with suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_statement(attempt, table, str(model._meta.pk.column)))
        assert _state(table) == before
        transaction.set_rollback(True)  # the row refers to nothing: it must not be committed


@pytest.mark.parametrize("table", sorted({*grants.APPEND_ONLY} - GUARDED))
def test_a_copy_of_the_rows_does_not_go_over_them(table: str) -> None:
    model = TABLES[table]
    with transaction.atomic():
        model._default_manager.bulk_create([a_row(model)])
        before = _state(table)
        with connection.cursor() as cursor:
            with cursor.copy(f"COPY {table} TO STDOUT") as source:
                rows = b"".join(map(bytes, source))
            with pytest.raises(REFUSED), transaction.atomic():  # noqa: SIM117
                with cursor.copy(f"COPY {table} FROM STDIN") as target:
                    target.write(rows)
        assert _state(table) == before
        transaction.set_rollback(True)


# insufficient_privilege, which the owner lacks too; feature_not_supported and foreign_key_violation.
UNDERSTOOD = {"42501", "0A000", "23503"}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_each_attempt_is_spelt_so_that_the_owner_could_make_it(
    owner: psycopg.Connection, attempt: str
) -> None:
    with owner.transaction(force_rollback=True):
        statement = ATTEMPTS[attempt].format(t="ledger_leaf", k="id", r=_role(), o=owner.info.user)
        state: str | None = None
        try:
            owner.execute(statement)
        except psycopg.Error as error:
            state = error.sqlstate
    assert state is None or state in UNDERSTOOD


def test_one_function_alone_acts_as_the_owner(owner: psycopg.Connection) -> None:
    found = owner.execute(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    ).fetchall()
    assert found == [("ledger_place",)]


def test_files_of_the_server_are_out_of_reach(owner: psycopg.Connection) -> None:
    functions = [
        *("lo_import(text)", "lo_import(text, oid)", "lo_export(oid, text)"),
        *("pg_read_file(text)", "pg_read_binary_file(text)", "pg_ls_dir(text)"),
    ]
    may = "SELECT f FROM unnest(%s::text[]) f WHERE has_function_privilege(%s, 'pg_catalog.' || f, 'EXECUTE')"
    assert owner.execute(may, [functions, _role()]).fetchall() == []


def _statement(attempt: str, table: str, key: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relowner::regrole::text FROM pg_class WHERE oid = %s::regclass", [table])
        owner = cursor.fetchone()[0]
    return ATTEMPTS[attempt].format(t=table, k=key, r=_role(), o=owner)


def _role() -> str:
    return grants.role_names()["app"]


def _state(table: str) -> list[tuple[Any, ...]]:
    """Return the rows, what the catalogue says of their table, and as whom and how this session acts."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        rows = cursor.fetchall()
        cursor.execute(
            "SELECT relname, relowner, relacl::text, relnatts, relchecks, relhasrules, relrowsecurity,"
            " relhassubclass,"
            " array(SELECT row(tgname, tgenabled)::text FROM pg_trigger WHERE tgrelid = c.oid ORDER BY 1),"
            " array(SELECT attacl::text FROM pg_attribute WHERE attrelid = c.oid ORDER BY attnum),"
            " array(SELECT conname::text FROM pg_constraint WHERE conrelid = c.oid ORDER BY 1),"
            " array(SELECT polname::text FROM pg_policy WHERE polrelid = c.oid ORDER BY 1),"
            " current_user, session_user, current_setting('session_replication_role'),"
            " (SELECT count(*) FROM pg_largeobject_metadata)"
            " FROM pg_class c WHERE oid = %s::regclass",
            [table],
        )
        return [*rows, *cursor.fetchall()]
