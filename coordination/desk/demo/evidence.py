"""The evidence of the demo: exhibits of the story's case, and the package that goes to the sheriff."""

import hashlib
import io
import json
import os
import subprocess  # nosec B404 - verify.py is a program
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.desk.demo import authority, keeping
from coordination.desk.demo.processes import Children
from coordination.desk.demo.story import Story
from coordination.desk.demo.telling import StoryFailed, Teller
from coordination.evidence import services as evidence

MINUTES_BETWEEN_STAMPS: Final = "1"


def stamped_by(started: Children, port: int) -> dict[str, str]:
    """Start the authority; return the environment in which the ledger is stamped by it."""
    if not authority.installed():
        return {}
    folder = keeping.directory() / "authority"
    made = authority.Authority(folder)
    child = started.start("authority", "-m", "coordination.desk.demo.authority", str(port), str(folder))
    child.await_port(port)
    settings.LEDGER_AUTHORITY_URL = f"http://127.0.0.1:{port}/"
    settings.LEDGER_AUTHORITY_ROOTS = str(made.roots)
    settings.LEDGER_AUTHORITY_POLICY = authority.POLICY
    return {
        "LEDGER_AUTHORITY_URL": settings.LEDGER_AUTHORITY_URL,
        "LEDGER_AUTHORITY_ROOTS": settings.LEDGER_AUTHORITY_ROOTS,
        "LEDGER_AUTHORITY_POLICY": settings.LEDGER_AUTHORITY_POLICY,
        "LEDGER_ANCHOR_MINUTES": MINUTES_BETWEEN_STAMPS,
    }


def show(story: Story, teller: Teller) -> dict[str, Any]:
    """Take exhibits into the story's case and make a package of them; return what the last line says."""
    with teller.doing("exhibits", "The reviewer takes two exhibits in: a file, and the whole conversation."):
        count = len(take_in(story))
    if not authority.installed():
        teller.say("openssl is not installed: no time stamps, and no package, which could not be checked.")
        return {"package": {"exhibits": count, "holds": None, "stamped": 0}}
    with teller.doing(
        "package", "Counsel releases them to the sheriff, in a package that anybody can check."
    ):
        folder = package(story)
    with teller.doing("checking", "It is checked as the sheriff would: verify.py, Python and openssl alone."):
        findings = verified(folder)
    for line in findings:
        if "time stamps:" in line or line.startswith("The package"):
            teller.say(line.strip())
    teller.say(f"The package: {folder}")
    stamped = sum("time stamps:" in line and ".tsr says" in line for line in findings)
    return {"package": {"exhibits": count, "holds": True, "stamped": stamped}}


def take_in(story: Story) -> list[evidence.Exhibit]:
    """Take the exhibits of the fixture into the case that is played."""
    taken: list[evidence.Exhibit] = []
    digests: dict[str, str] = {}
    for told in story.told["exhibits"]:
        values = {name: story.text(told[name]) for name in ("filename", "what", "source", "why")}
        is_transcript = "lines" in told
        content = _conversation(story, told["lines"], digests) if is_transcript else told["content"].encode()
        digests[told["filename"]] = hashlib.sha256(content).hexdigest()
        deed = evidence.import_transcript if is_transcript else evidence.take_in
        by = story.cast.people[told["by"]]
        exhibit, _ = deed(story.case, by=by, content=io.BytesIO(content), **values)
        taken.append(exhibit)
    return taken


def package(story: Story) -> Path:
    """Make the package of the fixture; return its folder."""
    told = story.told["package"]
    by = story.cast.people[told["by"]]
    folder = keeping.directory() / "packages" / story.case
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    case = cases.case_for(by, story.case)
    case_services.make_package(case, folder=folder, by=by, recipient=told["recipient"], why=told["why"])
    return folder


def verified(folder: Path) -> list[str]:
    """Return the findings of the package's own program; raise StoryFailed where it does not hold."""
    done = subprocess.run(  # noqa: S603  # nosec B603 - our own program
        [sys.executable, "-I", str(folder / "verify.py"), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ.get("PATH", "")},
    )
    if done.returncode:
        raise StoryFailed(f"checking: {done.stdout}{done.stderr}")
    return done.stdout.splitlines()


def _conversation(story: Story, lines: list[dict[str, Any]], digests: dict[str, str]) -> bytes:
    written = []
    for told in lines:
        at = story.began + timedelta(minutes=told["after"])
        line = {"speaker": told["speaker"], "at": at.isoformat(timespec="seconds"), "text": told["text"]}
        if name := told.get("attached"):
            line["attachments"] = [{"name": name, "sha256": digests[name]}]
        written.append(json.dumps(line, ensure_ascii=False))
    return "\n".join([*written, ""]).encode()
