"""The contract, and what is this channel's own."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from standardwebhooks.webhooks import Webhook

from coordination.channels import (
    ChecksHealth,
    MessageKind,
    PermanentFailure,
    Recalls,
    Receipt,
    ReceiptLevel,
    ReceivesInbound,
    Secret,
    TracksStatus,
)
from coordination.channels.testing import (
    Answer,
    ChannelContract,
    FakePartner,
    RecordedContent,
    SignedCallbacks,
    attempt,
    message,
    signed_callback,
)
from plugins.platform_actions.channel import KINDS, PlatformActions

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HERE = Path(__file__).parent.parent
NOW = datetime.now(UTC)


SAID = {
    "id": "cb_1",
    "message_id": "msg_1",
    "confirmed": True,
    "in_force": "limit_features",
    "reference": "ticket-7",
    "sequence": 2,
    "occurred_at": "2026-03-06T23:40:00-06:00",
}
BECAME = {name: value for name, value in SAID.items() if name != "id"}
LAST = Receipt(message_id="msg_1", level=ReceiptLevel.ACCEPTED, occurred_at=datetime.now(UTC))


class TestPlatformActions(SignedCallbacks, RecordedContent, ChannelContract):
    channel_class = PlatformActions
    config = {
        "endpoint": "{partner}",
        "status_endpoint": "{partner}",
        "signing_secret": "secret:PLATFORM",
        "callback_secret": "",
    }
    callback = SAID
    callback_key = KEY
    recordings = HERE / "recordings"
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

    def test_it_asks_what_became_of_a_command_under_its_signature(
        self, channel: PlatformActions, partner: FakePartner
    ) -> None:
        partner.always = Answer(body=json.dumps(BECAME).encode())
        receipt = channel.fetch_status("msg_1", LAST)
        assert receipt is not None
        assert (receipt.message_id, receipt.level) == ("msg_1", ReceiptLevel.ACKNOWLEDGED)
        assert (receipt.detail, receipt.reference) == ("in force: limit_features", "ticket-7")
        assert json.loads(receipt.proof) == BECAME
        channel.fetch_status("msg_1", LAST)
        first, second = partner.requests
        said = Webhook(KEY).verify(first.body, dict(first.headers))
        assert said == {"schema": "coordination/platform-status/v1", "message_id": "msg_1"}
        assert first.headers["webhook-id"] not in ("msg_1", second.headers["webhook-id"])

    def test_it_hears_that_a_command_will_not_be_done(
        self, channel: PlatformActions, partner: FakePartner
    ) -> None:
        partner.always = Answer(body=json.dumps({**BECAME, "confirmed": False}).encode())
        receipt = channel.fetch_status("msg_1", LAST)
        assert receipt is not None
        assert receipt.level == ReceiptLevel.REJECTED

    @pytest.mark.parametrize(
        "answer",
        [Answer(status=404, body=b"no"), Answer(body=b'{"message_id": "msg_1", "confirmed": null}')],
        ids=["never seen", "waits there"],
    )
    def test_where_the_platform_does_not_know_nothing_is_new(
        self, channel: PlatformActions, partner: FakePartner, answer: Answer
    ) -> None:
        partner.always = answer
        assert channel.fetch_status("msg_1", LAST) is None

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b'{"confirmed": true}',
            b'{"message_id": "msg_1"}',
            json.dumps({"message_id": "msg_1", "confirmed": True, "occurred_at": "yesterday"}).encode(),
            json.dumps({"message_id": "msg_1", "confirmed": "yes", "occurred_at": "2026-03-06"}).encode(),
            json.dumps({"message_id": "msg_2", "confirmed": True}).encode(),
        ],
        ids=str,
    )
    def test_an_answer_that_makes_no_sense_confirms_nothing(
        self, channel: PlatformActions, partner: FakePartner, body: bytes
    ) -> None:
        partner.always = Answer(body=body)
        with pytest.raises(PermanentFailure):
            channel.fetch_status("msg_1", LAST)

    def test_it_asks_nobody_where_no_address_to_ask_is_given(
        self, channel: PlatformActions, partner: FakePartner
    ) -> None:
        silent = PlatformActions({**channel.config, "status_endpoint": ""})
        assert silent.fetch_status("msg_1", LAST) is None
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


def test_the_answers_to_a_question_are_what_the_schema_says() -> None:
    schema = Draft202012Validator(json.loads((HERE / "status.schema.json").read_text()))
    schema.validate(BECAME)
    schema.validate({"message_id": "msg_1", "confirmed": None})
    assert list(schema.iter_errors({"message_id": "msg_1", "confirmed": True}))


def test_its_powers_are_the_ones_it_has(channel: PlatformActions) -> None:
    assert isinstance(channel, ReceivesInbound)
    assert isinstance(channel, ChecksHealth)
    assert isinstance(channel, TracksStatus)
    assert not isinstance(channel, Recalls)


def test_a_callback_confirms_a_command(channel: PlatformActions) -> None:
    Draft202012Validator(json.loads((HERE / "callback.schema.json").read_text())).validate(SAID)
    (inbound,) = channel.parse_inbound(signed_callback(SAID, key=KEY))
    receipt = inbound.receipt
    assert receipt is not None
    assert (receipt.message_id, receipt.level, receipt.sequence) == ("msg_1", ReceiptLevel.ACKNOWLEDGED, 2)
    assert (receipt.detail, receipt.reference) == ("in force: limit_features", "ticket-7")
    assert json.loads(receipt.proof) == SAID


def test_a_callback_says_that_it_will_not_be_done(channel: PlatformActions) -> None:
    (inbound,) = channel.parse_inbound(signed_callback({**SAID, "confirmed": False}, key=KEY))
    assert inbound.receipt is not None
    assert inbound.receipt.level == ReceiptLevel.REJECTED


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
        channel.parse_inbound(signed_callback({**SAID, **change}, key=KEY))
