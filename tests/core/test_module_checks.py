"""SC-13: where validated cryptography is required, nothing starts without it."""

import _hashlib
from typing import Any

import pytest
from cryptography.hazmat.bindings._rust import openssl
from django.core.checks import run_checks

from coordination.core.checks import modules


def test_SC_13_where_fips_is_required_it_is_there_or_is_named_e024(settings: Any) -> None:
    assert modules.cryptography_is_validated() == []
    settings.FIPS_REQUIRED = True
    validated = openssl.is_fips_enabled() and bool(_hashlib.get_fips_mode())
    found = modules.cryptography_is_validated()
    assert [each.id for each in found] == ([] if validated else ["coordination.E024"])
    assert {each.id for each in found} <= {each.id for each in run_checks()}


@pytest.mark.parametrize(
    ("ours", "pythons", "named"),
    [
        (True, 1, []),
        (False, 1, ["cryptography"]),
        (True, 0, ["Python"]),
        (False, 0, ["cryptography", "Python"]),
    ],
)
def test_SC_13_each_module_that_is_not_validated_is_named(
    settings: Any, monkeypatch: pytest.MonkeyPatch, ours: bool, pythons: int, named: list[str]
) -> None:
    settings.FIPS_REQUIRED = True
    monkeypatch.setattr(openssl, "is_fips_enabled", lambda: ours)
    monkeypatch.setattr(_hashlib, "get_fips_mode", lambda: pythons)
    said = " ".join(each.msg for each in modules.cryptography_is_validated())
    assert [name for name in ("cryptography", "Python") if name in said] == named
