"""Which files and roles the embedded PostgreSQL of one checkout has. Nothing here starts anything."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from coordination.core.embedded.secretfiles import once

DATABASE = "coordination"
PORT = 5432  # only a part of the socket's name: nothing listens on TCP
ROLES = {
    "superuser": "coordination_superuser",
    "owner": "coordination_owner",
    "app": "coordination_app",
    "partner": "coordination_partner",
    "backup": "coordination_backup",
}
# Linux keeps 108 bytes for a socket's path, one of them the terminating NUL.
_SOCKET_PATH_LIMIT = 107
_SOCKET_NAME = f".s.PGSQL.{PORT}"
_PASSWORD_BYTES = 24


@dataclass(frozen=True)
class Cluster:
    """The embedded PostgreSQL that belongs to one `var` directory."""

    var_dir: Path

    @classmethod
    def of(cls, var_dir: Path) -> Self:
        """Return the cluster of `var_dir`, however that directory was reached."""
        return cls(Path(os.path.realpath(var_dir)))

    @property
    def directory(self) -> Path:
        """Where passwords, locks and (unless root) the data are."""
        return self.var_dir / "postgres"

    @property
    def name(self) -> str:
        """Return a name that no other checkout, and no earlier cluster of this one, has."""
        return hashlib.sha256(f"{self.directory}\0{self._secrets['id']}".encode()).hexdigest()[:16]

    @property
    def home(self) -> Path:
        """Where the server's files are. Root's server runs as another user, who cannot enter root's directories."""
        return Path("/var/lib/coordination-embedded") / self.name if self.as_root else self.directory

    @property
    def as_root(self) -> bool:
        """Whether root starts the server; PostgreSQL refuses to run as root itself."""
        return os.geteuid() == 0

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "server.log"

    @property
    def socket_directory(self) -> Path:
        """Where the server listens: beside the data, or in a short private directory where that path is too long."""
        beside = self.home / "run"
        if len(os.fsencode(beside / _SOCKET_NAME)) <= _SOCKET_PATH_LIMIT:
            return beside
        return Path(f"/tmp/coordination-{os.geteuid()}-{self.name}")  # noqa: S108 (made 0700, and its owner verified)

    @property
    def socket(self) -> Path:
        """The socket itself."""
        return self.socket_directory / _SOCKET_NAME

    def password(self, role: str) -> str:
        """Return the password of a key of ROLES that can log in."""
        return self._secrets[role]

    @cached_property
    def _secrets(self) -> dict[str, str]:
        return once(self.directory / "cluster.json", _new_secrets)


def _new_secrets() -> dict[str, str]:
    names = ("id", *(role for role in ROLES if role != "partner"))
    return {name: secrets.token_urlsafe(_PASSWORD_BYTES) for name in names}
