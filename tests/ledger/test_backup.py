"""Backup and restore, as docs/operations.md says: a dump of the backup role is a whole ledger."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from psycopg import sql

from coordination.core import embedded
from coordination.core.embedded import binaries
from coordination.core.embedded.addresses import EMBEDDED_ENGINE
from coordination.core.embedded.cluster import ROLES, Cluster
from coordination.ledger.models import Checkpoint

COPY = f"restored_{os.getpid()}"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A database of the embedded server: its name, and what a command needs to use it."""

    name: str

    def url(self, role: str) -> str:
        """Return the address for a role."""
        known = {"USER": ROLES[role], "PASSWORD": Cluster.of(settings.VAR_DIR).password(role)}
        return embedded.url_of(connections["default"].settings_dict | {"NAME": self.name} | known)

    def manage(self, *arguments: Any, role: str = "app") -> subprocess.CompletedProcess[str]:
        """Run a command on it."""
        urls = {"DATABASE_URL": self.url(role), "DATABASE_OWNER_URL": self.url("owner")}
        return _run(sys.executable, "manage.py", *arguments, **urls)


@pytest.fixture
def copy(transactional_db: None) -> Iterator[Desk]:
    """An empty database of the owner's, to restore into."""
    if settings.DATABASES["default"]["ENGINE"] != EMBEDDED_ENGINE:
        pytest.skip("pg_dump has to be of the server's own version: that of the embedded one is at hand")
    maintenance = Desk(name="postgres").url("owner")
    with psycopg.connect(maintenance, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(COPY)))
        yield Desk(name=COPY)
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(COPY)))


def test_a_restored_dump_holds_against_a_checkpoint_that_was_kept(
    ledger: None, copy: Desk, tmp_path: Path
) -> None:
    desk = Desk(name=connections["default"].settings_dict["NAME"])
    dump, kept = tmp_path / "desk.dump", tmp_path / "checkpoint"
    _program("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={desk.url('backup')}")
    kept.write_bytes(bytes(Checkpoint.objects.get(size=700).note))
    restoring = ("--no-owner", "--exit-on-error", f"--dbname={copy.url('owner')}", dump)
    _program("pg_restore", *restoring)
    migrated = copy.manage("migrate", "--verbosity", "0")
    assert (migrated.returncode, migrated.stderr) == (0, "")
    checked = copy.manage("check", "--database", "default")
    assert checked.returncode == 0, checked.stderr
    for role in ("app", "backup"):
        said = copy.manage("ledger_verify", "--against", kept, role=role)
        assert (said.returncode, said.stderr) == (0, "")
        assert "700 entries" in said.stdout


def _program(name: str, *arguments: Any) -> None:
    done = _run(binaries.installed() / name, *arguments)
    assert (done.returncode, done.stderr) == (0, "")


def _run(*command: Any, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=settings.BASE_DIR,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
