"""The processes of the demo: web, worker, fake police portal and mail server, all stopped at the end."""

import os
import signal
import socket
import subprocess  # nosec B404 - the demo is several processes
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from coordination.desk.demo import keeping
from coordination.desk.demo.telling import StoryFailed

UP_WITHIN = 30.0
GONE_WITHIN = 15.0
LAST_LINES = 12


class Child:
    """One process with a log of its own."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = keeping.directory() / f"{name}.log"
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C reaches the demo alone, which then stops its children in order.
            self.process = subprocess.Popen(  # nosec B603  # noqa: S603 - our own commands
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                cwd=settings.BASE_DIR,
                start_new_session=True,
            )

    def await_port(self, port: int) -> None:
        """Wait until it listens; raise StoryFailed with its last words where it does not."""
        limit = time.monotonic() + UP_WITHIN
        while time.monotonic() < limit:
            self.check()
            with socket.socket() as probe:
                probe.settimeout(0.5)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise StoryFailed(
            f"{self.name} does not listen on port {port} after {UP_WITHIN:.0f} s.\n{self.words()}"
        )

    def check(self) -> None:
        """Raise StoryFailed where it has ended."""
        if self.process.poll() is not None:
            raise StoryFailed(f"{self.name} ended with {self.process.returncode}.\n{self.words()}")

    def words(self) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LAST_LINES:])

    def stop(self) -> None:
        """Ask it to end, and make it where it does not."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(GONE_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Children:
    """The processes that were started, newest last."""

    def __init__(self) -> None:
        self.all: list[Child] = []

    def start(self, name: str, *command: str, environment: Mapping[str, str] | None = None) -> Child:
        """Start one with this interpreter."""
        child = Child(name, [sys.executable, *command], environment or {})
        self.all.append(child)
        return child

    def check(self) -> None:
        """Raise StoryFailed where one has ended."""
        for child in self.all:
            child.check()


@contextmanager
def children() -> Iterator[Children]:
    """Give room to start processes; all are gone at the end, whatever happened."""
    started = Children()
    try:
        yield started
    finally:
        for child in reversed(started.all):
            child.stop()


def mail_directory() -> Path:
    """Return where the mail server keeps mails, emptied."""
    path = keeping.directory() / "mail"
    path.mkdir(mode=0o700, exist_ok=True)
    for old in path.glob("*.eml"):
        old.unlink()
    return path
