"""The quick look at an entry says only what the thorough one says."""

import json
from datetime import UTC, datetime

import pytest

from coordination.ledger import rereading
from coordination.ledger.entries import Entry, Value

MOMENT = datetime(2026, 3, 6, 22, 12, 0, 79_000, tzinfo=UTC)
AT = "2026-03-06T22:12:00.07Z"
DETAILS: list[dict[str, Value]] = [
    {},
    {"attempt": 3, "digest": "sha256:00ff", "late": False, "none": None, "zero": 0, "below": -7},
    {"state": "", "words": "[a] {b}: c, d", "z": "ends"},
]


def _entry(details: dict[str, Value], **more: Value) -> Entry:
    return Entry(action="tests.done", subject="T-1", by=7, at=MOMENT, details={**details, **more})


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


def test_more_shapes_than_are_kept_are_all_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rereading, "_shapes", {})
    for _ in range(2):
        for number in range(2 * rereading.SHAPES_OF_ONE):
            entry = _entry({f"key_{number:02}": number, "last": "x"}).canonical()
            assert rereading._is_plainly_right(entry, AT, "tests.done", "T-1")
            assert not rereading._is_plainly_right(entry, AT, "tests.done", "T-2")
            assert not rereading._is_plainly_right(entry, AT, "tests.undone", "T-1")
    assert [len(each) for each in rereading._shapes.values()] == [rereading.SHAPES_OF_ONE]


@pytest.mark.parametrize("action", ['tests.done","at":"', "tests.don.", ".*", "tests.[a-z]+"])
def test_an_action_in_the_column_is_no_pattern(action: str) -> None:
    entry = _entry({}).canonical()
    assert rereading._is_plainly_right(entry, AT, "tests.done", "T-1")
    assert rereading.unreadable(entry, AT, action, "T-1")


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
