"""What may leave to whom: the packs say it, and every refusal cites."""

import ast
import inspect
import itertools
import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest

from coordination.core.errors import InvalidInput, Refused
from coordination.policy import engine, selectors, services
from coordination.policy.models import Pack
from coordination.policy.workflow import DataCategory, RecipientClass
from tests.policy.conftest import SHIPPED, WritePack

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 6, 12, tzinfo=UTC)

# Read from the files and not from the tables, so that a fault in loading shows.
ROWS = [
    row for path in SHIPPED.glob("*/*.toml") for row in tomllib.loads(path.read_text()).get("legal_bases", [])
]
FLAGS = ("emergency", "consent", "counsel")
NEEDS = {"emergency": "requires_emergency", "consent": "requires_consent", "counsel": "needs_counsel"}

BASIS = """
[[legal_bases]]
id = "test.basis"
title = "For a test"
statute = "Test Act"
citation = "Test Act s. 1"
data_categories = {categories}
recipient_classes = ["private_responder"]
"""


def test_there_are_rows_to_test() -> None:
    assert len(ROWS) >= 15


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_disclosure_is_allowed_by_a_row_or_refused_with_a_citation(
    shipped: list[Pack], row: dict[str, Any]
) -> None:
    """The product of categories, recipient classes, bases and what is on record."""
    for category, recipient_class in itertools.product(DataCategory, RecipientClass):
        fits = category in row["data_categories"] and recipient_class in row["recipient_classes"]
        # Where the row does not fit, nothing on record helps: everything on record is the strongest case.
        for on_record in (
            itertools.product((True, False), repeat=len(FLAGS)) if fits else [(True, True, True)]
        ):
            flags = dict(zip(FLAGS, on_record, strict=True))
            allowed = fits and all(flags[flag] for flag in FLAGS if row.get(NEEDS[flag]))
            asked = {
                "category": category,
                "recipient_class": recipient_class,
                "basis_code": row["id"],
                "at": AT,
            }
            if allowed:
                permission = engine.allow(**asked, **flags)
                assert permission.citation == row["citation"]
                assert permission.counsel_confirm == row.get("counsel_confirm", False)
                continue
            with pytest.raises(Refused) as caught:
                engine.allow(**asked, **flags)
            assert (caught.value.rule, caught.value.citation) == (row["id"], row["citation"])
            for named in (category, recipient_class, row["id"], row["citation"]):
                assert str(named) in str(caught.value)


@pytest.mark.parametrize(
    ("category", "recipient_class", "basis_code", "flags"),
    [
        ("content", "foreign_government", "us.2702b8", {"emergency": True}),
        ("content", "private_responder", "us.2702b8", {"emergency": True}),
        ("content", "private_responder", "us.2702c6", {"emergency": True}),
        ("content", "private_responder", "us.2702b3", {}),
        ("content", "addressee", "us.2702b8", {"emergency": True}),
        ("content", "us_government", "us.2702b8", {}),
        ("records", "us_government", "us.2702c4", {}),
        ("subscriber", "foreign_government", "us.2702c6-other", {}),
        ("content", "foreign_government", "eu.dsa18-content", {"emergency": True}),
    ],
)
def test_what_the_strict_reading_refuses(
    shipped: list[Pack], category: str, recipient_class: str, basis_code: str, flags: dict[str, bool]
) -> None:
    with pytest.raises(Refused):
        engine.allow(
            category=category, recipient_class=recipient_class, basis_code=basis_code, at=AT, **flags
        )


@pytest.mark.parametrize(
    ("category", "recipient_class", "basis_code", "flags"),
    [
        ("content", "us_government", "us.2702b8", {"emergency": True}),
        ("location", "us_government", "us.2702c4", {"emergency": True}),
        ("content", "private_responder", "us.2702b3", {"consent": True}),
        ("subscriber", "private_responder", "us.2702c6", {}),
        ("content", "addressee", "us.2702b1", {}),
        ("own_assessment", "other_private", "us.own", {}),
        ("records", "foreign_government", "eu.dsa18", {}),
    ],
)
def test_what_the_strict_reading_allows(
    shipped: list[Pack], category: str, recipient_class: str, basis_code: str, flags: dict[str, bool]
) -> None:
    permission = engine.allow(
        category=category, recipient_class=recipient_class, basis_code=basis_code, at=AT, **flags
    )
    assert permission.code == basis_code


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"category": "secrets"}, "category"),
        ({"recipient_class": "friends"}, "recipient_class"),
        ({"basis_code": "us.9999"}, "basis_code"),
    ],
)
def test_an_unknown_word_is_named_by_its_field(
    shipped: list[Pack], changed: dict[str, str], field: str
) -> None:
    words = {"category": "content", "recipient_class": "us_government", "basis_code": "us.2702b8"} | changed
    with pytest.raises(InvalidInput) as caught:
        engine.allow(**words, emergency=True, at=AT)
    assert caught.value.field == field


def test_another_pack_gives_another_answer(write_pack: WritePack) -> None:
    """The gate is data: only the file changes between the two answers."""
    services.load(write_pack(BASIS.format(categories='["subscriber"]'), begins="2026-01-01"))
    services.load(write_pack(BASIS.format(categories='["content"]'), version="2", begins="2026-07-01"))
    asked = {"recipient_class": "private_responder", "basis_code": "test.basis"}
    before, after = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)

    assert engine.allow(category="subscriber", at=before, **asked).pack == "test 1"
    with pytest.raises(Refused):
        engine.allow(category="content", at=before, **asked)
    assert engine.allow(category="content", at=after, **asked).pack == "test 2"
    with pytest.raises(Refused):
        engine.allow(category="subscriber", at=after, **asked)


def test_no_category_class_or_basis_is_named_in_the_engine() -> None:
    """A gate is data, never an if."""
    tree = ast.parse(inspect.getsource(engine))
    names = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    packs = {*DataCategory, *RecipientClass, *(row["id"] for row in ROWS)}
    assert not names & (packs | {word.name for word in [*DataCategory, *RecipientClass]})


def test_no_basis_before_the_pack_is_in_force(shipped: list[Pack]) -> None:
    with pytest.raises(InvalidInput):
        engine.allow(
            category="content",
            recipient_class="us_government",
            basis_code="us.2702b8",
            emergency=True,
            at=datetime(2025, 12, 31, tzinfo=UTC),
        )


def test_legal_bases_are_found_for_a_category_and_a_class(shipped: list[Pack]) -> None:
    codes = {basis.code for basis in selectors.legal_bases("content", "us_government", AT)}
    assert {"us.2702b8", "us.2702b3"} <= codes
    assert "us.2702c4" not in codes
    with pytest.raises(InvalidInput):
        selectors.legal_bases("nonsense", "us_government", AT)
