"""What an entry may hold, and the bytes it becomes."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from coordination.core import generated
from coordination.core.errors import InvalidInput
from coordination.ledger import entries
from coordination.ledger.entries import Entry

NIGHT = datetime(2026, 3, 6, 23, 12, 0, 78_900, tzinfo=timezone(timedelta(hours=1)))

KEYS = st.from_regex(r"\A[a-z][a-z0-9_]{0,20}\Z").filter(
    lambda key: not entries.PERSONAL.intersection(key.split("_"))
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="@"), max_size=100)
WHOLE = st.integers(-entries.LARGEST_INTEGER, entries.LARGEST_INTEGER)
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def _entry(details: Any = None, **changes: Any) -> Entry:
    given = {
        "action": "cases.opened",
        "subject": "C-7F3K-9QWD",
        "by": 7,
        "at": NIGHT,
        "details": details or {},
    }
    return Entry(**(given | changes))


def test_an_entry_says_what_to_what_by_whom_and_when_in_utc() -> None:
    read = json.loads(_entry({"to": ["a"], "count": 2}).canonical())
    assert read.pop("id")[14] == "7"
    assert read == {
        "v": 1,
        "action": "cases.opened",
        "subject": "C-7F3K-9QWD",
        "by": 7,
        "at": "2026-03-06T22:12:00.07Z",
        "details": {"count": 2, "to": ["a"]},
    }


def test_what_the_system_did_is_said_to_be_the_system() -> None:
    assert json.loads(_entry(by=None).canonical())["by"] == "system"


def test_two_entries_of_the_same_deed_are_two_entries() -> None:
    assert _entry().canonical() != _entry().canonical()


@given(details=st.dictionaries(KEYS, VALUES, max_size=5))
def test_an_entry_is_canonical_json_and_loses_nothing(details: dict[str, Any]) -> None:
    canonical = _entry(details).canonical()
    read = json.loads(canonical)
    assert read["details"] == details
    assert rfc8785.dumps(read) == canonical


@given(entry=st.binary(max_size=200))
def test_a_leaf_is_hashed_as_rfc_9162_says(entry: bytes) -> None:
    assert entries.leaf_hash(entry) == hashlib.sha256(b"\x00" + entry).digest()


def test_the_hash_of_the_empty_leaf_is_the_published_one() -> None:
    published = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert entries.leaf_hash(b"").hex() == published


@pytest.mark.parametrize(
    "action", ["", "opened", "cases.", "Cases.opened", "cases.Opened", "a.b.c", "a." + "b" * 79]
)
def test_an_action_reads_slice_dot_verb(action: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        _entry(action=action).canonical()
    assert refused.value.field == "action"


@pytest.mark.parametrize(
    "subject",
    [
        *("", "two words", "ana@example.org", "é", "-x", "x" * 121, "a\n", "C-", "C-1\n", "C-" + "1" * 119),
        *("0198d3a1-7c1e-7b6e-9c55-0c5f1f0f9f3e", "A198d3a1-7c1e-7b6e-9c55-0c5f1f0f9f3e", "7", "done"),
        *("parcel:7", ":7", "message:", "message", "messages:7", "Message:7", "triagexflag:7"),
    ],
)
def test_a_subject_is_a_reference_or_of_a_known_kind(subject: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        _entry(subject=subject).canonical()
    assert refused.value.field == "subject"


@pytest.mark.parametrize("kind", entries.KINDS)
def test_every_kind_is_taken_and_kept_as_it_is(kind: str) -> None:
    assert json.loads(_entry(subject=f"{kind}:a/1.b:c").canonical())["subject"] == f"{kind}:a/1.b:c"


def test_the_documentation_shows_the_kinds() -> None:
    assert generated.section("docs/ledger.md", "kinds") == entries.kinds_as_markdown(), generated.HINT


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInput):
        _entry(at=datetime(2026, 3, 6)).canonical()  # noqa: DTZ001


@pytest.mark.parametrize(
    "value",
    [
        0.5,
        float("nan"),
        b"bytes",
        datetime(2026, 3, 6, tzinfo=UTC),
        {1},
        object(),
        2**53,
        -(2**53),
        "x" * 501,
        "\ud800",
    ],
    ids=["float", "nan", "bytes", "time", "set", "object", "large", "small", "long", "surrogate"],
)
def test_what_json_or_a_later_reader_cannot_hold_is_refused(value: object) -> None:
    for details in ({"value": value}, {"deep": [{"down": value}]}):
        with pytest.raises(InvalidInput) as refused:
            _entry(details).canonical()
        assert refused.value.field.startswith("details.")


@pytest.mark.parametrize("key", [*sorted(entries.PERSONAL), "victim_name", "phone_number"])
def test_personal_data_does_not_get_in_by_its_name(key: str) -> None:
    with pytest.raises(InvalidInput, match="digests"):
        _entry({"record": {key: "x"}}).canonical()


def test_the_digest_of_personal_data_does_get_in() -> None:
    canonical = _entry(
        {"reason_digest": entries.digest("He knows where she lives."), "content_type": "a/b"}
    ).canonical()
    assert b"lives" not in canonical


def test_an_address_does_not_get_in_under_any_name() -> None:
    with pytest.raises(InvalidInput):
        _entry({"to": "ana@example.org"}).canonical()


@pytest.mark.parametrize("key", ["", "A", "with space", "ü", 7, "x" * 61])
def test_keys_are_plain_names(key: Any) -> None:
    with pytest.raises(InvalidInput):
        _entry({key: 1}).canonical()


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(InvalidInput) as refused:
        _entry({"to": "ana@example.org"}).canonical()
    assert "ana" not in str(refused.value)


def test_the_digest_of_text_is_that_of_its_utf8() -> None:
    assert (
        entries.digest("ü")
        == entries.digest("ü".encode())
        == "sha256:" + hashlib.sha256("ü".encode()).hexdigest()
    )
