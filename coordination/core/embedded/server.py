"""Start and stop the embedded PostgreSQL.

Two locks. `start.lock` is held by whoever starts or stops, so that two processes at once give one server.
`server.lock` is inherited by the server and all its children: as long as one of them lives, whatever the pid
files say and in whichever container it runs, no second server touches the data.
"""

import fcntl
import os
import shlex
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from coordination.core.embedded import accounts, binaries, processes, roles
from coordination.core.embedded.accounts import Account
from coordination.core.embedded.cluster import ROLES, Cluster
from coordination.core.embedded.errors import EmbeddedDatabaseError
from coordination.core.embedded.processes import Process
from coordination.core.embedded.secretfiles import private_directory, unusable

START_SECONDS = 60
STOP_SECONDS = 60
LEFTOVER_SECONDS = 20
LOG_LINES = 15
LOG_LIMIT = 10_000_000
MAX_CONNECTIONS = 200

Say = Callable[[str], None]


def start(var_dir: Path, *, say: Say = lambda _: None) -> None:
    """Have the server of `var_dir` running, with its roles and its database. Raises EmbeddedDatabaseError."""
    cluster = Cluster.of(var_dir)
    if _is_ready(cluster):
        return
    with _lock(cluster, "start.lock"):
        if not _is_ready(cluster):
            _start(cluster, say)


def stop(var_dir: Path) -> bool:
    """Stop the server cleanly: sessions end, everything is written out. Return whether there was one."""
    cluster = Cluster.of(var_dir)
    if not cluster.data.exists():
        return False
    with _lock(cluster, "start.lock"):
        cluster.ready.unlink(missing_ok=True)
        process = processes.server_of(cluster.data)
        if not process:
            return False
        _end(process)
        with suppress(OSError):  # it may hold what is not ours
            cluster.socket_directory.rmdir()
        return True


def status(var_dir: Path) -> dict[str, Any]:
    """Return where the embedded database lives and whether it runs."""
    cluster = Cluster.of(var_dir)
    process = processes.server_of(cluster.data)
    return {
        "running": process is not None,
        "ready": _is_ready(cluster),
        "pid": process.pid if process else None,
        "data": str(cluster.data),
        "socket": str(cluster.socket),
        "log": str(cluster.log),
        "passwords": str(cluster.directory / "cluster.json"),
    }


def erase(var_dir: Path) -> None:
    """Stop the server and delete its data and passwords."""
    stop(var_dir)
    cluster = Cluster.of(var_dir)
    for directory in (cluster.socket_directory, cluster.home, cluster.directory):
        shutil.rmtree(directory, ignore_errors=True)
    if cluster.as_root:
        cluster.note.unlink(missing_ok=True)


def _is_ready(cluster: Cluster) -> bool:
    process = processes.server_of(cluster.data)
    return process is not None and _text(cluster.ready) == str(process)


def _start(cluster: Cluster, say: Say) -> None:
    account = accounts.of(cluster)
    process = processes.server_of(cluster.data)
    if not process:
        programs = binaries.directory(account)
        _prepare(cluster, account)
        if not cluster.data.exists():
            say(f"Creating the embedded PostgreSQL in {cluster.home}")
            _initialise(cluster, account, programs)
        _run(cluster, account, programs)
        process = processes.server_of(cluster.data)
    try:
        roles.ensure(cluster)
    except psycopg.Error as error:
        raise _cannot_start(cluster, str(error)) from error
    cluster.ready.write_text(str(process))


def _prepare(cluster: Cluster, account: Account) -> None:
    if cluster.as_root:
        accounts.prepare_shared_directory()
        _remove_predecessors(cluster)
        cluster.note.write_text(str(cluster.directory))
        account.private_directory(cluster.home)
    account.private_directory(cluster.socket_directory)
    if cluster.log.exists() and cluster.log.stat().st_size > LOG_LIMIT:
        cluster.log.replace(cluster.log.with_name("server.log.1"))


def _remove_predecessors(cluster: Cluster) -> None:
    """Remove clusters of this very directory whose passwords were deleted: nobody can open them again."""
    for note in cluster.note.parent.glob(f"*{cluster.note.suffix}"):
        if note == cluster.note or _text(note) != str(cluster.directory):
            continue
        home = note.with_suffix("")
        if process := processes.server_of(home / "data"):
            _end(process)
        shutil.rmtree(home, ignore_errors=True)
        note.unlink(missing_ok=True)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _end(process: Process) -> None:
    os.kill(process.pid, signal.SIGINT)  # PostgreSQL's "fast" shutdown
    if not _wait(lambda: not process.alive, STOP_SECONDS):
        raise EmbeddedDatabaseError(f"The server (process {process.pid}) did not stop in {STOP_SECONDS} s.")


def _initialise(cluster: Cluster, account: Account, programs: Path) -> None:
    unfinished = cluster.home / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    reading, writing = os.pipe()
    try:
        if account.switch:
            os.fchown(reading, account.uid, account.gid)  # so that it may open /dev/stdin
        os.write(writing, cluster.password("superuser").encode())
        os.close(writing)
        done = account.run(
            *(programs / "initdb", "--pgdata", unfinished, "--username", ROLES["superuser"]),
            *("--auth=scram-sha-256", "--pwfile=/dev/stdin", "--no-instructions"),
            # Built in, so that sorting does not change with the machine's C library.
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            cwd=cluster.home,
            stdin=reading,
        )
    finally:
        os.close(reading)
    if done.returncode:
        raise _cannot_start(cluster, done.stdout)
    unfinished.rename(cluster.data)


def _run(cluster: Cluster, account: Account, programs: Path) -> None:
    with _nobody_left(cluster) as lock:
        # With the lock in hand no server runs here, whatever process these files name.
        for stale in (
            cluster.data / "postmaster.pid",
            cluster.socket,
            cluster.socket.with_name(f"{cluster.socket.name}.lock"),
        ):
            stale.unlink(missing_ok=True)
        done = account.run(
            *(programs / "pg_ctl", "start", "--wait", "--silent", f"--timeout={START_SECONDS}"),
            *("--pgdata", cluster.data, "--log", cluster.log, "--options", _options(cluster)),
            cwd=cluster.home,
            pass_fds=(lock,),
        )
    if done.returncode:
        raise _cannot_start(cluster, done.stdout)


def _options(cluster: Cluster) -> str:
    quoted = str(cluster.socket_directory).replace('"', '""')
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{quoted}"',
        "unix_socket_permissions": "0700",
        "max_connections": MAX_CONNECTIONS,
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())


@contextmanager
def _nobody_left(cluster: Cluster) -> Iterator[int]:
    """Yield the locked descriptor for a new server once no process of an earlier one holds it."""
    descriptor = os.open(cluster.directory / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _wait(lambda: _locked(descriptor), LEFTOVER_SECONDS):
            raise _cannot_start(
                cluster,
                "Processes of an earlier server still use the data. Wait, or end them (they are called "
                "`postgres`); if another container uses the same directory, stop its server first.",
            )
        yield descriptor
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _lock(cluster: Cluster, name: str) -> Iterator[None]:
    path = cluster.directory / name
    try:
        file = (private_directory(path.parent) / path.name).open("a")
    except OSError as error:
        raise unusable(path, error) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _wait(until: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _cannot_start(cluster: Cluster, said: str) -> EmbeddedDatabaseError:
    tail = _text(cluster.log).splitlines()[-LOG_LINES:]
    lines = [
        "The embedded PostgreSQL cannot start.",
        said.strip(),
        *([f"The end of {cluster.log}:", *(f"    {line}" for line in tail)] if tail else []),
        "If its data may go (they are development's), run `manage.py database erase --yes` and start again.",
        "Or set DATABASE_URL and DATABASE_OWNER_URL to a PostgreSQL 15 or newer of your own.",
    ]
    return EmbeddedDatabaseError("\n".join(line for line in lines if line))
