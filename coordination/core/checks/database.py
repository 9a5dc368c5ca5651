"""Checks of the database as the application's role meets it."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from coordination.core import grants

OLDEST = 150_000
# Setting, check and what is lost without it.
DURABILITY = (
    ("fsync", "coordination.E010", "A crash of the machine can lose or damage everything in the database."),
    ("full_page_writes", "coordination.E011", "A crash of the machine can leave half-written pages."),
    ("synchronous_commit", "coordination.E012", "A crash can lose what was already confirmed as recorded."),
)


def check(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Check the database of the application's role, if databases may be asked at all."""
    if "default" not in (databases or ()):
        return []
    connection = connections["default"]
    try:
        connection.ensure_connection()
        return [problem for look in (_server, _durability, _role, _tables) for problem in look(connection)]
    except ImproperlyConfigured:
        return []  # the embedded database in production, which is E007
    except DatabaseError as error:
        return [
            Error(
                f"The database does not answer: {error}".strip(),
                hint="Is the server up, and are DATABASE_URL's role and password right?",
                id="coordination.E008",
            )
        ]


def _server(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    version = int(_one(connection, "SHOW server_version_num")[0])
    if version < OLDEST:
        message = f"The database is PostgreSQL {version // 10_000}, which is too old."
        yield Error(message, hint="Use PostgreSQL 15 or newer.", id="coordination.E009")


def _durability(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    """E010-E012: errors in production; a developer's throw-away database may run fast."""
    kind = Error if settings.PRODUCTION else Warning
    for setting, identifier, loss in DURABILITY:
        if _one(connection, "SELECT current_setting(%s)", setting)[0] == "off":
            hint = f"Set {setting} = on for this server, database and role."
            yield kind(f"The database runs with {setting} = off. {loss}", hint=hint, id=identifier)


def _role(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    role, *powers = _one(
        connection,
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user",
    )
    named = [
        name for name, held in zip(("SUPERUSER", "BYPASSRLS", "CREATEROLE"), powers, strict=True) if held
    ]
    if named:
        yield Error(
            f"The application's role {role} has {', '.join(named)}: no grant and no policy binds it.",
            hint=f"ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS NOCREATEROLE, or use another role.",
            id="coordination.E014",
        )
    missing = [name for name in grants.role_names().values() if not _exists(connection, name)]
    if missing:
        yield Warning(
            f"The database has no role {', '.join(missing)}: it was granted nothing.",
            hint="Create the roles as docs/operations.md says, then migrate again.",
            id="coordination.W001",
        )


def _tables(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    (owned,) = _one(
        connection,
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND pg_has_role(current_user, relowner, 'MEMBER')",
    )
    if owned:
        yield Error(
            f"The application's role owns {owned} tables or is a member of their owner: no grant binds it.",
            hint="Let another role own the tables, and migrate as DATABASE_OWNER_URL: docs/operations.md.",
            id="coordination.E013",
        )
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        yield Error(
            f"{len(plan)} migrations are not applied, first {plan[0][0]}.",
            hint="Run manage.py migrate, with DATABASE_OWNER_URL set.",
            id="coordination.E015",
        )
    elif not owned and (loose := list(_loose(connection))):
        yield Error(
            f"The application's role may change or remove rows that have to stay: {', '.join(loose)}.",
            hint="Run manage.py migrate as the owner: it applies the grants.",
            id="coordination.E016",
        )
    elif not owned and (gaps := list(_gaps(connection))):
        yield Error(
            f"The wall around the partner API has a gap: {', '.join(gaps)}.",
            hint="Run manage.py migrate as the owner, and make the application a member of the partner role.",
            id="coordination.E030",
        )


def _loose(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Yield the tables in which the application may do more than the table of rights says, TRUNCATE too."""
    query = "SELECT to_regclass(%s) IS NOT NULL AND has_table_privilege(to_regclass(%s), %s)"
    for table, given in grants.RIGHTS["app"].tables.items():
        refused = ", ".join(each for each in (*grants.WRITE, "TRUNCATE") if each not in given)
        if _one(connection, query, f"public.{table}", f"public.{table}", refused)[0]:
            yield table


def _gaps(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Yield the tables with another wall than the table of rights has, and a role that cannot be taken."""
    roles = {key: name for key, name in grants.role_names().items() if _exists(connection, name)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname::text, policyname::text, roles::text[] FROM pg_class"
            " LEFT JOIN pg_policies ON schemaname = 'public' AND tablename = relname"
            " WHERE relnamespace = 'public'::regnamespace AND relrowsecurity"
        )
        found = {(table, policy, tuple(names or ())) for table, policy, names in cursor.fetchall()}
    wanted = {
        (table, grants.policy_name(key), (name,))
        for key, name in roles.items()
        for table in grants.RIGHTS[key].rows
    }
    yield from sorted({table for table, *_ in wanted ^ found})
    partner = roles.get("partner")
    if partner and not _one(connection, "SELECT pg_has_role(current_user, %s, 'MEMBER')", partner)[0]:
        yield f"the application may not become {partner}"


def _exists(connection: BaseDatabaseWrapper, role: str) -> bool:
    return bool(_one(connection, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", role)[0])


def _one(connection: BaseDatabaseWrapper, query: str, *parameters: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        row: tuple[Any, ...] = cursor.fetchone()
    return row
