"""The channel: canonical JSON out, a signed callback in."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from coordination.channels import (
    Attempt,
    Channel,
    ChannelInfo,
    DeliveryError,
    Health,
    HttpClient,
    InauthenticInbound,
    Inbound,
    InboundRequest,
    Message,
    MessageKind,
    PermanentFailure,
    Receipt,
    ReceiptLevel,
    Rendered,
    UnsupportedFeature,
    canonical_json,
    decode,
    encode,
    sign_webhook,
    verify_webhook,
)
from plugins.signed_webhook.forms import SignedWebhookForm

LONGEST_REFERENCE = 200
SCHEMA = "coordination/message/v1"
TAKEN = frozenset({"message_id", "level", "occurred_at", "sequence", "reference", "detail"})
KINDS = frozenset({MessageKind.REFERRAL, MessageKind.CORRECTION, MessageKind.ANSWER, MessageKind.TEST})


class SignedWebhook(Channel):
    """Posts each message once; the partner drops a webhook-id that it has seen (README.md)."""

    info = ChannelInfo(slug="signed_webhook", title="Signed webhook", kinds=KINDS, deduplicates=True)
    config_form = SignedWebhookForm

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        self.client = HttpClient()

    def render(self, message: Message) -> Rendered:
        """Return the message as canonical JSON."""
        if message.kind not in KINDS:
            raise UnsupportedFeature(f"a signed webhook carries no {message.kind}")
        value = {"schema": SCHEMA, **encode(message)}
        return Rendered(
            content=canonical_json(value),
            media_type="application/json",
            filename=f"{message.reference}.json",
            preview=json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True),
        )

    def deliver(self, rendered: Rendered, attempt: Attempt) -> Receipt:
        """Sign and post. Their answer may name a `reference` of their own."""
        keys = self.config["signing_secret"].reveal()
        headers = {
            "Content-Type": rendered.media_type,
            "User-Agent": "coordination-signed-webhook/1",
            **sign_webhook(attempt.message_id, attempt.started_at, rendered.content, keys),
        }
        answer = self.client.post(self.config["endpoint"], rendered.content, headers=headers)
        return Receipt(
            message_id=attempt.message_id,
            level=ReceiptLevel.ACCEPTED,
            occurred_at=attempt.started_at,
            reference=_reference(answer.body),
            detail=f"HTTP {answer.status}",
            proof=answer.body,
            wire_digest=answer.wire_digest,
        )

    def parse_inbound(self, request: InboundRequest) -> Sequence[Inbound]:
        """Verify the partner's signature, then read what became of one message."""
        secret = self.config.get("callback_secret") or self.config["signing_secret"]
        callback_id = verify_webhook(request.body, request.headers, secret.reveal(), now=request.received_at)
        return [Inbound(id=callback_id, receipt=_receipt(request.body, callback_id))]

    def check_health(self) -> Health:
        """Connect to the endpoint and send nothing."""
        try:
            self.client.probe(self.config["endpoint"])
        except DeliveryError as error:
            return Health(healthy=False, detail=str(error))
        return Health(healthy=True, detail="connected")


def _reference(body: bytes) -> str:
    if not body.lstrip().startswith(b"{"):
        return ""  # most answers are empty or a word, and an error for each is dear
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    reference = answer.get("reference") if isinstance(answer, dict) else None
    return reference if isinstance(reference, str) and len(reference) <= LONGEST_REFERENCE else ""


def _receipt(body: bytes, callback_id: str) -> Receipt:
    """Read a callback (callback.schema.json).

    Signed and malformed is the partner's mistake, and told to it.
    """
    try:
        said = json.loads(body)
        json.dumps(said, ensure_ascii=False).encode()  # half a character is no text
        if said["id"] != callback_id:
            raise InauthenticInbound("the id in the body is not the one that was signed")
        fields = {name: said[name] for name in TAKEN & said.keys()}
        return decode(Receipt, {"sequence": 0, **fields, "proof": b64encode(body).decode()})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PermanentFailure("the callback is signed but malformed") from error
