"""What leaves a production names it: no name of the demo's, and none that leads nowhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from coordination.core.checks import identity
from tests.core.production import NAMES, PRODUCTION

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("setting", "value", "check"),
    [
        ("PLATFORM_NAME", "", "coordination.E017"),
        ("PLATFORM_NAME", " Lanternchat", "coordination.E017"),
        ("PLATFORM_DOMAIN", "", "coordination.E018"),
        ("PLATFORM_DOMAIN", "lanternchat.example", "coordination.E018"),
        ("PLATFORM_DOMAIN", "127.0.0.1", "coordination.E018"),
        ("PLATFORM_DOMAIN", "-a.com", "coordination.E018"),
        ("PUBLIC_URL", "", "coordination.E019"),
        ("PUBLIC_URL", "http://desk.riverside-chat.com", "coordination.E019"),
        ("PUBLIC_URL", "https://localhost", "coordination.E019"),
        ("PUBLIC_URL", "https://127.0.0.1:8000", "coordination.E019"),
        ("PUBLIC_URL", "https://a.com:x", "coordination.E019"),
        ("CONTACT_PHONE", "", "coordination.E020"),
        ("CONTACT_PHONE", "the switchboard", "coordination.E020"),
        ("CONTACT_PHONE", "911", "coordination.E020"),
        ("EMAIL_HOST", "", "coordination.E021"),
        ("DEFAULT_FROM_EMAIL", "", "coordination.E022"),
        ("DEFAULT_FROM_EMAIL", "desk@lanternchat.example", "coordination.E022"),
        ("DEFAULT_FROM_EMAIL", "desk", "coordination.E022"),
    ],
)
def test_a_name_that_is_not_the_platforms_own_is_refused(
    production: Settings, setting: str, value: str, check: str
) -> None:
    assert [each.id for check_ in identity.CHECKS for each in check_()] == []
    setattr(production, setting, value)
    assert [each.id for check_ in identity.CHECKS for each in check_()] == [check]


def test_a_production_has_no_fictional_name_by_default() -> None:
    code = f"from coordination import settings; print([getattr(settings, name) for name in {NAMES}])"
    kept = {name: value for name, value in PRODUCTION.items() if name not in NAMES}
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.defpath, "DATABASE_URL": "postgres://role@127.0.0.1:1/none"} | kept,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert said.stdout.strip() == str([""] * len(NAMES))
