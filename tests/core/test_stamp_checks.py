"""The check of who stamps the ledger from outside."""

from pathlib import Path
from typing import Any

import pytest

from coordination.core.checks import stamps
from coordination.desk.demo.authority import POLICY, Authority


@pytest.fixture
def roots(tmp_path: Path) -> str:
    return str(Authority(tmp_path / "authority").roots)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"LEDGER_AUTHORITY_ROOTS": ""}, "no certificate"),
        ({"LEDGER_AUTHORITY_ROOTS": "/nowhere/roots.pem"}, "no certificate"),
        ({"LEDGER_AUTHORITY_ROOTS": __file__}, "no certificate"),
        ({"LEDGER_AUTHORITY_POLICY": "our own"}, "no OID"),
        ({"LEDGER_AUTHORITY_URL": "http://stamps.platform.com/"}, "https"),
    ],
)
def test_an_authority_that_cannot_be_checked_is_named_e025(
    wrong: dict[str, str], words: str, roots: str, settings: Any
) -> None:
    _set(settings, roots)
    assert stamps.authority_can_be_checked() == []
    for name, value in wrong.items():
        setattr(settings, name, value)
    (found,) = stamps.authority_can_be_checked()
    assert found.id == "coordination.E025"
    assert words in found.msg


def test_without_an_authority_nothing_is_asked_for(settings: Any) -> None:
    settings.LEDGER_AUTHORITY_URL = ""
    assert stamps.authority_can_be_checked() == []


def test_plain_http_passes_where_channels_may_use_it(roots: str, settings: Any) -> None:
    _set(settings, roots)
    settings.LEDGER_AUTHORITY_URL = "http://127.0.0.1:9/"
    settings.CHANNELS_ALLOW_PLAIN_HTTP = True
    assert stamps.authority_can_be_checked() == []


def _set(settings: Any, roots: str) -> None:
    settings.LEDGER_AUTHORITY_URL = "https://stamps.platform.com/"
    settings.LEDGER_AUTHORITY_ROOTS = roots
    settings.LEDGER_AUTHORITY_POLICY = POLICY
    settings.CHANNELS_ALLOW_PLAIN_HTTP = False
