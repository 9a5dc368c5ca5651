"""Secrets come from files as well as from the environment, and from nowhere else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coordination.core.environment import Env, Files
from tests.core.production import PRODUCTION

ROOT = Path(__file__).parents[2]
SECRETS = ("SECRET_KEY", "SEALING_KEYS", "BLIND_INDEX_KEY", "DATABASE_URL", "EMAIL_HOST_PASSWORD")
PRINT = (
    "import coordination.settings as s;"
    "print(s.SECRET_KEY, s.SEALING_KEYS[0], s.BLIND_INDEX_KEY, s.DATABASES['default']['PASSWORD'],"
    " s.EMAIL_HOST_PASSWORD)"
)


def _production(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PRINT],
        cwd=ROOT,
        env={"PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_secret_of_a_production_can_lie_in_a_file_alone(tmp_path: Path) -> None:
    secret = {**PRODUCTION, "DATABASE_URL": "postgres://a:hidden@localhost/c", "EMAIL_HOST_PASSWORD": "mail"}
    environment = {name: value for name, value in secret.items() if name not in SECRETS}
    for name in SECRETS:
        (tmp_path / name).write_text(secret[name] + "\n")
        environment[f"{name}_FILE"] = str(tmp_path / name)
    done = _production(environment)
    wanted = [secret[name] for name in ("SECRET_KEY", "SEALING_KEYS", "BLIND_INDEX_KEY")]
    assert done.stdout.split() == [*wanted, "hidden", "mail"], done.stderr


def test_a_file_that_is_named_and_not_there_stops_the_start(tmp_path: Path) -> None:
    named = {**PRODUCTION, "SECRET_KEY_FILE": str(tmp_path / "gone"), "DATABASE_URL": "postgres://a@b/c"}
    done = _production(named)
    assert done.returncode != 0
    assert "gone" in done.stderr


def test_the_line_end_of_a_file_is_no_part_of_the_value_and_that_of_a_variable_is(tmp_path: Path) -> None:
    (tmp_path / "one").write_text(" kept \r\n")
    found = Files({"ONE_FILE": str(tmp_path / "one"), "TWO": "as it is\n"})
    assert (found["ONE"], found["TWO"]) == (" kept ", "as it is\n")
    with pytest.raises(KeyError):
        found["THREE"]
    assert isinstance(Env.ENVIRON, Files)
