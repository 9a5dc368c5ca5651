"""Which operating-system user runs the server."""

import os
import pwd
import shutil
import stat
import subprocess  # nosec B404 - useradd is a program
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coordination.core.embedded.cluster import Cluster, shared_directory
from coordination.core.embedded.errors import EmbeddedDatabaseError

NAME = "coordination-db"
# Debian's PostgreSQL user, where no user can be made. Preferred last: another server's processes share it.
FALLBACK = "postgres"


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user to run programs as; `switch` tells whether that takes a change of user."""

    name: str
    uid: int
    gid: int
    switch: bool

    def run(self, *command: str | Path, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, with nothing of our environment, and return what it said."""
        user: dict[str, Any] = (
            {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}
        )
        return subprocess.run(  # nosec B603  # noqa: S603 - our own words
            [str(part) for part in command],
            check=False,
            cwd=cwd,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **user,
            **options,
        )

    def private_directory(self, path: Path) -> None:
        """Make `path` a directory of this user that others cannot enter, or raise if it is anything else."""
        try:
            path.mkdir(mode=0o700)
            if self.switch:
                os.chown(path, self.uid, self.gid)
        except FileExistsError:
            pass
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.uid or stat.S_IMODE(found.st_mode) & 0o077:
            message = f"{path} must be a directory of the user {self.name} that nobody else can enter."
            raise EmbeddedDatabaseError(f"{message} Remove it and start again.")


def of(cluster: Cluster) -> Account:
    """Return the user who runs the server: ourselves, or for root a system user (made if there is none)."""
    if not cluster.as_root:
        return _account(pwd.getpwuid(os.geteuid()), switch=False)
    if cluster.home.exists():  # whoever made the data keeps them
        return _account(pwd.getpwuid(cluster.home.stat().st_uid), switch=True)
    entry = _named(NAME) or _made() or _named(FALLBACK)
    if entry:
        return _account(entry, switch=True)
    raise EmbeddedDatabaseError(
        f"PostgreSQL does not run as root, and no other user was found. Make one: useradd --system {NAME}"
    )


def prepare_shared_directory() -> Path:
    """Make the directory where root keeps a private directory per cluster. Others may pass, not look."""
    directory = shared_directory()
    directory.mkdir(mode=0o711, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or stat.S_IMODE(found.st_mode) & 0o022:
        raise EmbeddedDatabaseError(
            f"{directory} must be a directory that only root can write. Remove it and start again."
        )
    return directory


def _account(entry: pwd.struct_passwd, *, switch: bool) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switch=switch)


def _named(name: str) -> pwd.struct_passwd | None:
    return next((entry for entry in pwd.getpwall() if entry.pw_name == name), None)


def _made() -> pwd.struct_passwd | None:
    program = shutil.which("useradd")
    if program:
        subprocess.run(  # nosec B603  # noqa: S603 - our own words
            [program, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME],
            check=False,
            capture_output=True,
        )
    return _named(NAME)
