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
_STATE = Path("/var/lib")
_SHORT = Path("/tmp")  # nosec B108  # noqa: S108 - socket paths are short; the folder in it is ours alone


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
        """Where passwords, locks and (unless root) the server's files are."""
        return self.var_dir / "postgres"

    @cached_property
    def as_root(self) -> bool:
        """Whether root starts the server. PostgreSQL refuses to run as root, so another user runs it then."""
        return os.geteuid() == 0

    @cached_property
    def name(self) -> str:
        """A name that no other checkout has, nor a deleted cluster of this one."""
        return hashlib.sha256(f"{self.directory}\0{self._secrets['id']}".encode()).hexdigest()[:16]

    @cached_property
    def home(self) -> Path:
        """Where the server's files are: for root, where another user can reach them."""
        return shared_directory() / self.name if self.as_root else self.directory

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "server.log"

    @property
    def note(self) -> Path:
        """For root, which directory the server's files belong to."""
        return self.home.with_name(f"{self.name}.belongs")

    @property
    def ready(self) -> Path:
        """The mark that the server named in it has its roles and its database."""
        return self.directory / "ready"

    @property
    def socket_directory(self) -> Path:
        """Where it listens: beside the data, or in a short private directory where that path is too long."""
        beside = self.home / "run"
        if len(os.fsencode(beside / _SOCKET_NAME)) <= _SOCKET_PATH_LIMIT:
            return beside
        return _SHORT / f"coordination-{os.geteuid()}-{self.name}"  # made 0700, and its owner is verified

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


def shared_directory() -> Path:
    """Where root keeps what another user must reach: outside private directories, which are never opened."""
    parent = _STATE if os.access(_STATE, os.W_OK) else _SHORT
    return parent / "coordination-embedded"


def _new_secrets() -> dict[str, str]:
    names = ("id", *(role for role in ROLES if role != "partner"))
    return {name: secrets.token_urlsafe(_PASSWORD_BYTES) for name in names}
