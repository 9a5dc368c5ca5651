"""The roles and the database inside the embedded cluster."""

import psycopg
from psycopg import sql

from coordination.core.embedded.cluster import DATABASE, PORT, ROLES, Cluster

_ATTRIBUTES = {
    "owner": "LOGIN CREATEDB",
    "app": "LOGIN",
    "partner": "NOLOGIN",
    "backup": "LOGIN BYPASSRLS",
}


def ensure(cluster: Cluster) -> None:
    """Create the roles and the database where they are missing, with the passwords of `cluster`."""
    with psycopg.connect(
        host=str(cluster.socket_directory),
        port=PORT,
        dbname="postgres",
        user=ROLES["superuser"],
        password=cluster.password("superuser"),
        autocommit=True,
    ) as connection:
        known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        for role, attributes in _ATTRIBUTES.items():
            if ROLES[role] not in known:
                _create(connection, cluster, role, attributes)
        # The application becomes a partner when it says so (SET ROLE), and has none of its rights before.
        connection.execute(_statement("GRANT {} TO {} WITH INHERIT FALSE", ROLES["partner"], ROLES["app"]))
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not found:
            connection.execute(_statement("CREATE DATABASE {} OWNER {}", DATABASE, ROLES["owner"]))


def _create(connection: psycopg.Connection, cluster: Cluster, role: str, attributes: str) -> None:
    statement = _statement("CREATE ROLE {} ", ROLES[role]) + sql.SQL(attributes)
    if attributes.startswith("LOGIN"):
        statement += sql.SQL(" PASSWORD {}").format(sql.Literal(cluster.password(role)))
    connection.execute(statement)


def _statement(template: str, *names: str) -> sql.Composed:
    return sql.SQL(template).format(*map(sql.Identifier, names))
