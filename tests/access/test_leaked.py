"""IA-5(1): what stands on the operator's list of leaked passwords is refused, and an old list is named."""

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from hypothesis import given
from hypothesis import strategies as st

from coordination.access import leaked, services
from coordination.access.checks import leaked_passwords_are_known
from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import InvalidInput
from tests.people import PASSWORD


def _sha1(password: str) -> str:
    return hashlib.sha1(password.encode()).hexdigest().upper()


def _write(path: Path, passwords: set[str], *, end: str = "\r\n") -> Path:
    lines = [f"{_sha1(each)}:{len(each)}{end}" for each in passwords]
    path.write_bytes("".join(sorted(lines)).encode())
    return path


@given(st.sets(st.text(max_size=12), max_size=40), st.text(max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_exactly_what_stands_there_is_found(
    tmp_path_factory: pytest.TempPathFactory, known: set[str], other: str, end: str
) -> None:
    path = _write(tmp_path_factory.mktemp("list") / "leaked", known, end=end)
    assert all(leaked.is_listed(path, each) for each in known)
    assert leaked.is_listed(path, other) == (other in known)


def test_IA_5_1_a_listed_password_is_refused_wherever_one_is_set(
    settings: Any, tmp_path: Path, liaison: User
) -> None:
    mine = "gently orbiting teapot 41"
    services.set_password(liaison, password=mine)
    settings.LEAKED_PASSWORDS = str(_write(tmp_path / "leaked", {mine, "another"}))
    with pytest.raises(InvalidInput, match="leaked"):
        services.set_password(liaison, password=mine)
    with pytest.raises(InvalidInput, match="leaked"):
        services.create_person("somebody.new", by=None, password=mine)
    services.set_password(liaison, password=PASSWORD)
    settings.LEAKED_PASSWORDS = str(tmp_path / "gone")
    with pytest.raises(OSError):
        services.set_password(liaison, password=PASSWORD)


def _found() -> list[str]:
    own = [each.id for each in leaked_passwords_are_known()]
    assert set(own) <= {each.id for each in run_checks()}
    return [str(each) for each in own]


def test_IA_5_1_a_list_of_more_than_a_quarter_is_named_w002(settings: Any, tmp_path: Path) -> None:
    assert _found() == []
    path = _write(tmp_path / "leaked", {"one"})
    settings.LEAKED_PASSWORDS = str(path)
    assert _found() == []
    old = (clock.now() - timedelta(days=93)).timestamp()
    os.utime(path, (old, old))
    assert _found() == ["coordination.access.W002"]


@pytest.mark.parametrize("content", [None, b"", b"password\n123456\n"])
def test_a_list_that_cannot_be_used_refuses_the_start_e002(
    settings: Any, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "leaked"
    if content is not None:
        path.write_bytes(content)
    settings.LEAKED_PASSWORDS = str(path)
    assert _found() == ["coordination.access.E002"]
