"""The desk that docs/operations.md, "From nothing to a desk", builds: it starts, and its ledger is signed."""

import base64
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction

from coordination.ledger import notes, selectors
from coordination.ledger.notes import SigningKey
from tests.core.deployment import DATABASE
from tests.ledger.trees import grow

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^    ([A-Z_]+)='(.*)'$", re.MULTILINE)
SEQUENCE = (
    "import os, django\n"
    "os.environ['DJANGO_SETTINGS_MODULE'] = 'coordination.settings'\n"
    "django.setup()\n"
    "from coordination.core.checks import refuse_to_start\n"
    "refuse_to_start()\n"
    "from coordination.ledger import sequencing\n"
    "sequencing.sequence_all()"
)


@pytest.fixture(scope="module")
def documented() -> dict[str, str]:
    """The block of the page, with each … filled in as the page says."""
    page = (ROOT / "docs/operations.md").read_text()
    section = page.partition("### Settings\n")[2].partition("\n### ")[0]
    block = dict(LINE.findall(section))
    assert len(block) > 20
    filled = {
        "SECRET_KEY": "0123456789abcdefghij" * 3,
        "SEALING_KEYS": f"k{datetime.now(UTC):%Y%m%d}:{_key(section)}",
        "BLIND_INDEX_KEY": _key(section),
        "LEDGER_SIGNING_KEYS": _key(section),
        "DATABASE_URL": DATABASE,
        "EMAIL_HOST_PASSWORD": "a password",
    }
    assert {name for name, value in block.items() if "…" in value} == filled.keys()
    return block | filled


def test_the_documented_desk_has_no_finding(documented: dict[str, str]) -> None:
    done = _run(documented, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


@pytest.mark.django_db(transaction=True)
def test_the_documented_desk_starts_and_signs_its_ledger(
    documented: dict[str, str], database_environment: dict[str, str]
) -> None:
    with transaction.atomic():
        grow(3, sequence=False)
    done = _run(documented | {"DATABASE_URL": database_environment["DATABASE_URL"]}, "-c", SEQUENCE)
    assert (done.returncode, done.stderr) == (0, "")
    newest = selectors.latest_checkpoint()
    assert newest is not None
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(documented["LEDGER_SIGNING_KEYS"]))
    known = SigningKey(documented["LEDGER_ORIGIN"], private).verifier
    assert notes.open_checkpoint(bytes(newest.note), [known]).size == 3


@pytest.mark.parametrize(
    "missing", ["LEDGER_SIGNING_KEYS", "LEDGER_ORIGIN", "SEALING_KEYS", "BLIND_INDEX_KEY"]
)
def test_a_documented_desk_without_one_of_its_keys_does_not_start(
    documented: dict[str, str], missing: str
) -> None:
    left = {name: value for name, value in documented.items() if name != missing}
    done = _run(left, "-c", "import coordination.wsgi")
    assert done.returncode != 0
    assert "RefusedToStart" in done.stderr
    assert missing in done.stderr


def _key(section: str) -> str:
    """Return what the page's own command makes."""
    command = "openssl rand -base64 32"
    assert f"`{command}`" in section
    return subprocess.run(command.split(), capture_output=True, text=True, check=True).stdout.strip()


def _run(settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Return what our Python said where the environment holds the settings and nothing of ours."""
    passed_on = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**passed_on, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
