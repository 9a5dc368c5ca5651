"""What the demo keeps between runs under var/demo, for its owner alone: passwords, keys, ports, logs."""

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from coordination.desk.demo.telling import RunsAlready


def directory() -> Path:
    """Return var/demo/<name of the database>, made where it is not there."""
    path = Path(settings.VAR_DIR) / "demo" / Path(str(settings.DATABASES["default"]["NAME"])).name
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@contextmanager
def alone() -> Iterator[None]:
    """Be the only demo on this database; raise RunsAlready where another is.

    The lock ends with the process that holds it, whatever ended that: what a dead one left blocks nobody.
    """
    with (directory() / "running").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise RunsAlready(f"A demo runs already (process {file.read().strip()}).") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def write(path: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(path)


def remember(name: str, values: dict[str, Any]) -> None:
    """Keep `values` under `name`."""
    write(directory() / f"{name}.json", json.dumps(values, indent=1, sort_keys=True))


def recall(name: str) -> dict[str, Any]:
    """Return what was kept under `name`; nothing the first time."""
    try:
        found = json.loads((directory() / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def port(name: str, wanted: int = 0) -> int:
    """Return a free port of loopback: `wanted`, else the one that `name` had last time, else any."""
    kept = recall("ports")
    found = (wanted and _free(wanted)) or _free(int(kept.get(name, 0))) or _free(0)
    remember("ports", {**kept, name: found})
    return found


def password() -> str:
    """Return a new password that a person can type."""
    return "-".join(secrets.token_hex(3) for _ in range(3))


def _free(candidate: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", candidate))
        except OSError:
            return 0
        return int(probe.getsockname()[1])
