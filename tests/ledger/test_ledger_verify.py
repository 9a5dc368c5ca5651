"""The command: what it says, how it ends, and how it tells how far it is."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.db import transaction

from coordination.cases import anchors
from coordination.ledger import anchoring
from coordination.ledger.models import Checkpoint
from coordination.ledger.progress import Progress
from tests.ledger.trees import grow
from tests.ledger.vandals import SIZE
from tests.timestamps import Served

pytestmark = pytest.mark.django_db(transaction=True)


def _run(*arguments: str | Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", "ledger_verify", *map(str, arguments)],
        cwd=configured.BASE_DIR,
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
    assert "Waiting for a place, under no checkpoint: 3 entries." in said.getvalue()
    assert f"Unanchored, under no time stamp: {SIZE + 3} entries, from the first on." in said.getvalue()


@pytest.mark.parametrize("roots", ["", "/nowhere/roots.pem"])
def test_where_no_root_is_known_the_rest_is_checked_and_the_stamps_are_said_to_be_open(
    vandal: psycopg.Connection, timestamps: Served, roots: str, settings: Any
) -> None:
    anchoring.anchor(Checkpoint.objects.get(size=SIZE), post=anchors.post)
    settings.LEDGER_AUTHORITY_ROOTS = roots
    error, said = _failed()
    assert (error.returncode, "Not all was checked" in str(error)) == (3, True)
    assert "1 time stamp not checked: LEDGER_AUTHORITY_ROOTS" in said
    assert f"{SIZE} entries" in said
    assert "Unanchored" not in said
    assert "All of it holds" not in said
    vandal.execute("UPDATE ledger_anchor SET response = set_byte(response, 200, 0)")
    error, said = _failed()
    assert (error.returncode, "The answer of the authority is not" in said) == (1, True)
    vandal.execute("UPDATE ledger_leaf SET subject = 'T-x' WHERE subject = 'T-7'")
    error, said = _failed()
    assert (error.returncode, "WRONG  place 7:" in said) == (1, True)


def test_one_is_not_called_entries(db: None) -> None:
    with transaction.atomic():
        grow(1)
    said = io.StringIO()
    call_command("ledger_verify", stdout=said)
    assert "s: 1 checkpoint, 1 entry, 0 tiles." in said.getvalue()
    assert "Unanchored, under no time stamp: 1 entry, from the first on." in said.getvalue()


def _failed() -> tuple[CommandError, str]:
    said = io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command("ledger_verify", stdout=said)
    return error.value, said.getvalue()


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
