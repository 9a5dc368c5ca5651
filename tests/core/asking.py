"""Asking an embedded server, and its processes."""

from pathlib import Path
from typing import Any

import psycopg

from coordination.core.embedded.cluster import ROLES, Cluster


def connect(var: Path, role: str, *, password: str = "") -> psycopg.Connection:
    """Return a connection in a role of the embedded server."""
    cluster = Cluster.of(var)
    return psycopg.connect(
        host=str(cluster.socket_directory),
        user=ROLES[role],
        password=password or cluster.password(role),
        dbname="postgres" if role == "superuser" else "coordination",
        autocommit=True,
    )


def ask(var: Path, query: str, *, role: str = "app") -> Any:
    """Return the one value that a query gives."""
    with connect(var, role) as connection:
        row = connection.execute(query).fetchone()
    assert row
    return row[0]


def note(var: Path, text: str) -> None:
    """Write down a line that must survive."""
    with connect(var, "owner") as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (id serial, text text)")
        connection.execute("INSERT INTO note (text) VALUES (%s)", [text])


def notes(var: Path) -> list[str]:
    """Return the lines that survived."""
    found: list[str] = ask(var, "SELECT array_agg(text ORDER BY id) FROM note", role="owner")
    return found


def words(cmdline: Path) -> list[bytes]:
    """Return the words of a process's command line; none where it is gone."""
    try:
        return cmdline.read_bytes().split(b"\0")
    except OSError:
        return []
