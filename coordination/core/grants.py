"""Which database role may do what on which table. This is the whole of it; `apply` makes the database agree.

The owner migrates and owns everything. PUBLIC (everybody else) has nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from psycopg import sql

READ = ("SELECT",)
APPEND = ("SELECT", "INSERT")
WRITE = ("SELECT", "INSERT", "UPDATE", "DELETE")
NOTHING: tuple[str, ...] = ()

# What was once said stays said: nobody who runs the desk can change or remove these rows.
APPEND_ONLY = (
    "ledger_leaf",
    "outbox_approval",
    "outbox_attempt",
    "outbox_receipt",
    # A published pack never changes; policy_pack itself is told when the next version ends it.
    "policy_clock",
    "policy_criteriaversion",
    "policy_emergencynumber",
    "policy_holiday",
    "policy_legalbasis",
    "policy_phonerule",
    "policy_routing",
    "triage_decision",
)


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What one role may do: on ordinary tables, on the tables that differ, on sequences and functions."""

    ordinary: tuple[str, ...] = NOTHING
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sequences: tuple[str, ...] = NOTHING
    functions: tuple[str, ...] = NOTHING
    database: tuple[str, ...] = NOTHING


RIGHTS = {
    "app": Rights(
        ordinary=WRITE,
        tables={**dict.fromkeys(APPEND_ONLY, APPEND), "django_migrations": READ},
        sequences=("USAGE", "SELECT"),
        functions=("EXECUTE",),
        database=("CONNECT",),
    ),
    "partner": Rights(),
    "backup": Rights(ordinary=READ, sequences=("SELECT",), database=("CONNECT",)),
}


def role_names() -> dict[str, str]:
    """Return the name that each key of RIGHTS has in this installation."""
    return {
        "app": settings.DATABASES["default"]["USER"],
        "partner": settings.DATABASE_PARTNER_ROLE,
        "backup": settings.DATABASE_BACKUP_ROLE,
    }


def apply(using: str) -> None:
    """Make the privileges in a database what RIGHTS says, as its owner. Running twice is harmless."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        # Two migrations at once would meet as "tuple concurrently updated".
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('coordination.core.grants'))")
        for statement in statements(cursor):
            cursor.execute(statement)


def statements(cursor: Any) -> list[sql.Composed]:
    """Return what makes the database agree with RIGHTS, asked by its owner: take everything, then give."""
    cursor.execute("SELECT current_user, current_database()")
    owner, database = cursor.fetchone()
    cursor.execute("SELECT rolname FROM pg_roles")
    known = {name for (name,) in cursor.fetchall()}
    cursor.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user"
    )
    tables = sorted(name for (name,) in cursor.fetchall())
    # A developer's only role owns everything: there is nothing to grant it, and the check E013 complains.
    roles = {key: name for key, name in role_names().items() if name in known and name != owner}
    return list(_statements(roles, owner=owner, database=database, tables=tables))


def _statements(
    roles: Mapping[str, str], *, owner: str, database: str, tables: list[str]
) -> Iterator[sql.Composed]:
    everybody = sql.SQL(", ").join([sql.SQL("PUBLIC"), *map(sql.Identifier, roles.values())])
    for what in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        yield sql.SQL("REVOKE ALL ON ALL {} IN SCHEMA public FROM {}").format(sql.SQL(what), everybody)
    yield sql.SQL("REVOKE ALL ON SCHEMA public FROM {}").format(everybody)
    yield sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(sql.Identifier(database), everybody)
    # A function is born executable by everybody, unlike a table.
    yield sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} REVOKE ALL ON FUNCTIONS FROM PUBLIC").format(
        sql.Identifier(owner)
    )
    for key, name in roles.items():
        yield from _grants(RIGHTS[key], sql.Identifier(name), database=database, tables=tables)


def _grants(
    rights: Rights, role: sql.Identifier, *, database: str, tables: list[str]
) -> Iterator[sql.Composed]:
    def grant(privileges: tuple[str, ...], target: sql.Composable) -> Iterator[sql.Composed]:
        if privileges:
            yield sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(", ".join(privileges)), target, role)

    for table in tables:
        target = sql.SQL("TABLE public.{}").format(sql.Identifier(table))
        yield from grant(rights.tables.get(table, rights.ordinary), target)
    yield from grant(rights.sequences, sql.SQL("ALL SEQUENCES IN SCHEMA public"))
    yield from grant(rights.functions, sql.SQL("ALL FUNCTIONS IN SCHEMA public"))
    yield from grant(rights.database, sql.SQL("DATABASE {}").format(sql.Identifier(database)))
    yield from grant(("USAGE",) if rights != Rights() else NOTHING, sql.SQL("SCHEMA public"))
