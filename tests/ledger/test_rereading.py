"""The quick look at an entry says only what the thorough one says."""

import json
from datetime import UTC, datetime

import pytest

from coordination.ledger import rereading
from coordination.ledger.entries import Entry, Value

AT = datetime(2026, 3, 6, 22, 12, 0, 79_000, tzinfo=UTC)
DETAILS: list[dict[str, Value]] = [
    {},
    {"attempt": 3, "digest": "sha256:00ff", "late": False, "none": None, "zero": 0, "below": -7},
    {"state": "", "words": "[a] {b}: c, d", "z": "ends"},
]


def _entry(details: dict[str, Value], **more: Value) -> Entry:
    return Entry(action="tests.done", subject="T-1", by=7, at=AT, details={**details, **more})


def _thorough(entry: bytes, monkeypatch: pytest.MonkeyPatch) -> str:
    with monkeypatch.context() as patch:
        patch.setattr(rereading, "_is_plainly_right", lambda *_: False)
        return rereading.unreadable(entry, AT, "tests.done", "T-1")


@pytest.mark.parametrize("details", DETAILS)
def test_what_is_plain_is_seen_at_a_glance(details: dict[str, Value]) -> None:
    assert rereading._is_plainly_right(_entry(details).canonical(), AT, "tests.done", "T-1")


@pytest.mark.parametrize("more", [{"nested": {"a": 1}}, {"list": [1, 2]}, {"quote": 'a"b'}, {"word": "é"}])
def test_what_is_not_plain_is_looked_at_thoroughly(more: dict[str, Value]) -> None:
    entry = _entry({}, **more).canonical()
    assert not rereading._is_plainly_right(entry, AT, "tests.done", "T-1")
    assert rereading.unreadable(entry, AT, "tests.done", "T-1") == ""


@pytest.mark.parametrize("details", DETAILS)
def test_of_no_changed_bit_is_more_said_at_a_glance(
    details: dict[str, Value], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _entry(details).canonical()
    for at in range(len(whole)):
        for bit in range(8):
            changed = whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
            if rereading._is_plainly_right(changed, AT, "tests.done", "T-1"):
                assert _thorough(changed, monkeypatch) == "", changed


@pytest.mark.parametrize(
    "details",
    ['"b":1,"a":1', '"a":1,"a":1', '"a":1,', '"a":01', '"a":-0', '"a":1.0', '"a":"\\u0041"', '"a" :1'],
)
def test_what_is_not_canonical_is_not_taken_for_it(details: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _entry({}).canonical()
    said = whole.replace(b'"details":{}', b'"details":{' + details.encode() + b"}")
    assert said != whole
    assert rereading.unreadable(said, AT, "tests.done", "T-1") == "its bytes are no canonical JSON"
    assert json.loads(whole)["details"] == {}
