"""The audit of dependencies fails where it asked about nothing, and never calls that a success."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.architecture.source import ROOT

TODAY = datetime.now(UTC).date()
PROMISED = re.compile(r"^\| (critical|high|moderate|low)\b[^|]*\| (\d+) days \|$", re.MULTILINE)
CONTROL = ("django", "2.2.0")
Known = dict[tuple[str, str], str]


@pytest.fixture
def told() -> dict[str, dict[str, Any]]:
    """What the source tells of an advisory by its id."""
    return {}


@pytest.fixture
def advisories(told: dict[str, dict[str, Any]]) -> Iterator[tuple[str, Known]]:
    """A source of advisories on loopback, as OSV answers, and what it knows."""
    known: Known = {CONTROL: "PYSEC-0000-1"}

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked: Any = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            package = {"name": asked["package"]["name"], "ecosystem": "PyPI"}
            found = known.get((package["name"], asked["version"]))
            said = {"vulns": [{"id": found, "affected": [{"package": package}]}]} if found else {}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def do_GET(self) -> None:
            found = told.get(self.path.rpartition("/")[2])
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(found or {}).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query", known
        server.shutdown()


def _audit(url: str, *locks: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    reviewed = locks[0].parent / "reviewed"
    if not reviewed.exists():
        reviewed.write_text(f"{TODAY}\n")
    return subprocess.run(
        [sys.executable, ROOT / "scripts/audit", "--osv-url", url, "--reviewed", reviewed, *locks],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _lock(folder: Path, text: str = "idna==3.10\nSQLparse==0.5.3\n") -> Path:
    path = folder / "some.lock"
    path.write_text(text)
    return path


def test_it_passes_where_every_package_was_asked_about(advisories: tuple[str, Known], tmp_path: Path) -> None:
    done = _audit(advisories[0], _lock(tmp_path))
    assert (done.returncode, done.stdout) == (
        0,
        "some.lock: 2 of 2 packages audited, nothing known of any.\n",
    )


def test_it_fails_where_something_is_known(advisories: tuple[str, Known], tmp_path: Path) -> None:
    url, known = advisories
    known["idna", "3.10"] = "PYSEC-0000-2"
    done = _audit(url, _lock(tmp_path))
    assert done.returncode == 1
    assert "idna 3.10: PYSEC-0000-2" in done.stderr


def test_it_fails_where_there_is_nothing_to_ask_about(advisories: tuple[str, Known], tmp_path: Path) -> None:
    done = _audit(advisories[0], _lock(tmp_path, "# nothing\n"))
    assert done.returncode == 1
    assert "nothing was audited" in done.stderr


def test_a_source_that_knows_nothing_is_none(advisories: tuple[str, Known], tmp_path: Path) -> None:
    url, known = advisories
    known.clear()
    done = _audit(url, _lock(tmp_path))
    assert done.returncode == 3
    assert done.stdout.startswith("NOT AUDITED")


def test_a_source_that_cannot_be_reached_is_said_and_is_no_success(tmp_path: Path) -> None:
    done = _audit("http://127.0.0.1:9/v1/query", _lock(tmp_path))
    assert done.returncode == 3
    assert done.stdout.startswith("NOT AUDITED")


def test_in_the_test_run_that_is_a_named_gap_and_in_an_audit_a_failure() -> None:
    gap = ROOT / "var/not-checked"
    before = gap.read_text() if gap.exists() else None
    try:
        for mode, status in (("", 0), ("required", 3)):
            unreachable = {"COORDINATION_AUDIT_OSV_URL": "http://127.0.0.1:9/v1/query"}
            done = subprocess.run(
                [ROOT / "scripts/audited"],
                env={**os.environ, **unreachable, "COORDINATION_AUDIT": mode},
                capture_output=True,
                text=True,
                check=False,
            )
            assert (done.returncode, gap.exists()) == (status, status == 0)
            assert "NOT AUDITED" in done.stdout
    finally:
        gap.unlink(missing_ok=True)
        if before is not None:
            gap.write_text(before)


def test_a_package_that_was_passed_over_fails_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyPI's answer for a package it does not know is a reason to skip; pip-audit ends well all the same."""
    module: dict[str, Any] = {"__name__": "audit", "__file__": str(ROOT / "scripts/audit")}
    exec(compile((ROOT / "scripts/audit").read_text(), "audit", "exec"), module)
    report = [{"name": "idna", "version": "3.10", "vulns": []}, {"name": "sqlparse", "skip_reason": "…"}]
    monkeypatch.setitem(module, "ask", lambda *_: report)
    assert module["audit"]([], _lock(tmp_path), "http://127.0.0.1:9/v1/query") == 1


def _known(advisories: tuple[str, Known], tmp_path: Path) -> str:
    url, known = advisories
    known["idna", "3.10"] = "PYSEC-0000-2"
    done = _audit(url, _lock(tmp_path))
    assert done.returncode == 1
    return done.stderr


@pytest.mark.parametrize(("severity", "days"), [("CRITICAL", 2), ("HIGH", 7), ("MODERATE", 30), ("LOW", 90)])
@pytest.mark.parametrize("late", [0, 1])
def test_V15_2_1_what_is_known_is_held_against_the_promised_time_for_its_severity(  # noqa: PLR0917 - fixtures
    advisories: tuple[str, Known],
    told: dict[str, dict[str, Any]],
    tmp_path: Path,
    severity: str,
    days: int,
    late: int,
) -> None:
    out = TODAY - timedelta(days=days + late)
    told["PYSEC-0000-2"] = {"published": f"{out}T10:00:00Z", "database_specific": {"severity": severity}}
    said = _known(advisories, tmp_path)
    assert f"{severity.lower()}, out since {out}: due {out + timedelta(days=days)}" in said
    assert ("OVERDUE" in said) == bool(late)


def test_without_a_severity_it_is_as_grave_as_high(
    advisories: tuple[str, Known], told: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    told["PYSEC-0000-2"] = {"published": f"{TODAY}T10:00:00Z"}
    assert f"high, out since {TODAY}: due {TODAY + timedelta(days=7)}" in _known(advisories, tmp_path)


def test_of_which_nobody_says_when_it_came_out_is_due_now(
    advisories: tuple[str, Known], tmp_path: Path
) -> None:
    assert "due NOW" in _known(advisories, tmp_path)


def test_V15_2_1_libraries_that_nobody_looked_through_in_time_are_named(
    advisories: tuple[str, Known], tmp_path: Path
) -> None:
    lock = _lock(tmp_path)
    for age, status in ((90, 0), (91, 4)):
        (tmp_path / "reviewed").write_text(f"{TODAY - timedelta(days=age)}\n")
        done = _audit(advisories[0], lock)
        assert (done.returncode, "OVERDUE" in done.stdout) == (status, status == 4)


def test_V15_1_1_the_times_in_the_script_are_those_that_are_promised() -> None:
    module: dict[str, Any] = {"__name__": "audit", "__file__": str(ROOT / "scripts/audit")}
    exec(compile((ROOT / "scripts/audit").read_text(), "audit", "exec"), module)
    page = (ROOT / "SECURITY.md").read_text()
    assert {name: int(days) for name, days in PROMISED.findall(page)} == module["DAYS"]
    assert f"every {module['REVIEW_DAYS']} days" in page
    datetime.strptime((ROOT / "requirements/reviewed").read_text().strip(), "%Y-%m-%d").replace(tzinfo=UTC)
