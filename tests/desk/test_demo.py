"""The demo as somebody runs it: one command, real processes, and nothing left behind."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from coordination.access.services import User
from coordination.core import clock
from coordination.desk.demo import keeping, loading
from coordination.desk.demo.keeping import port
from coordination.desk.demo.processes import Children
from coordination.desk.demo.story import Story
from coordination.desk.demo.telling import RunsAlready, StoryFailed, Teller
from coordination.outbox.models import Delivery
from tests.core.production import PRODUCTION
from tests.desk.conftest import Things

pytestmark = pytest.mark.django_db(transaction=True)

SAID = {"referral", "state", "agency_reference", "ledger_entries", "seconds"}

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def demo(database_environment: dict[str, str]) -> Start:
    """Start the demo against the test database."""

    def start(*arguments: str, stderr: int = subprocess.STDOUT) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", "demo", *arguments],
            cwd=settings.BASE_DIR,
            env={**os.environ, **database_environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            # A shell lets what it starts in the background ignore Ctrl-C, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no lock is held
        )

    return start


@pytest.mark.timeout(300)
def test_the_demo_goes_from_flag_to_acknowledgement_and_runs_again_until_ctrl_c(
    demo: Start, database_environment: dict[str, str]
) -> None:
    process = demo("--exit", "--json", "--port", str(port("test")), stderr=subprocess.PIPE)
    said, story = process.communicate(timeout=140)
    assert process.returncode == 0, said + story
    outcome = json.loads(said)  # stdout has nothing else
    assert "The ledger has" in story
    assert story.endswith("It is stopped; `make demo` starts it again.\n")
    assert "To sign in" not in story
    assert outcome["state"] == "acknowledged"
    assert outcome["agency_reference"].startswith("HCSO-")
    assert [each["state"] for each in outcome["deliveries"]] == ["acknowledged"]
    assert outcome["deliveries"][0]["digest"].startswith("sha256:")
    assert outcome["ledger_entries"] > 50
    assert outcome["package"]["holds"]
    assert outcome["package"]["stamped"] == 1
    assert outcome["package"]["exhibits"] == 2
    assert outcome["restriction"] == {"step": "limit_features", "state": "in_force"}
    assert outcome.keys() == {*SAID, "deliveries", "package", "restriction"}
    assert not _left_over()

    process = demo("--port", str(port("test")))
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or "stays up" not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], lines
    assert any("To sign in" in line for line in lines)
    assert _left_over()
    second, _ = demo("--exit").communicate(timeout=40)
    assert second == (
        f"CommandError: A demo runs already (process {process.pid}). Ctrl-C ends it, where it was started.\n"
    )
    (check,) = [line.partition("checked: ")[2].strip() for line in lines if "ledger_verify" in line]
    checked = subprocess.run(
        ["/bin/sh", "-c", check.replace(".venv/bin/python", sys.executable)],
        cwd=settings.BASE_DIR,
        env={**os.environ, **database_environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "All of it holds." in checked.stdout, checked.stderr
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=40)
    assert process.returncode == 0, said
    time.sleep(0.2)
    assert not _left_over()


def test_the_demo_names_the_part_that_failed(demo: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUGINS_ALLOWED", "signed_webhook")
    process = demo("--exit", "--port", str(port("test")))
    said, _ = process.communicate(timeout=140)
    assert process.returncode == 1
    assert "FAILED in part 'people'" in said


@pytest.mark.parametrize("settled", [{}, PRODUCTION], ids=["half-configured", "configured"])
def test_a_production_is_told_plainly_that_there_is_no_demo(settled: dict[str, str]) -> None:
    """A production has none of the packages that only the demo needs."""
    given = {"PROFILE": "production", "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", **settled}
    done = _without("urllib3", "aiosmtpd", **given)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("CommandError: The demo makes people, partners and cases")
    assert len(done.stderr.splitlines()) == 1


def test_where_a_package_of_the_demo_is_missing_it_says_which(database_environment: dict[str, str]) -> None:
    done = _without("urllib3", **database_environment)
    assert done.returncode == 1
    assert "The demo needs the package urllib3" in done.stderr
    assert "Traceback" not in done.stderr


def _without(*packages: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Run the demo in an environment of `given` where some packages are not installed."""
    hidden = "; ".join(f"sys.modules[{name!r}] = None" for name in packages)
    script = f"import sys; {hidden}; sys.argv = ['manage.py', 'demo', '--exit']; import manage; manage.main()"
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **given},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_a_dead_demo_left_blocks_nobody_and_a_living_one_does() -> None:
    (keeping.directory() / "running").write_text("999999999 of long ago\n")
    for _ in range(2):
        two = keeping.alone()
        with keeping.alone(), pytest.raises(RunsAlready, match=rf"\(process {os.getpid()}\)"):
            two.__enter__()


def test_where_nobody_acknowledges_it_says_how_the_delivery_stands(
    things: Things, liaison: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: Any = {"teller": Teller(out=io.StringIO()), "children": Children(), "mail": Path()}
    people: Any = SimpleNamespace(people={"liaison": liaison})
    story = Story(base="", cast=people, referral=things.approved.reference, **parts)
    for name, value in {"_sign_in": None, "_open": None, "_state": "approved"}.items():
        monkeypatch.setattr(story, name, lambda *_, value=value: value)
    monkeypatch.setattr("coordination.desk.demo.story.ACKNOWLEDGED_WITHIN", 0.0)
    delivery = Delivery.objects.get()
    delivery.last_error = "HTTP 503: closed for the night"
    delivery.save()
    with pytest.raises(StoryFailed) as failure:
        story.sheriff_acknowledges()
    (line,) = str(failure.value).splitlines()[1:]
    assert line.endswith(": queued, attempts 0, last error: HTTP 503: closed for the night")


def test_there_is_one_story_and_several_cases_that_have_happened() -> None:
    assert loading.live()["key"] == "harrow"
    assert len(loading.past()) >= 5


def test_the_exhibit_of_the_story_is_the_file_that_its_flag_names() -> None:
    told = loading.live()
    content = told["exhibits"][0]["content"].encode()
    assert hashlib.sha256(content).hexdigest() == told["flags"][0]["files"][0]["sha256"]


def test_an_item_is_filled_in_as_the_clock_of_its_place_showed_it() -> None:
    parts: Any = dict.fromkeys(("cast", "teller", "children", "mail"))
    with clock.frozen(datetime(2026, 7, 4, 5, 0, tzinfo=UTC)):
        story = Story(base="", **parts)
        told = {"title": "A message", "occurred_after": -3, "occurred_zone": "America/Denver"}
        filled = story._item(told)
    assert (filled["occurred_at"], filled["occurred_zone"]) == ("2026-07-03T22:57:00", "America/Denver")


def _left_over() -> list[str]:
    """Return the processes of the demo that still run on this test's database, from this checkout."""
    name = settings.DATABASES["default"]["NAME"]
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            command = directory.joinpath("cmdline").read_bytes().decode().replace("\0", " ")
            environment = directory.joinpath("environ").read_bytes().decode(errors="replace")
            if not directory.joinpath("cwd").samefile(settings.BASE_DIR):
                continue
        except OSError:
            continue
        if f"/{name}" in environment and (
            "coordination.desk.demo" in command or "coordination.wsgi" in command
        ):
            found.append(command)
    return found
