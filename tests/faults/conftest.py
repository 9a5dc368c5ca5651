"""Real worker processes on the test database, and the scripted channel for them to send with."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from tests.outbox.conftest import PLUGIN, no_hosts_left, partner, scripted  # noqa: F401
from tests.people import *  # noqa: F403

Start = Callable[..., "subprocess.Popen[bytes]"]


def wait_for(truth: Callable[[], Any], seconds: float = 20.0, every: float = 0.005) -> Any:
    """Return what becomes true within the time, or fail."""
    until = time.monotonic() + seconds
    while not (found := truth()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(every)
    return found


def count(state: str) -> int:
    """Return how many deliveries stand in a state."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM outbox_delivery WHERE state = %s", [state])
        return int(cursor.fetchone()[0])


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and all of its session, as a machine that dies does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin:
        process.stdin.close()


@pytest.fixture
def start(database_environment: dict[str, str], transactional_db: None) -> Iterator[Start]:
    """Start a process of the worker, with a session of its own."""
    running: list[subprocess.Popen[bytes]] = []
    root = str(settings.BASE_DIR)
    environment = {
        **os.environ,
        **database_environment,
        "DJANGO_SETTINGS_MODULE": "coordination.settings",
        "PYTHONPATH": os.pathsep.join([root, str(PLUGIN)]),
        "PLUGINS_ALLOWED": "signed_webhook,counsel_email,scripted_channel",
    }

    def start(*arguments: str, log_level: str = "ERROR") -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=root,
            env={**environment, "LOG_LEVEL": log_level},
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        end(process)


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started, in whatever thread (Linux)."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(each) for task in tasks for each in (task / "children").read_text().split()]
