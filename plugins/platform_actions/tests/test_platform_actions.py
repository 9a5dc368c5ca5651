"""The contract, and what is this channel's own."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from standardwebhooks.webhooks import Webhook

from coordination.channels import (
    ChecksHealth,
    InauthenticInbound,
    InboundRequest,
    MessageKind,
    PermanentFailure,
    Recalls,
    ReceiptLevel,
    ReceivesInbound,
    Secret,
    TracksStatus,
    sign_webhook,
)
from coordination.channels.testing import Answer, ChannelContract, FakePartner, Situation, attempt, message
from plugins.platform_actions.channel import KINDS, PlatformActions

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + b64encode(b"o" * 32).decode()
HERE = Path(__file__).parent.parent
NOW = datetime.now(UTC)


class TestPlatformActions(ChannelContract):
    channel_class = PlatformActions
    config = {"endpoint": "{partner}", "signing_secret": "secret:PLATFORM", "callback_secret": ""}
    secrets = {"PLATFORM": KEY}

    def test_the_platform_can_verify_it_with_a_library(
        self, channel: PlatformActions, partner: FakePartner
    ) -> None:
        sample = message(MessageKind.PLATFORM_ACTION)
        channel.deliver(channel.render(sample), attempt(sample))
        came = partner.requests[0]
        said = Webhook(KEY).verify(came.body, dict(came.headers))
        assert (said["id"], said["action"], said["step"]) == (sample.id, "impose", "limit_features")

    @pytest.mark.parametrize(
        ("body", "level", "detail"),
        [
            (b'{"confirmed": true, "in_force": "read_only"}', "acknowledged", "in force: read_only"),
            (b'{"confirmed": true, "in_force": null}', "acknowledged", "in force: nothing"),
            (b'{"confirmed": true}', "acknowledged", "HTTP 200"),
            (b'{"confirmed": "yes"}', "accepted", "HTTP 200"),
            (b'{"confirmed": false}', "accepted", "HTTP 200"),
            (b'{"in_force": 7}', "accepted", "HTTP 200"),
            (b"", "accepted", "HTTP 200"),
            (b"[]", "accepted", "HTTP 200"),
            (b"{not json", "accepted", "HTTP 200"),
        ],
        ids=str,
    )
    def test_only_a_plain_confirmation_confirms(
        self, channel: PlatformActions, partner: FakePartner, body: bytes, level: str, detail: str
    ) -> None:
        partner.always = Answer(body=body)
        sample = message(MessageKind.PLATFORM_ACTION)
        receipt = channel.deliver(channel.render(sample), attempt(sample))
        assert (receipt.level, receipt.detail, receipt.proof) == (level, detail, body)

    def test_health_is_whether_somebody_listens(self, channel: PlatformActions, partner: FakePartner) -> None:
        assert channel.check_health().healthy
        partner.be(Situation.DOWN)
        assert not channel.check_health().healthy
        assert partner.contacts == 0


@pytest.fixture
def channel() -> PlatformActions:
    return PlatformActions({"endpoint": "https://platform.example/", "signing_secret": Secret(KEY)})


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_content_is_what_the_schema_says(kind: MessageKind, channel: PlatformActions) -> None:
    schema = json.loads((HERE / "command.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    content = json.loads(channel.render(message(kind)).content)
    Draft202012Validator(schema).validate(content)
    assert list(Draft202012Validator(schema).iter_errors({**content, "action": "delete"}))
    assert list(Draft202012Validator(schema).iter_errors({**content, "surprise": "x"}))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_content_is_what_was_recorded(kind: MessageKind, channel: PlatformActions) -> None:
    """A change of these bytes is a change for the platform's developers."""
    recorded = HERE / "recordings" / f"{kind}.json"
    assert channel.render(message(kind)).content == recorded.read_bytes().rstrip(b"\n")


def test_its_powers_are_the_ones_it_has(channel: PlatformActions) -> None:
    assert isinstance(channel, ReceivesInbound)
    assert isinstance(channel, ChecksHealth)
    assert not isinstance(channel, TracksStatus | Recalls)


def callback(said: dict[str, Any], *, key: str = KEY, moment: datetime = NOW) -> InboundRequest:
    body = json.dumps(said).encode()
    headers = sign_webhook(said.get("signed_as", said["id"]), moment, body, key)
    return InboundRequest(method="POST", path="/in", headers=headers, body=body, received_at=NOW)


SAID = {
    "id": "cb_1",
    "message_id": "msg_1",
    "confirmed": True,
    "in_force": "limit_features",
    "reference": "ticket-7",
    "sequence": 2,
    "occurred_at": "2026-03-06T23:40:00-06:00",
}


def test_a_callback_confirms_a_command(channel: PlatformActions) -> None:
    Draft202012Validator(json.loads((HERE / "callback.schema.json").read_text())).validate(SAID)
    (inbound,) = channel.parse_inbound(callback(SAID))
    receipt = inbound.receipt
    assert receipt is not None
    assert (receipt.message_id, receipt.level, receipt.sequence) == ("msg_1", ReceiptLevel.ACKNOWLEDGED, 2)
    assert (receipt.detail, receipt.reference) == ("in force: limit_features", "ticket-7")
    assert json.loads(receipt.proof) == SAID


def test_a_callback_says_that_it_will_not_be_done(channel: PlatformActions) -> None:
    (inbound,) = channel.parse_inbound(callback({**SAID, "confirmed": False}))
    assert inbound.receipt is not None
    assert inbound.receipt.level == ReceiptLevel.REJECTED


@pytest.mark.parametrize(
    "request_",
    [
        callback(SAID, key=OTHER),
        callback(SAID, moment=NOW - timedelta(seconds=301)),
        callback({**SAID, "signed_as": "cb_2"}),
        InboundRequest(method="POST", path="/in", headers={}, body=b"{}"),
    ],
    ids=["forged", "replayed", "another id", "unsigned"],
)
def test_what_is_not_the_platforms_is_refused(request_: InboundRequest, channel: PlatformActions) -> None:
    with pytest.raises(InauthenticInbound):
        channel.parse_inbound(request_)


@pytest.mark.parametrize(
    "change",
    [
        {"confirmed": "true"},
        {"confirmed": None},
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-03-06T23:40:00"},
        {"occurred_at": 7},
        {"message_id": None},
        {"sequence": "first"},
        {"sequence": -1},
        {"sequence": True},
    ],
    ids=str,
)
def test_a_signed_callback_that_makes_no_sense_is_an_error(
    change: dict[str, Any], channel: PlatformActions
) -> None:
    with pytest.raises(PermanentFailure):
        channel.parse_inbound(callback({**SAID, **change}))
