"""The first administrator comes from the command line; the documentation is printed from the code."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from coordination.access import selectors
from coordination.access.models import User
from coordination.core import generated


def _create(monkeypatch: pytest.MonkeyPatch, *arguments: str, password: str) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    said = io.StringIO()
    call_command("create_person", *arguments, stdout=said)
    return said.getvalue()


def test_the_first_administrator_is_created_with_a_one_time_way_in(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PUBLIC_URL = "https://desk.lanternchat.example"
    said = _create(monkeypatch, "ada", "--role", "administrator", password="").splitlines()
    ada = User.objects.get(username="ada")
    assert not ada.has_usable_password()
    assert said[0] == "Created ada: administrator."
    assert said[1].startswith("Their way in, once, until ")
    address, _, plain = said[2].rpartition("#")
    assert address == "https://desk.lanternchat.example/account/enrol/"
    enrolment = selectors.open_enrolment(plain)
    assert enrolment is not None
    assert enrolment.user == ada


def test_a_password_is_read_where_it_is_asked_for(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    said = _create(
        monkeypatch,
        *("ada", "--role", "administrator", "--password"),
        password="correct horse battery staple",
    )
    assert said == "Created ada: administrator.\n"
    ada = User.objects.get(username="ada")
    assert ada.role_names == ["administrator"]
    assert ada.check_password("correct horse battery staple")


def test_a_weak_password_is_refused_with_its_reason(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="too short"):
        _create(monkeypatch, "ada", "--password", password="short")


def test_who_looks_for_a_superuser_is_shown_the_way() -> None:
    for arguments in ([], ["--username", "ada", "--noinput"]):
        ran = subprocess.run(
            [sys.executable, "manage.py", "createsuperuser", *arguments],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ran.returncode == 1
        assert "manage.py create_person NAME --role administrator" in ran.stderr
        assert "Traceback" not in ran.stderr


PAGE = "before\n<!-- generated: one -->\nold\n<!-- end: one -->\nafter\n"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(generated, "ROOT", tmp_path)
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    return path


def test_a_generated_section_is_replaced_and_the_rest_kept(page: Path) -> None:
    assert generated.write_section("page.md", "one", "new\n") is True
    assert page.read_text() == PAGE.replace("old", "new")
    assert generated.write_section("page.md", "one", "new") is False


def test_a_page_without_the_markers_is_an_error(page: Path) -> None:
    with pytest.raises(ValueError, match="markers"):
        generated.section("page.md", "two")


def test_writing_the_documentation_says_which_sections_changed(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(generated, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    sections = {
        "security": ("roles", "conflicts of roles", "sealed columns", "partner columns", "cjis", "keeping"),
        "ledger": ("kinds",),
        "routes": ("routes",),
        "asvs": ("asvs",),
    }
    for page, names in sections.items():
        empty = "".join(f"<!-- generated: {name} -->\n<!-- end: {name} -->\n" for name in names)
        (tmp_path / "docs" / f"{page}.md").write_text(empty)
    said = io.StringIO()
    call_command("write_docs", stdout=said)
    expected = [f"docs/{page}.md: {name}" for page, names in sections.items() for name in names]
    assert said.getvalue().splitlines() == expected
