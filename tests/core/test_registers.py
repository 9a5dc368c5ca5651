"""The registers of standards: whole, true to the tests that there are, and in nobody else's words."""

import ast
import csv
import functools
import os
import re
from pathlib import Path

import pytest

from coordination.core import generated, registers
from coordination.core.registers import Register

NAMES = ("asvs", "cjis")
# So many words in a row that are the standard's would be its text and not ours.
WORDS_IN_A_ROW = 7


@pytest.fixture(scope="module")
def standard() -> dict[str, dict[str, str]]:
    """Give the requirements of OWASP ASVS 5.0, which is no part of the source."""
    place = os.environ.get("COORDINATION_STANDARDS_DIR", "")
    path = Path(place) / "owasp-asvs" / "asvs.csv"
    if not place or not path.is_file():
        pytest.skip("COORDINATION_STANDARDS_DIR names no directory with owasp-asvs/asvs.csv")
    with path.open(newline="") as rows:
        return {row["req_id"]: row for row in csv.DictReader(rows)}


@functools.cache
def _tests_that_exist() -> frozenset[str]:
    return frozenset(
        f"{path.relative_to(generated.ROOT)}::{node.name}"
        for place in ("tests", "plugins")
        for path in (generated.ROOT / place).rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_the_documentation_shows_the_registers() -> None:
    shown = registers.as_markdown(registers.read("asvs"))
    assert generated.section("docs/asvs.md", "asvs") == shown, generated.HINT
    table = registers.as_table(registers.read("cjis"))
    assert generated.section("docs/security.md", "cjis") == table, generated.HINT


def test_levels_1_and_2_of_the_standard_are_complete(standard: dict[str, dict[str, str]]) -> None:
    stated = {each.id for each in registers.read("asvs").requirements}
    assert {name for name, row in standard.items() if row["level"] in "12"} - stated == set()


def test_no_id_is_unknown_and_each_has_its_level(standard: dict[str, dict[str, str]]) -> None:
    stated = {each.id: str(each.level) for each in registers.read("asvs").requirements}
    assert {name: row["level"] for name, row in standard.items() if name in stated} == stated


def test_of_level_3_only_what_is_shown_is_stated() -> None:
    third = [each for each in registers.read("asvs").requirements if each.level == 3]
    assert {each.status for each in third} == {"shown"}


@pytest.mark.parametrize("name", NAMES)
def test_every_test_that_a_register_names_exists(name: str) -> None:
    named = {test for each in registers.read(name).requirements for test in each.tests}
    assert named
    assert sorted(named - _tests_that_exist()) == []


@pytest.mark.parametrize("page", ["docs/security.md", "docs/asvs.md", "docs/operations.md"])
def test_every_test_that_a_page_names_exists(page: str) -> None:
    linked = re.findall(r"\[`(test_\w+)`\]\(\.\./([^)]+)\)", (generated.ROOT / page).read_text())
    assert sorted({f"{path}::{test}" for test, path in linked} - _tests_that_exist()) == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_said_in_the_words_of_the_standard(name: str, standard: dict[str, dict[str, str]]) -> None:
    theirs = {run for row in standard.values() for run in _runs(row["text"])}
    ours = {each.id: _runs(each.words) & theirs for each in registers.read(name).requirements}
    assert {each: runs for each, runs in ours.items() if runs} == {}


def _runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(words[at : at + WORDS_IN_A_ROW]) for at in range(len(words) - WORDS_IN_A_ROW + 1)}


SMALL = '[headings]\nV1 = "Words"\n'
ONE = '["V1.1.10"]\nlevel = 1\nopen = "Nobody has | done this yet."\n'
TWO = (
    '["V1.1.9"]\nlevel = 2\nshown = "This is how it is done."\n'
    'tests = ["tests/core/test_clock.py::test_frozen_moments_nest"]\n'
)


def _read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Register:
    (tmp_path / "small.toml").write_text(text)
    monkeypatch.setattr(registers, "DATA", tmp_path)
    return registers.read("small")


def test_the_head_counts_what_is_open_and_rows_stand_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = registers.as_markdown(_read(tmp_path, monkeypatch, SMALL + ONE + TWO))
    assert printed.startswith("**Open: 1** of 2. Shown by a test: 1; ")
    assert "## V1 Words\n\n| Id | Level |  | Here | Tests |\n" in printed
    assert printed.index("V1.1.9") < printed.index("V1.1.10")
    assert "[`test_frozen_moments_nest`](../tests/core/test_clock.py)" in printed
    assert "Nobody has \\| done this yet." in printed


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('built = "This is how it is done."\nopen = "It is not done at all."', "one of"),
        ("level = 1", "one of"),
        ('open = "It is not done at all."\nwhy = "?"', "one of"),
        ('absent = "n/a"', "sentence"),
        ('open = ""', "sentence"),
        ('shown = "This is how it is done."', "needs a test"),
        ('shown = "This is how it is done."\ntests = ["test_it"]', "path::name"),
        ('built = "This is how it is done."\ntests = ["tests/a.py::test_it"]', "is `shown`"),
    ],
)
def test_an_entry_that_says_too_little_or_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str, said: str
) -> None:
    with pytest.raises(ValueError, match=rf"V1\.1\.1: .*{said}"):
        _read(tmp_path, monkeypatch, f'{SMALL}["V1.1.1"]\n{entry}\n')


@pytest.mark.parametrize("text", [SMALL + ONE + ONE, SMALL + ONE.replace("V1", "V2")])
def test_an_id_that_stands_twice_or_under_no_heading_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with pytest.raises(ValueError, match=r"no heading for V2\.1\.10|overwrite|[Dd]eclare"):
        _read(tmp_path, monkeypatch, text)
