"""The channel: one signed command out; the confirmation in the answer, in a signed callback, or on asking."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

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
    TestBody,
    UnsupportedFeature,
    canonical_json,
    encode,
    sign_webhook,
    tell_in_force,
    verify_webhook,
)
from plugins.platform_actions.forms import PlatformActionsForm

LONGEST_REFERENCE = 200
LONGEST_STEP = 40
SCHEMA = "coordination/platform-action/v1"
STATUS_SCHEMA = "coordination/platform-status/v1"
NEVER_SEEN = 404
MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
KINDS = frozenset({MessageKind.PLATFORM_ACTION, MessageKind.TEST})


class PlatformActions(Channel):
    """Posts each command once; the platform drops a webhook-id that it has seen (README.md)."""

    info = ChannelInfo(
        slug="platform_actions",
        title="Actions of the platform itself",
        kinds=KINDS,
        deduplicates=True,
        max_concurrency=8,
    )
    config_form = PlatformActionsForm

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        self.client = HttpClient()

    def render(self, message: Message) -> Rendered:
        """Return the command as canonical JSON."""
        if message.kind not in KINDS:
            raise UnsupportedFeature(f"a command to the platform carries no {message.kind}")
        about = {"id": message.id, "created_at": message.created_at, "priority": message.priority}
        said = {"action": "test"} if isinstance(message.body, TestBody) else {}
        value = {"schema": SCHEMA, **encode({**about, **said}), **encode(message.body)}
        return Rendered(
            content=canonical_json(value),
            media_type="application/json",
            filename=f"{message.reference}.json",
            preview=json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True),
        )

    def deliver(self, rendered: Rendered, attempt: Attempt) -> Receipt:
        """Sign and post. An answer that says `confirmed` is the confirmation; else it comes in a callback."""
        headers = self._signed(attempt.message_id, attempt.started_at, rendered.content)
        answer = self.client.post(self.config["endpoint"], rendered.content, headers=headers)
        said = _object(answer.body)
        confirmed = said.get("confirmed") is True
        return Receipt(
            message_id=attempt.message_id,
            level=ReceiptLevel.ACKNOWLEDGED if confirmed else ReceiptLevel.ACCEPTED,
            occurred_at=attempt.started_at,
            reference=_text(said, "reference", LONGEST_REFERENCE),
            detail=_in_force(said) or f"HTTP {answer.status}",
            proof=answer.body,
            wire_digest=answer.wire_digest,
        )

    def parse_inbound(self, request: InboundRequest) -> Sequence[Inbound]:
        """Verify the platform's signature, then read whether it carried a command out."""
        secret = self.config.get("callback_secret") or self.config["signing_secret"]
        callback_id = verify_webhook(request.body, request.headers, secret.reveal(), now=request.received_at)
        return [Inbound(id=callback_id, receipt=_receipt(request.body, callback_id))]

    def fetch_status(self, message_id: str, receipt: Receipt) -> Receipt | None:  # noqa: ARG002 - the protocol's
        """Ask what became of a command whose confirmation did not come; None where it does not know.

        It is asked nothing where no `status_endpoint` is configured.
        """
        endpoint = self.config.get("status_endpoint")
        if not endpoint:
            return None
        body = canonical_json({"schema": STATUS_SCHEMA, "message_id": message_id})
        headers = self._signed(f"ask_{uuid4().hex}", datetime.now(UTC), body)
        answer = self.client.post(endpoint, body, headers=headers, accept={NEVER_SEEN})
        return None if answer.status == NEVER_SEEN else _status(answer.body, message_id)

    def check_health(self) -> Health:
        """Connect to the endpoint and send nothing."""
        try:
            self.client.probe(self.config["endpoint"])
        except DeliveryError as error:
            return Health(healthy=False, detail=str(error))
        return Health(healthy=True, detail="connected")

    def _signed(self, webhook_id: str, moment: datetime, body: bytes) -> dict[str, str]:
        keys = self.config["signing_secret"].reveal()
        return {
            "Content-Type": "application/json",
            "User-Agent": "coordination-platform-actions/1",
            **sign_webhook(webhook_id, moment, body, keys),
        }


def _object(body: bytes) -> dict[str, Any]:
    """Return the object that an answer holds; an empty one for anything else: a 2xx took the command."""
    if not body.lstrip().startswith(b"{"):
        return {}
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _text(said: Mapping[str, Any], field: str, longest: int) -> str:
    value = said.get(field)
    return value if isinstance(value, str) and len(value) <= longest else ""


def _in_force(said: Mapping[str, Any]) -> str:
    """Return what is said to be in force as a receipt tells it: a step, or null for nothing."""
    if "in_force" not in said or (said["in_force"] is not None and not isinstance(said["in_force"], str)):
        return ""
    return tell_in_force(_text(said, "in_force", LONGEST_STEP))


def _receipt(body: bytes, callback_id: str) -> Receipt:
    """Read a callback (callback.schema.json).

    Signed and malformed is the platform's mistake, and told to it.
    """
    try:
        said = json.loads(body)
        if said["id"] != callback_id:
            raise InauthenticInbound("the id in the body is not the one that was signed")
        return _became(said, body)
    except MALFORMED as error:
        raise PermanentFailure("the callback is signed but malformed") from error


def _status(body: bytes, message_id: str) -> Receipt | None:
    """Read the answer to a question (status.schema.json); None for a command that still waits there."""
    try:
        said = json.loads(body)
        if said["message_id"] != message_id:
            raise PermanentFailure("the answer is about another command")
        return None if said["confirmed"] is None else _became(said, body)
    except MALFORMED as error:
        raise PermanentFailure("the answer about a command is malformed") from error


def _became(said: Mapping[str, Any], body: bytes) -> Receipt:
    """Return what became of a command; raise one of MALFORMED where that cannot be read."""
    json.dumps(said, ensure_ascii=False).encode()  # half a character is no text
    confirmed = said["confirmed"]
    if not isinstance(confirmed, bool) or not isinstance(said["message_id"], str):
        raise TypeError("neither a yes nor a no about a message")
    return Receipt(
        message_id=said["message_id"],
        level=ReceiptLevel.ACKNOWLEDGED if confirmed else ReceiptLevel.REJECTED,
        occurred_at=datetime.fromisoformat(said["occurred_at"]),
        sequence=_whole(said.get("sequence", 0)),
        reference=_text(said, "reference", LONGEST_REFERENCE),
        detail=_in_force(said),
        proof=body,
    )


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("a sequence is a whole number")
    return value
