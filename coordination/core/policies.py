"""Row-level security: making the policies of the database those that the table of rights asks for.

What PostgreSQL prints of a policy is not what was written, so the two cannot be compared. A policy that was
made here carries a mark as its comment: the digest of what was asked for and of what was printed of it then.
Where both are what they were, the policy is left alone, and a migration waits for no reader (a dump, say).
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeAlias

from psycopg import sql

# (table, policy) -> (role, condition)
Wanted: TypeAlias = Mapping[tuple[str, str], tuple[str, str]]

_FOUND = """
    SELECT relname::text, polname::text, obj_description(p.oid, 'pg_policy'), polcmd::text, polpermissive,
        array(SELECT rolname::text FROM pg_roles WHERE pg_roles.oid = ANY(polroles) ORDER BY 1),
        pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
    FROM pg_policy p JOIN pg_class c ON c.oid = polrelid
    WHERE relnamespace = 'public'::regnamespace AND pg_has_role(current_user, relowner, 'MEMBER')
    ORDER BY 1, 2
"""
_WALLED = """
    SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity
"""


def statements(
    cursor: Any, wanted: Wanted, *, tables: Collection[str], walled: Collection[str]
) -> Iterator[sql.Composed]:
    """Yield what makes `tables` have the wanted policies, and row-level security where they are `walled`."""
    kept = set()
    for place, mark, expected in _found(cursor, wanted):
        if mark == expected:
            kept.add(place)
        elif place[0] in tables:
            yield sql.SQL("DROP POLICY {} ON {}").format(sql.Identifier(place[1]), _table(place[0]))
    cursor.execute(_WALLED)
    now = {name for (name,) in cursor.fetchall()}
    for table in tables:
        if (table in walled) != (table in now):
            switch = sql.SQL("ENABLE" if table in walled else "DISABLE")
            yield sql.SQL("ALTER TABLE {} {} ROW LEVEL SECURITY").format(_table(table), switch)
    for (table, policy), (role, rows) in wanted.items():
        if (table, policy) not in kept:
            yield sql.SQL("CREATE POLICY {} ON {} TO {} USING ({})").format(
                sql.Identifier(policy), _table(table), sql.Identifier(role), sql.SQL(rows)
            )


def marks(cursor: Any, wanted: Wanted) -> Iterator[sql.Composed]:
    """Yield what marks the policies that were just made."""
    for (table, policy), mark, expected in _found(cursor, wanted):
        if expected and mark != expected:
            yield sql.SQL("COMMENT ON POLICY {} ON {} IS {}").format(
                sql.Identifier(policy), _table(table), sql.Literal(expected)
            )


def _found(cursor: Any, wanted: Wanted) -> list[tuple[tuple[str, str], str | None, str]]:
    """Return each policy with its mark and the mark that it should have, "" for one that nobody wants."""
    cursor.execute(_FOUND)
    return [
        ((table, policy), mark, _mark(wanted[table, policy], printed) if (table, policy) in wanted else "")
        for table, policy, mark, *printed in cursor.fetchall()
    ]


def _mark(asked: tuple[str, str], printed: list[Any]) -> str:
    return f"sha256:{hashlib.sha256(json.dumps([asked, printed]).encode()).hexdigest()}"


def _table(name: str) -> sql.Identifier:
    return sql.Identifier("public", name)
