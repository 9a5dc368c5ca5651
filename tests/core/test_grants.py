"""Who may do what on which table, tried and not read off."""

from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from coordination.core import generated, grants, policies
from tests.core.rows import TABLES, a_row

pytestmark = pytest.mark.django_db


# A trigger lets no row of nothing in; what is signed there is tried in tests/restrictions/test_guard.py.
GUARDED = {"restrictions_assessmentsignature"}


@pytest.mark.parametrize("table", sorted({*grants.APPEND_ONLY} - GUARDED))
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_append_only_rows_survive_every_attempt_of_the_application(table: str, statement: str) -> None:
    model = TABLES[table]
    with transaction.atomic():
        model._default_manager.bulk_create([a_row(model)])
        before = _rows(table)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement.format(table, model._meta.pk.column))
        assert _rows(table) == before != []
        transaction.set_rollback(True)  # the row refers to nothing: it must not be committed


@pytest.mark.parametrize("table", grants.KEPT)
@pytest.mark.parametrize("statement", ["DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_kept_rows_are_changed_by_the_application_and_never_removed(table: str, statement: str) -> None:
    pk = TABLES[table]._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {pk} = {pk} WHERE false")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            cursor.execute(statement.format(table))


def test_the_table_of_rights_names_only_tables_that_exist() -> None:
    named = {
        table
        for rights in grants.RIGHTS.values()
        for table in (*rights.tables, *rights.columns, *rights.rows)
    }
    assert named - TABLES.keys() - {"django_migrations"} == set()


def test_tests_run_as_the_application_role_which_owns_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone() == (grants.role_names()["app"], 0)


def test_application_reads_and_writes_every_ordinary_table() -> None:
    ordinary = [table for table in TABLES if table not in grants.RIGHTS["app"].tables]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) name, unnest(%s::text[]) privilege"
            " WHERE NOT has_table_privilege(quote_ident(name), privilege)",
            [ordinary, list(grants.WRITE)],
        )
        assert cursor.fetchall() == []


def test_application_creates_nothing() -> None:
    for statement in (
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE SCHEMA mine",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_everybody_else_has_nothing(owner: psycopg.Connection) -> None:
    everybody = 0  # the grantee PUBLIC in an access control list
    found = owner.execute(
        "SELECT relname::text FROM pg_class, aclexplode(relacl) acl WHERE grantee = %(everybody)s"
        " AND relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT 'schema ' || privilege_type FROM pg_namespace, aclexplode(nspacl) acl"
        " WHERE grantee = %(everybody)s AND nspname = 'public'"
        " UNION ALL SELECT 'database ' || privilege_type FROM pg_database, aclexplode(datacl) acl"
        " WHERE grantee = %(everybody)s AND datname = current_database()"
        " UNION ALL SELECT proname FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) acl"
        " WHERE grantee = %(everybody)s AND pronamespace = 'public'::regnamespace",
        {"everybody": everybody},
    ).fetchall()
    assert found == []


def test_backup_reads_every_table_and_writes_none(owner: psycopg.Connection) -> None:
    backup = grants.role_names()["backup"]
    assert _privileges(owner, backup) == {(table, "SELECT") for table in _tables(owner)}


def test_partner_reads_the_named_columns_and_nothing_else(owner: psycopg.Connection) -> None:
    partner = grants.role_names()["partner"]
    assert _privileges(owner, partner) == set()
    found = owner.execute(
        "SELECT relname, attname, privilege_type FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid,"
        " aclexplode(attacl) acl WHERE grantee = %s::regrole",
        [partner],
    ).fetchall()
    named = {(table, each, "SELECT") for table, columns in grants.PARTNER_SEES.items() for each in columns}
    assert set(found) == named


def test_the_policies_are_those_of_the_table(owner: psycopg.Connection) -> None:
    names = grants.role_names()
    found = owner.execute(
        "SELECT tablename, policyname, roles::text[], permissive, cmd, with_check FROM pg_policies"
        " WHERE schemaname = 'public'"
    ).fetchall()
    wanted = {
        (table, f"{key}_rows", (names[key],), "PERMISSIVE", "ALL", None)
        for key, rights in grants.RIGHTS.items()
        for table in rights.rows
    }
    assert {(table, policy, tuple(roles), *rest) for table, policy, roles, *rest in found} == wanted
    assert _walled(owner) == set(grants.OWN_ROWS)


def test_row_level_security_is_not_forced_on_the_owner(owner: psycopg.Connection) -> None:
    assert owner.execute("SELECT relname FROM pg_class WHERE relforcerowsecurity").fetchall() == []


def test_applying_again_touches_no_policy_that_is_right(owner: psycopg.Connection) -> None:
    with owner.transaction(force_rollback=True):
        _apply(owner)
        again = [each.as_string(owner) for each in grants.statements(owner.cursor())]
        assert [each for each in again if "POLICY" in each or "ROW LEVEL" in each] == []
        owner.execute("ALTER POLICY partner_rows ON outbox_message USING (state <> 'void')")
        role = grants.role_names()["partner"]
        mending = [each.as_string(owner) for each in grants.statements(owner.cursor())]
        assert [each.split(" USING")[0] for each in mending if "POLICY" in each] == [
            'DROP POLICY "partner_rows" ON "public"."outbox_message"',
            f'CREATE POLICY "partner_rows" ON "public"."outbox_message" TO "{role}"',
        ]


def test_applying_again_mends_the_wall(owner: psycopg.Connection) -> None:
    app = grants.role_names()["app"]
    before = _policies(owner)
    with owner.transaction(force_rollback=True):
        owner.execute("ALTER POLICY partner_rows ON outbox_message USING (true)")
        owner.execute("DROP POLICY app_rows ON outbox_receipt")
        owner.execute(f"CREATE POLICY mine ON outbox_delivery TO {app} USING (true)")
        owner.execute("ALTER TABLE partners_officer DISABLE ROW LEVEL SECURITY")
        owner.execute("ALTER TABLE cases_note ENABLE ROW LEVEL SECURITY")
        assert _policies(owner) != before
        _apply(owner)
        assert _policies(owner) == before
        assert _walled(owner) == set(grants.OWN_ROWS)


def test_applying_again_takes_back_what_the_table_does_not_give(owner: psycopg.Connection) -> None:
    app = grants.role_names()["app"]
    before = _privileges(owner, app)
    with owner.transaction(force_rollback=True):
        owner.execute(f"GRANT UPDATE, TRUNCATE ON ledger_leaf TO {app}, PUBLIC")
        owner.execute(f"REVOKE INSERT ON ledger_leaf FROM {app}")
        assert _privileges(owner, app) != before
        for statement in grants.statements(owner.cursor()):
            owner.execute(statement)
        assert _privileges(owner, app) == before


def _apply(owner: psycopg.Connection) -> None:
    """Do what grants.apply does, on a connection that takes it back."""
    for statement in grants.statements(owner.cursor()):
        owner.execute(statement)
    for statement in policies.marks(owner.cursor(), grants.wanted_policies()):
        owner.execute(statement)


def _policies(owner: psycopg.Connection) -> list[tuple[Any, ...]]:
    return owner.execute("SELECT * FROM pg_policies WHERE schemaname = 'public' ORDER BY 2, 3").fetchall()


def _walled(owner: psycopg.Connection) -> set[str]:
    query = "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace"
    return {name for (name,) in owner.execute(query)}


def _rows(table: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        return cursor.fetchall()


def _tables(owner: psycopg.Connection) -> set[str]:
    return {name for (name,) in owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def _privileges(owner: psycopg.Connection, role: str) -> set[tuple[str, str]]:
    query = (
        "SELECT relname, privilege_type FROM pg_class, aclexplode(relacl) acl"
        " WHERE grantee = %s::regrole AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    return set(owner.execute(query, [role]).fetchall())


def test_the_documentation_lists_what_a_partner_reads() -> None:
    """With the rows, and the fields that differ on the desk beside it (V8.1.2)."""
    assert generated.section("docs/security.md", "partner columns") == grants.columns_as_markdown(), (
        generated.HINT
    )
