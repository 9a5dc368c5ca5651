"""What crosses the boundary comes back the same, and nothing else is taken."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.channels import (
    Attempt,
    Inbound,
    InboundRequest,
    KitSettings,
    MailSettings,
    Message,
    MessageKind,
    Receipt,
    ReceiptLevel,
    Rendered,
    canonical_json,
    decode,
    encode,
)
from coordination.channels.testing import samples

NOW = datetime(2026, 3, 6, 23, 12, 5, 250_000, tzinfo=UTC)
RECEIPT = Receipt(message_id="m", level=ReceiptLevel.ACCEPTED, occurred_at=NOW, proof=b"\x00\xff", sequence=3)


@pytest.mark.parametrize(
    "value",
    [
        *samples.messages(),
        RECEIPT,
        Rendered(content=b"\x00", media_type="a/b", filename="f", preview="ü"),
        Attempt(message_id="m", number=2, started_at=NOW),
        Inbound(id="c1", receipt=RECEIPT, payload={"a": [1, None]}),
        Inbound(id="c2"),
        InboundRequest(method="POST", path="/", headers={"a": "b"}, body=b"{}", received_at=NOW),
    ],
    ids=lambda value: type(value).__name__,
)
def test_it_comes_back_the_same(value: object) -> None:
    assert decode(type(value), json.loads(json.dumps(encode(value)))) == value


def test_the_settings_of_the_kit_come_back_the_same() -> None:
    kit = KitSettings(allowed_networks=("10.0.0.0/8",), mail=MailSettings(password="p", sender="a@b.example"))
    assert KitSettings.from_json(json.loads(json.dumps(kit.to_json()))) == kit
    assert "'p'" not in repr(kit)


def test_the_same_moment_in_another_zone_gives_the_same_bytes() -> None:
    message = samples.message(MessageKind.TEST)
    zone = timezone(timedelta(hours=5, minutes=30))
    moved = dataclasses.replace(message, created_at=message.created_at.astimezone(zone))
    assert canonical_json(encode(moved)) == canonical_json(encode(message))


def test_a_time_without_a_zone_does_not_cross() -> None:
    with pytest.raises(TypeError):
        encode(datetime(2026, 1, 1))  # noqa: DTZ001 - the case


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"kind": "nonsense"},
        {"body": {"unknown": "shape"}},
        {"created_at": 5},
        {"id": 5},
        {"sender": None},
        {"recipient": []},
    ],
    ids=str,
)
def test_another_shape_is_refused(change: dict[str, object]) -> None:
    data = {**encode(samples.message(MessageKind.REFERRAL)), **change}
    with pytest.raises(ValueError, match=r"."):
        decode(Message, data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TIMES = st.sampled_from(
    ["2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "now", 5]
)


@given(
    st.fixed_dictionaries(
        {"message_id": JSON | st.just("m"), "level": JSON | st.just("accepted"), "occurred_at": JSON | TIMES},
        optional={"sequence": JSON, "reference": JSON, "proof": JSON, "wire_digest": JSON, "extra": JSON},
    )
)
def test_whatever_a_host_sends_is_a_receipt_or_a_value_error(data: dict[str, object]) -> None:
    try:
        receipt = decode(Receipt, data)
    except ValueError:
        return
    assert decode(Receipt, encode(receipt)) == receipt


@given(JSON)
def test_nonsense_is_a_value_error(data: object) -> None:
    for kind in (Message, Rendered, Attempt, Inbound):
        with pytest.raises(ValueError, match=r"."):
            decode(kind, data)
