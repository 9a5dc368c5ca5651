"""The command: what it says, how it ends, and how it tells how far it is."""

import io
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction

from coordination.ledger.models import Checkpoint
from coordination.ledger.progress import Progress
from tests.ledger.trees import grow
from tests.ledger.vandals import SIZE

pytestmark = pytest.mark.django_db(transaction=True)


def _run(*arguments: str | Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", "ledger_verify", *map(str, arguments)],
        cwd=settings.BASE_DIR,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_ends_with_0_only_where_all_holds(
    vandal: psycopg.Connection, database_environment: dict[str, str], tmp_path: Path
) -> None:
    run = _run(environment=database_environment)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.endswith("All of it holds.\n")
    assert f"{SIZE:,} entries, 2 tiles." in run.stdout
    vandal.execute("UPDATE ledger_leaf SET subject = 'T-x' WHERE subject = 'T-7'")
    run = _run(environment=database_environment)
    assert run.returncode == 1
    assert [line[:15] for line in run.stdout.splitlines() if line.startswith("WRONG")] == [
        "WRONG  place 7:",
        "WRONG  place 30",
        "WRONG  place 55",
    ]
    assert "Findings: 3. The first that is wrong: place 7: its columns say" in run.stderr
    run = _run("--against", tmp_path / "none", environment=database_environment)
    assert (run.returncode, "No such file" in run.stderr) == (2, True)
    run = _run(environment=database_environment | {"LEDGER_SIGNING_KEYS": "short"})
    assert (run.returncode, "LEDGER_SIGNING_KEYS" in run.stderr) == (2, True)


def test_it_says_what_waits_and_what_is_unanchored(ledger: None) -> None:
    with transaction.atomic():
        grow(3, sequence=False)
    said = io.StringIO()
    call_command("ledger_verify", stdout=said)
    assert "3 entries wait for their place" in said.getvalue()
    assert f"Unanchored: {SIZE + 3} entries are under no time stamp, none is." in said.getvalue()


def test_a_checkpoint_kept_elsewhere_has_to_hold_and_to_be_one(ledger: None, tmp_path: Path) -> None:
    kept, broken = tmp_path / "checkpoint", tmp_path / "broken"
    kept.write_bytes(bytes(Checkpoint.objects.get(size=300).note))
    broken.write_bytes(b"nothing")
    call_command("ledger_verify", against=[kept], stdout=io.StringIO())
    said = io.StringIO()
    with pytest.raises(CommandError, match="Findings: 1") as error:
        call_command("ledger_verify", against=[kept, broken], stdout=said)
    assert error.value.returncode == 1
    assert f"{broken}: A checkpoint has a text" in said.getvalue()


def test_a_terminal_has_a_bar_that_goes_before_a_line_is_written() -> None:
    said: list[str] = []
    progress = Progress(write=said.append, moving=True)
    progress(5, 10)
    assert said == []  # a short run shows nothing
    progress.began -= 2
    progress(5, 10)
    progress(6, 10)
    progress.clear()
    progress.clear()
    assert said == [f"\r[{'#' * 20:40}] 5 of 10 entries", "\r\033[K"]


def test_elsewhere_there_is_a_line_now_and_then() -> None:
    said: list[str] = []
    progress = Progress(write=said.append, moving=False)
    for done in range(0, 600_001, 50_000):
        progress(done, 600_000)
    assert said == ["250,000 of 600,000 entries\n", "500,000 of 600,000 entries\n"]
