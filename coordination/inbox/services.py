"""Taking in what partners send back: each thing once, and only about what was sent to them."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from coordination.access.services import User
from coordination.channels import Inbound, InboundRequest, Receipt, ReceiptLevel, ReceivesInbound, registry
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotFound
from coordination.inbox import selectors
from coordination.inbox.models import InboundMessage
from coordination.inbox.signals import accepted
from coordination.ledger import services as ledger
from coordination.outbox import hosts
from coordination.outbox import selectors as outbox
from coordination.outbox import services as outbox_services
from coordination.partners.services import Agency, Destination
from coordination.rest.signatures import Proof

KINDS = frozenset({"acknowledgement", "question", "outcome", "receipt"})
LONGEST_ID = 120
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# What stands in the clear as a partner's id is a technical one; anything else is kept as a digest.
OPAQUE = re.compile(r"[A-Za-z0-9_.:-]+")


@transaction.atomic
def accept(
    *,
    agency: Agency,
    external_id: str,
    kind: str,
    message_id: UUID | str,
    payload: Mapping[str, Any],
    way: str,
    destination: Destination | None = None,
    by: User | None = None,
    receipt: Receipt | None = None,
    proof: Proof | None = None,
) -> tuple[InboundMessage, bool]:
    """Keep one thing that `agency` said about a message; return it, and whether it is new.

    The same `external_id` with the same content is the same thing and has no second effect; with other
    content it raises Conflict. A message that was not sent to this agency raises NotFound, as a missing one.
    With a `destination` so does one that went to another of theirs: the secret of one speaks for that one.
    An acknowledgement, and any `receipt` that comes along, is recorded on the delivery in this transaction.
    `proof` is the partner's verified signature over the request; it is kept, sealed, with what was said.
    """
    if kind not in KINDS:
        raise InvalidInput("kind", f"One of {', '.join(sorted(KINDS))}.")
    if kind == "receipt" and receipt is None:
        raise InvalidInput("receipt", "A receipt has to come along.")
    if receipt is not None:
        _check(receipt)
    external_id = external_id.strip()
    if not external_id or len(external_id) > LONGEST_ID:
        raise InvalidInput("external_id", f"1 to {LONGEST_ID} characters.")
    message = _sent_to(agency, message_id)
    if destination is not None and message.destination_id != destination.pk:
        raise NotFound
    kept: Any = {**payload, **_told(receipt)}
    kept_proof: Any = proof.as_dict() if proof is not None else None
    said = InboundMessage(
        agency=agency,
        external_id=external_id,
        kind=kind,
        message=message,
        payload=kept,
        sent_by=by,
        way=way,
        proof=kept_proof,
        received_at=clock.now(),
    )
    before = _keep(said)
    if before is not None:
        return before, False
    ledger.record(
        "inbox.accepted",
        subject=f"message:{message.pk}",
        by=by,
        details={
            "inbound": str(said.pk),
            "kind": kind,
            "way": way,
            "agency": agency.pk,
            **({"key_id": proof.key_id, "signed_digest": proof.digest} if proof is not None else {}),
        },
    )
    if kind == "acknowledgement" and receipt is None:
        receipt = _acknowledged(message, payload)
    if receipt is not None:
        outbox_services.record_receipt(message.pk, receipt, source="inbound", by=by)
    accepted.send(sender=InboundMessage, inbound=said, payload=dict(payload))
    return said, True


def _check(receipt: Receipt) -> None:
    """Refuse a receipt that no record could hold, naming what is wrong with it."""
    clock.plausible("occurred_at", receipt.occurred_at)
    for field in ("reference", "detail"):
        if UNSTORABLE.search(getattr(receipt, field)):
            raise InvalidInput(field, "A text holds NUL or half a character.")


def require_record() -> None:
    """Raise LedgerUnwritable while a fetch could not be recorded: then nothing is listed either."""
    ledger.require_writable()


@transaction.atomic
def record_fetch(message_id: UUID | str, *, agency: Agency, by: User) -> None:
    """Record that somebody at the agency fetched what was sent to it."""
    message = _sent_to(agency, message_id)
    ledger.record(
        "inbox.message_fetched",
        subject=f"message:{message.pk}",
        by=by,
        details={"agency": agency.pk, "digest": message.digest},
    )


def accept_from_channel(
    destination: Destination, request: InboundRequest
) -> list[tuple[InboundMessage, bool]]:
    """Let the destination's channel verify and read a call, in its plugin host, and accept all that it says.

    All or nothing. Raises NotFound where the channel takes no calls or the call is about nothing that went
    there, InauthenticInbound where it is not theirs, any DeliveryError where they should send it again.
    """
    if not issubclass(registry.channel(destination.channel), ReceivesInbound):
        raise NotFound
    # The partner's bytes meet the plugin outside any transaction of ours.
    spec = hosts.spec_for(destination.channel, destination.config)
    with hosts.pool().use(destination.pk, spec) as host:
        said = host.parse_inbound(request)
    with transaction.atomic():
        return [_accept_one(destination, each) for each in said]


def _accept_one(destination: Destination, inbound: Inbound) -> tuple[InboundMessage, bool]:
    message_id = inbound.receipt.message_id if inbound.receipt else str(inbound.payload.get("message_id", ""))
    return accept(
        agency=destination.agency,
        external_id=_id_of(destination, inbound.id),
        kind=inbound.kind,
        message_id=message_id,
        payload=dict(inbound.payload),
        way="webhook",
        destination=destination,
        receipt=inbound.receipt,
    )


def _id_of(destination: Destination, partners_id: str) -> str:
    """Return an id that no other destination of the agency, and no caller of the API, can say by chance."""
    plain = f"destination-{destination.pk}:{partners_id}"
    opaque = len(plain) <= LONGEST_ID and OPAQUE.fullmatch(partners_id)
    return plain if opaque else f"sha256:{hashlib.sha256(plain.encode()).hexdigest()}"


def _sent_to(agency: Agency, message_id: UUID | str) -> Any:
    try:
        wanted = UUID(str(message_id))
    except ValueError:
        raise NotFound from None
    message = outbox.message(wanted)
    # Approved is enough: who knows the id has the message, though our own record may still say queued.
    if message.destination.agency_id != agency.pk or outbox.delivery_of(message) is None:
        raise NotFound
    return message


def _keep(said: InboundMessage) -> InboundMessage | None:
    """Insert what was said, or return what stands there already; raise Conflict where that differs."""
    try:
        with transaction.atomic():
            said.save(force_insert=True)
    except IntegrityError:
        before = selectors.said_before(agency_id=said.agency_id, external_id=said.external_id)
        if before is None:
            raise
        if _content(before) != _content(said):
            raise Conflict("This id came with other content before.") from None
        return before
    return None


def _content(said: InboundMessage) -> tuple[object, ...]:
    return said.kind, said.message_id, said.payload


def _told(receipt: Receipt | None) -> dict[str, Any]:
    """Return the receipt's words for the payload, so that the same id with another receipt is a conflict."""
    if receipt is None:
        return {}
    return {
        "receipt": {
            "level": receipt.level.value,
            "occurred_at": receipt.occurred_at.isoformat(),
            "sequence": receipt.sequence,
            "reference": receipt.reference,
            "detail": receipt.detail,
        }
    }


def _acknowledged(message: Any, payload: Mapping[str, Any]) -> Receipt:
    return Receipt(
        message_id=str(message.pk),
        level=ReceiptLevel.ACKNOWLEDGED,
        occurred_at=clock.now(),
        # A person's word is never late news, whatever number the partner's machine counted to before.
        sequence=max(message.delivery.sequence, 0),
        reference=str(payload.get("reference", ""))[:LONGEST_ID],
    )
