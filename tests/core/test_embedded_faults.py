"""The embedded PostgreSQL killed and misled, with real servers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coordination.core.embedded import processes, server
from coordination.core.embedded.cluster import Cluster
from tests.core.asking import ask, note, notes, words

START = """
import pathlib, sys
from coordination.core.embedded import server
server.start(pathlib.Path(sys.argv[1]))
"""


@pytest.mark.faults
def test_a_killed_server_is_recovered_with_everything_that_was_committed(started: Path) -> None:
    for number in range(3):
        note(started, f"round {number}")
        pid = server.status(started)["pid"]
        os.kill(pid, signal.SIGKILL)
        while server.status(started)["running"]:
            time.sleep(0.01)
        server.start(started)
        assert server.status(started)["pid"] != pid
    assert notes(started) == ["round 0", "round 1", "round 2"]


@pytest.mark.faults
def test_files_of_a_dead_server_are_no_obstacle(started: Path) -> None:
    cluster = Cluster.of(started)
    left = (cluster.data / "postmaster.pid").read_text()
    server.stop(started)
    (cluster.data / "postmaster.pid").write_text(left)
    cluster.socket_directory.mkdir(mode=0o700)
    os.chown(cluster.socket_directory, cluster.home.stat().st_uid, -1)
    cluster.socket.touch()
    cluster.socket.with_name(f"{cluster.socket.name}.lock").write_text(left)
    assert not server.status(started)["running"]
    server.start(started)
    assert ask(started, "SELECT 1") == 1


@pytest.mark.faults
def test_a_pid_file_that_names_another_process_harms_neither(started: Path) -> None:
    cluster = Cluster.of(started)
    left = (cluster.data / "postmaster.pid").read_text().split("\n", 1)[1]
    server.stop(started)
    with subprocess.Popen(["sleep", "60"]) as innocent:
        (cluster.data / "postmaster.pid").write_text(f"{innocent.pid}\n{left}")
        assert not server.status(started)["running"]
        assert not server.stop(started)
        server.start(started)
        assert ask(started, "SELECT 1") == 1
        assert innocent.poll() is None
        innocent.kill()


@pytest.mark.faults
def test_a_pid_file_that_names_the_server_of_another_checkout_harms_neither(
    tmp_path: Path, started: Path
) -> None:
    other = tmp_path / "other"
    server.start(other)
    theirs = server.status(other)["pid"]
    try:
        data = Cluster.of(started).data
        left = (data / "postmaster.pid").read_text().split("\n", 1)[1]
        server.stop(started)
        (data / "postmaster.pid").write_text(f"{theirs}\n{left}")
        assert not server.stop(started)
        server.start(started)
        assert server.status(started)["pid"] not in (None, theirs)
        assert server.status(other)["pid"] == theirs
    finally:
        server.erase(other)


def test_a_pid_that_was_used_again_is_another_process() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        now = processes.Process.of(process.pid)
        assert now is not None
        assert now.alive
        assert not processes.Process(pid=now.pid, started="1").alive
        process.kill()
        time.sleep(0.1)
        assert not now.alive  # a zombie, which nobody has waited for yet


@pytest.mark.faults
def test_processes_that_start_at_once_get_one_server(var: Path) -> None:
    starting = [
        subprocess.Popen([sys.executable, "-c", START, str(var)], stderr=subprocess.PIPE) for _ in range(4)
    ]
    assert [(process.communicate()[1], process.returncode) for process in starting] == [(b"", 0)] * 4
    data = str(Cluster.of(var).data).encode()
    serving = [
        line.parent.name for line in Path("/proc").glob("[0-9]*/cmdline") if words(line)[1:3] == [b"-D", data]
    ]
    assert serving == [str(server.status(var)["pid"])]
