"""Sealed values open for their key and column only, and say nothing otherwise."""

import base64
from typing import Any

import pytest
from django.core.exceptions import FieldError, ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from coordination.core import generated, sealing
from coordination.core.sealing import SealBroken
from coordination.rest.models import IdempotencyRecord

ONE = "one:" + base64.b64encode(b"1" * 32).decode()
TWO = "two:" + base64.b64encode(b"2" * 32).decode()


@pytest.fixture(autouse=True)
def ring(settings: Any) -> None:
    settings.SEALING_KEYS = [ONE, TWO]
    settings.BLIND_INDEX_KEY = base64.b64encode(b"i" * 32).decode()


def test_what_is_sealed_does_not_contain_what_was_said() -> None:
    sealed = sealing.seal("12 Mill Lane", context="t.c")
    assert b"Mill" not in sealed
    assert sealing.unseal(sealed, context="t.c") == "12 Mill Lane"


def test_the_same_text_is_never_sealed_the_same_way_twice() -> None:
    assert sealing.seal("same", context="t.c") != sealing.seal("same", context="t.c")


def test_a_value_moved_to_another_column_does_not_open() -> None:
    sealed = sealing.seal("safe address", context="liaison.address")
    with pytest.raises(SealBroken):
        sealing.unseal(sealed, context="cases.note")


def test_every_single_changed_byte_is_noticed() -> None:
    sealed = sealing.seal("a", context="t.c")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealBroken):
            sealing.unseal(bytes(changed), context="t.c")


def test_every_truncation_is_noticed() -> None:
    sealed = sealing.seal("a", context="t.c")
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            sealing.unseal(sealed[:length], context="t.c")


def test_after_a_rotation_the_new_key_seals_and_the_old_one_still_opens(settings: Any) -> None:
    old = sealing.seal("a", context="t.c")
    settings.SEALING_KEYS = [TWO, ONE]
    new = sealing.seal("a", context="t.c")
    assert (sealing.key_of(old), sealing.key_of(new)) == ("one", "two")
    assert sealing.unseal(old, context="t.c") == "a"


def test_without_its_key_a_value_stays_shut(settings: Any) -> None:
    sealed = sealing.seal("a", context="t.c")
    settings.SEALING_KEYS = [TWO]
    with pytest.raises(SealBroken, match="not in the ring"):
        sealing.unseal(sealed, context="t.c")


def test_another_key_under_the_same_name_opens_nothing(settings: Any) -> None:
    sealed = sealing.seal("a", context="t.c")
    settings.SEALING_KEYS = ["one:" + base64.b64encode(b"x" * 32).decode()]
    with pytest.raises(SealBroken):
        sealing.unseal(sealed, context="t.c")


@pytest.mark.parametrize(
    "keys",
    [[], [""], ["one"], ["one:short"], ["one:" + "A" * 40], [ONE, ONE], ["o/e:" + ONE[4:]], ["é" + ONE]],
)
def test_a_ring_that_is_not_usable_is_refused(settings: Any, keys: list[str]) -> None:
    settings.SEALING_KEYS = keys
    with pytest.raises(ImproperlyConfigured):
        sealing.ring()


def test_a_blind_index_needs_its_key(settings: Any) -> None:
    settings.BLIND_INDEX_KEY = ""
    with pytest.raises(ImproperlyConfigured):
        sealing.blind_index("email", "a")


def test_a_blind_index_finds_the_same_value_however_it_is_typed() -> None:
    assert sealing.blind_index("email", " Ana@Example.org ") == sealing.blind_index(
        "email", "ana@example.ORG"
    )


def test_a_blind_index_of_one_kind_says_nothing_about_another() -> None:
    assert sealing.blind_index("email", "1") != sealing.blind_index("phone", "1")
    assert sealing.blind_index("a", "b") != sealing.blind_index("a\x00b", "")[:-1]


def test_a_blind_index_needs_the_key_and_not_only_the_value(settings: Any) -> None:
    before = sealing.blind_index("email", "a")
    settings.BLIND_INDEX_KEY = base64.b64encode(b"j" * 32).decode()
    assert sealing.blind_index("email", "a") != before


@given(
    text=st.text(st.characters(exclude_categories=["Cs"])),
    context=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_any_text_comes_back_as_it_went_in(text: str, context: str) -> None:
    assert sealing.unseal(sealing.seal(text, context=context), context=context) == text


@pytest.mark.parametrize("lookup", ["exact", "in", "icontains", "startswith", "gt", "regex"])
def test_a_sealed_column_cannot_be_searched(lookup: str) -> None:
    value = ["a"] if lookup == "in" else "a"
    with pytest.raises(FieldError, match="sealed"):
        str(IdempotencyRecord.objects.filter(**{f"body__{lookup}": value}).query)


def test_a_sealed_column_cannot_be_transformed() -> None:
    with pytest.raises(FieldError, match="sealed"):
        str(IdempotencyRecord.objects.filter(body__lower__isnull=True).query)


def test_the_list_of_sealed_columns_names_them_all_and_stands_in_the_documentation() -> None:
    columns = list(sealing.sealed_columns())
    assert "rest_idempotencyrecord.body" in columns
    assert columns == sorted(set(columns))
    assert generated.section("docs/security.md", "sealed columns") == sealing.columns_as_markdown(), (
        generated.HINT
    )
