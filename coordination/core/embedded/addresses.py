"""Where the database is: a URL from the environment, or the embedded cluster."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from coordination.core.embedded.cluster import DATABASE, PORT, ROLES, Cluster
from coordination.core.embedded.errors import BadDatabaseURL

Settings = dict[str, Any]

ENGINE = "django.db.backends.postgresql"
# Looks on each new connection whether the server is up, and starts it where it is not.
EMBEDDED_ENGINE = "coordination.core.embedded.backend"
# Opening a connection costs a SCRAM handshake (about 5 ms). A minute keeps web threads and workers connected;
# the health check replaces a connection that the server dropped in between.
_KEEP = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


def databases(var_dir: Path, *, url: str = "", owner_url: str = "") -> dict[str, Settings]:
    """Return Django's DATABASES: `default` is the application's role; `owner`, where it is known, migrates.

    Without `url` both describe the embedded cluster of `var_dir`, which is not started here.
    """
    if url:
        found = {"default": _from_url("DATABASE_URL", url)}
        if owner_url:
            found["owner"] = _from_url("DATABASE_OWNER_URL", owner_url)
        return found
    if owner_url:
        raise BadDatabaseURL("DATABASE_OWNER_URL is set and DATABASE_URL is not. Set both, or neither.")
    cluster = Cluster.of(var_dir)
    return {"default": _embedded(cluster, "app"), "owner": _embedded(cluster, "owner")}


def url_of(settings: Mapping[str, Any]) -> str:
    """Return the URL of one entry of DATABASES, so that a child process can be sent to the same database."""
    user, password = (quote(str(settings[key]), safe="") for key in ("USER", "PASSWORD"))
    address = quote(str(settings["HOST"]), safe="") + (f":{settings['PORT']}" if settings["PORT"] else "")
    return f"postgres://{user}:{password}@{address}/{quote(str(settings['NAME']), safe='')}"


def _from_url(variable: str, url: str) -> Settings:
    # The URL carries a password: no message repeats it.
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadDatabaseURL(f"{variable} cannot be read as a URL.") from error
    if parts.scheme not in ("postgres", "postgresql"):
        raise BadDatabaseURL(f"{variable} must begin with postgres:// (PostgreSQL is the only database).")
    name = unquote(parts.path.removeprefix("/"))
    if not (name and parts.username):
        raise BadDatabaseURL(
            f"{variable} must name a role and a database: postgres://role:password@host/name."
        )
    return {
        "ENGINE": ENGINE,
        "NAME": name,
        "USER": unquote(parts.username),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": _host(parts.netloc),
        "PORT": str(port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
        **_KEEP,
    }


def _host(netloc: str) -> str:
    # Not `hostname`, which lowers the case: a percent-encoded socket directory would break.
    address = netloc.rpartition("@")[2]
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return unquote(address.partition(":")[0])


def _embedded(cluster: Cluster, role: str) -> Settings:
    return {
        "ENGINE": EMBEDDED_ENGINE,
        "NAME": DATABASE,
        "USER": ROLES[role],
        "PASSWORD": cluster.password(role),
        "HOST": str(cluster.socket_directory),
        "PORT": str(PORT),
        "OPTIONS": {},
        **_KEEP,
    }
