"""The contract, and what is this channel's own."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from standardwebhooks.webhooks import Webhook

from coordination.channels import (
    ChecksHealth,
    InauthenticInbound,
    MessageKind,
    PermanentFailure,
    Recalls,
    ReceiptLevel,
    ReceivesInbound,
    Secret,
    TracksStatus,
)
from coordination.channels.testing import (
    ChannelContract,
    FakePartner,
    RecordedContent,
    SignedCallbacks,
    attempt,
    message,
    signed_callback,
)
from plugins.signed_webhook.channel import KINDS, SignedWebhook

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_" + b64encode(b"o" * 32).decode()
HERE = Path(__file__).parent.parent
NOW = datetime.now(UTC)


SAID = {
    "id": "cb_1",
    "message_id": "msg_1",
    "level": "acknowledged",
    "reference": "2026-00417",
    "sequence": 2,
    "occurred_at": "2026-03-06T23:40:00-06:00",
}


class TestSignedWebhook(SignedCallbacks, RecordedContent, ChannelContract):
    channel_class = SignedWebhook
    config = {"endpoint": "{partner}", "signing_secret": "secret:PARTNER", "callback_secret": ""}
    callback = SAID
    callback_key = KEY
    recordings = HERE / "recordings"
    secrets = {"PARTNER": KEY}

    def test_the_partner_can_verify_it_with_a_library(
        self, channel: SignedWebhook, partner: FakePartner
    ) -> None:
        sample = message(MessageKind.REFERRAL)
        receipt = channel.deliver(channel.render(sample), attempt(sample))
        came = partner.requests[0]
        assert (
            Webhook(KEY).verify(came.body, dict(came.headers))["id"]
            == sample.id
            == came.headers["webhook-id"]
        )
        assert (receipt.level, receipt.reference) == (ReceiptLevel.ACCEPTED, "P-1")

    def test_hko_05_both_keys_sign_while_one_is_changed(
        self, channel: SignedWebhook, partner: FakePartner
    ) -> None:
        rotating = SignedWebhook({**channel.config, "signing_secret": Secret(f"{KEY} {OLD}")})
        sample = message(MessageKind.TEST)
        rotating.deliver(rotating.render(sample), attempt(sample))
        came = partner.requests[0]
        for key in (KEY, OLD):
            assert Webhook(key).verify(came.body, dict(came.headers))


@pytest.fixture
def channel() -> SignedWebhook:
    return SignedWebhook({"endpoint": "https://partner.example/", "signing_secret": Secret(KEY)})


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_content_is_what_the_schema_says(kind: MessageKind, channel: SignedWebhook) -> None:
    schema = json.loads((HERE / "message.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    content = json.loads(channel.render(message(kind)).content)
    Draft202012Validator(schema).validate(content)
    assert list(Draft202012Validator(schema).iter_errors({**content, "kind": "letter"}))


def test_its_powers_are_the_ones_it_has(channel: SignedWebhook) -> None:
    assert isinstance(channel, ReceivesInbound)
    assert isinstance(channel, ChecksHealth)
    assert not isinstance(channel, TracksStatus | Recalls)


def test_a_secret_that_is_no_key_is_a_permanent_failure_and_sends_nothing(channel: SignedWebhook) -> None:
    broken = SignedWebhook({**channel.config, "signing_secret": Secret("not a key")})
    sample = message(MessageKind.TEST)
    with pytest.raises(PermanentFailure) as raised:
        broken.deliver(broken.render(sample), attempt(sample))
    assert "not a key" not in str(raised.value)


def test_a_callback_tells_what_became_of_a_message(channel: SignedWebhook) -> None:
    Draft202012Validator(json.loads((HERE / "callback.schema.json").read_text())).validate(SAID)
    (inbound,) = channel.parse_inbound(signed_callback(SAID, key=KEY))
    assert inbound.id == "cb_1"
    receipt = inbound.receipt
    assert receipt is not None
    assert (receipt.message_id, receipt.level, receipt.sequence) == ("msg_1", ReceiptLevel.ACKNOWLEDGED, 2)
    assert receipt.reference == "2026-00417"
    assert receipt.occurred_at == datetime(2026, 3, 7, 5, 40, tzinfo=UTC)
    assert json.loads(receipt.proof) == SAID


def test_a_key_of_the_partners_own_counts_alone_once_it_is_set(channel: SignedWebhook) -> None:
    own = SignedWebhook({**channel.config, "callback_secret": Secret(OLD)})
    assert own.parse_inbound(signed_callback(SAID, key=OLD))
    with pytest.raises(InauthenticInbound):
        own.parse_inbound(signed_callback(SAID, key=KEY))


@pytest.mark.parametrize(
    "change",
    [
        {"level": "delighted"},
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-03-06T23:40:00"},
        {"message_id": None},
        {"message_id": ["msg_1"]},
        {"sequence": "first"},
        {"sequence": -1},
        {"sequence": True},
        {"reference": 5},
        {"level": None},
    ],
    ids=str,
)
def test_a_signed_callback_that_makes_no_sense_is_an_error(
    change: dict[str, Any], channel: SignedWebhook
) -> None:
    with pytest.raises(PermanentFailure):
        channel.parse_inbound(signed_callback({**SAID, **change}, key=KEY))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"not json", b'{"reference": 5}', b'{"reference": "' + b"x" * 500 + b'"}']
)
def test_an_answer_without_a_reference_is_still_a_receipt(body: bytes) -> None:
    from plugins.signed_webhook.channel import _reference

    assert _reference(body) == ""
