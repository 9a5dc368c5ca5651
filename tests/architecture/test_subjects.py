"""What the ledger's entries are about is named in one way: by a reference, or by a kind that it knows."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin

from coordination.access.recordadmin import RecordAdmin
from coordination.core import clock
from coordination.ledger import entries
from tests.architecture.source import files, name_of, tree

PAGES = [each for each in admin.site._registry.values() if isinstance(each, RecordAdmin) and each.reading]
_NAMED = re.compile(r"([a-z][a-z.-]*):")


def _expressions(*, given_alone: bool) -> Iterator[tuple[str, ast.expr]]:
    """Yield what is given as a `subject`, with its place; else what is named so or returned, too."""
    for path in files("coordination"):
        for node in ast.walk(tree(path)):
            match node:
                case ast.keyword(arg="subject", value=value):
                    yield f"{name_of(path)}:{value.lineno}", value
                case ast.Assign(targets=[ast.Name(id="subject" | "who")], value=value) if not given_alone:
                    yield f"{name_of(path)}:{value.lineno}", value
                case ast.Return(value=ast.expr() as value) if not given_alone:
                    yield f"{name_of(path)}:{value.lineno}", value


def _kinds(value: ast.expr) -> set[str]:
    """Return the kinds that a text, a pattern or either side of a condition begins with."""
    if isinstance(value, ast.IfExp):
        return _kinds(value.body) | _kinds(value.orelse)
    first = value.values[0] if isinstance(value, ast.JoinedStr) and value.values else value
    text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
    found = _NAMED.match(text)
    return {found[1]} if found else set()


def _subject_of(page: Any) -> str:
    record = page.model(pk=1)
    if page.lookup == "reference":
        record.reference = "R-0000-0000"
    return str(page.subject_of(record))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.opts.label_lower)
def test_a_page_whose_readings_are_recorded_names_its_records_so_that_the_ledger_takes_it(page: Any) -> None:
    entries.Entry(action="tests.read", subject=_subject_of(page), by=1, at=clock.now()).canonical()


def test_what_is_spelt_out_as_a_subject_has_a_kind_that_the_ledger_knows() -> None:
    spelt = {(place, kind) for place, value in _expressions(given_alone=True) for kind in _kinds(value)}
    assert len(spelt) > 10
    assert {(place, kind) for place, kind in spelt if kind not in entries.KINDS} == set()


def test_every_kind_is_one_that_the_code_names() -> None:
    named = {kind for _, value in _expressions(given_alone=False) for kind in _kinds(value)}
    named |= {_subject_of(page).partition(":")[0] for page in PAGES}
    assert set(entries.KINDS) - named == set()


def test_nothing_is_recorded_under_a_bare_id() -> None:
    """A key alone does not say of what it is the key, and is not found with the record's other entries."""
    given = _expressions(given_alone=True)
    bare = [place for place, value in given if re.match(r"str\(|.*\.(pk|id)$", ast.unparse(value))]
    assert bare == []
