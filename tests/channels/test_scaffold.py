"""A new plugin passes its contract at once."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_new_plugin_passes_its_contract_and_the_linter(tmp_path: Path) -> None:
    place = tmp_path / "county_portal"
    call_command("channel_new", "county_portal", str(place), stdout=io.StringIO())
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DJANGO")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=place,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "county_portal" in (place / "pyproject.toml").read_text()
    ruff = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--config",
        str(ROOT / "pyproject.toml"),
        str(place / "county_portal"),
    ]
    assert subprocess.run(ruff, check=False, capture_output=True).returncode == 0
    for path in place.rglob("*.*"):
        if path.suffix in {".py", ".toml", ".md"}:
            assert "${" not in path.read_text()


@pytest.mark.parametrize("name", ["Not-A-Slug", "1st", "class", "a", "../escape", ""])
def test_a_name_that_is_not_a_slug_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        call_command("channel_new", name, str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("json", "module of Python itself"),
        ("asyncio", "module of Python itself"),
        ("coordination", "installed here already"),
        ("plugins", "installed here already"),
        ("django", "installed here already"),
        ("signed_webhook", "A plugin 'signed_webhook' is installed already"),
        ("counsel_email", "A plugin 'counsel_email' is installed already"),
    ],
)
def test_a_name_that_is_taken_is_refused_and_why_is_said(name: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("channel_new", name, str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_what_it_says_to_run_next_runs_as_it_stands(tmp_path: Path) -> None:
    place, out = tmp_path / "a place", io.StringIO()
    call_command("channel_new", "county_portal", str(place), stdout=out)
    command = out.getvalue().rpartition("Now: ")[2]
    # A bare path: whatever `python` is on it, if any, is not that of the environment.
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(["sh", "-c", command], env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CommandError, match="not empty"):
        call_command("channel_new", "county_portal", str(tmp_path))
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]


TRUSTING = """
    def parse_inbound(self, request):
        return []
"""


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("            wire_digest=answer.wire_digest,\n", "", "wire_digest=answer.wire_digest"),
        ('filename=f"{message.reference}.json"', "filename=str(id(self))", "no clock, nothing random"),
        ("raise UnsupportedFeature", "raise ValueError", "raise UnsupportedFeature, not ValueError"),
        ("HttpClient().post(", "open(", "partner that fails: raise TemporaryFailure, not"),
        (
            "    def deliver(",
            f"{TRUSTING}\n    def deliver(",
            "what nobody signed: raise InauthenticInbound",
        ),
        ('"token"', '"tokn"', "KeyError"),
    ],
    ids=["no digest", "impure", "wrong error", "no client", "trusts callers", "misspelt"],
)
def test_the_contract_says_what_a_channel_does_wrong(
    written: str, instead: str, said: str, tmp_path: Path
) -> None:
    place = tmp_path / "county_portal"
    call_command("channel_new", "county_portal", str(place), stdout=io.StringIO())
    channel = place / "county_portal" / "channel.py"
    assert written in channel.read_text()
    channel.write_text(channel.read_text().replace(written, instead))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=place,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert said in done.stdout
