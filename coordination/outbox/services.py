"""The verbs of messages and deliveries. `approve` is the one line that lets something leave."""

import hashlib
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases.services import Case
from coordination.channels import codec, registry
from coordination.channels import messages as kit
from coordination.channels import receipts as told
from coordination.channels.secrets import SecretNotFound
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, NotFound, Refused
from coordination.core.identifiers import uuid7
from coordination.ledger import services as ledger
from coordination.outbox import changes, hosts, selectors
from coordination.outbox.models import Approval, Delivery, Message, Receipt
from coordination.outbox.receipts import storable
from coordination.outbox.signals import overruling
from coordination.outbox.wakeup import wake_after_commit
from coordination.outbox.workflow import (
    DELIVERY,
    MESSAGE,
    NEWS,
    OPEN,
    DeliveryState,
    DeliveryVerb,
    HeldFor,
    MessageState,
    MessageVerb,
)
from coordination.partners import selectors as partners
from coordination.partners.services import Destination

__all__ = [
    "Delivery",
    "Message",
    "approve",
    "prepare",
    "record_receipt",
    "release",
    "resolve",
    "void",
    "void_unsent",
]

RESEND: Final = "outbox.resend_delivery"
RESOLVE: Final = "outbox.resolve_delivery"
OVERRULE: Final = "referrals.approve_referral"
TWO_PEOPLE: Final = "separation-of-duties"
LONGEST_REASON: Final = 2_000
# What a human may find out about a delivery whose outcome is unknown.
FINDINGS: Final = ("accepted", "delivered", "acknowledged", "rejected", "failed")


@transaction.atomic
def prepare(
    case: Case,
    *,
    kind: str,
    reference: str,
    origin: str,
    destination: Destination,
    body: kit.Body,
    by: User | None,
    lane: str = "normal",
) -> Message:
    """Render a message for one destination in a plugin host, and freeze what came out.

    `origin` names the record behind it (referrals.referral:7); `lane` is P0 or normal. Raises Refused in the
    channel's own words where it cannot carry this (rule "unsupported"), where the destination is closed
    (rule "closed") or where the channel does not work (rule "channel"). Nothing leaves: see `approve`.
    """
    current = partners.destination(destination.pk)
    if not partners.is_destination_open(current):
        raise Refused("The destination is switched off, or its agency is not verified.", rule="closed")
    source = _source(current, kind=kind, reference=reference, body=body, lane=lane)
    rendered = _render(current, source)
    message = Message.objects.create(
        id=UUID(source.id),
        case=case,
        kind=kind,
        reference=reference,
        origin=origin,
        lane=lane,
        destination=current,
        channel=current.channel,
        fingerprint=partners.destination_fingerprint(current),
        content=rendered.content,
        media_type=rendered.media_type,
        filename=rendered.filename,
        preview=rendered.preview,
        source=codec.encode(source),
        digest="sha256:" + hashlib.sha256(rendered.content).hexdigest(),
        prepared_by=by,
        prepared_at=source.created_at,
    )
    _record("outbox.message_prepared", message, by=by, case=case.reference, origin=origin)
    return message


@transaction.atomic
def approve(message: Message, *, digest: str, by: User, break_glass: bool = False) -> Delivery:
    """Let exactly this content go to exactly this destination: insert its delivery, wake the bus at commit.

    `digest` is that of what the approver saw. Raises Conflict where it, the destination, the channel or the
    configuration is not what was frozen, and Refused where `by` prepared it (`break_glass` passes that: the
    caller has checked who may, and opens the review). A plugin's objection holds the delivery, with a task.
    """
    locked = _lock(message)
    after = MESSAGE.after(locked.state, MessageVerb.APPROVE)
    if digest != locked.digest:
        raise Conflict("The content is not what you saw; look again before you decide.")
    if changed := selectors.mismatches(locked):
        raise Conflict(f"Since this was prepared, this is no longer true: {', '.join(changed)}.")
    if by.pk == locked.prepared_by_id and not break_glass:
        raise Refused("Whoever prepared a message does not approve it.", rule=TWO_PEOPLE)
    now = clock.now()
    Approval.objects.create(
        message=locked,
        digest=locked.digest,
        destination=locked.destination,
        channel=locked.channel,
        fingerprint=locked.fingerprint,
        approved_by=by,
        approved_at=now,
        break_glass=break_glass,
    )
    _set_state(locked, after)
    delivery = Delivery.objects.create(
        message=locked,
        case=locked.case,
        destination=locked.destination,
        lane=locked.lane,
        created_at=now,
        trying_since=now,
        due_at=now,
    )
    _record("outbox.message_approved", locked, by=by, delivery=delivery.pk, break_glass=break_glass)
    if against := selectors.objections(locked):
        delivery.held_for = HeldFor.OBJECTION
        _move(delivery, DeliveryVerb.HOLD, by=None, why="\n".join(against), objections=len(against))
    else:
        wake_after_commit(delivery)
    message.state = locked.state
    return delivery


@transaction.atomic
def void(message: Message, *, by: User | None, reason: str) -> Message:
    """Take back a message that did not leave, or failed: it can never be sent again.

    Raises IllegalTransition where it is on its way or out. Where an attempt may have arrived all the same, a
    task asks a human to phone them.
    """
    why = _said("reason", reason)
    locked = _lock(message)
    _void(locked, _delivery_of(locked), by=by, why=why)
    message.state = locked.state
    return locked


@transaction.atomic
def void_unsent(origin: str, *, by: User | None, reason: str) -> list[Delivery]:
    """Void every message of an origin that has not left; return the deliveries that this stopped.

    For the record behind them: it ended, so nothing of it may leave any more. Messages that are only prepared
    are void, and deliveries that are queued, held, failed or unknown. One that is being sent right now stays
    `sending` and may arrive; if it does not, it becomes void and is not tried again. What has left is not
    touched. The caller has checked who may.
    """
    why = _said("reason", reason)
    stopped = []
    live = Message.objects.select_for_update(of=("self",)).exclude(state=MessageState.VOID)
    for message in live.filter(origin=origin).order_by("pk"):
        delivery = _delivery_of(message)
        if delivery is None or DeliveryVerb.VOID in DELIVERY.allowed(delivery.state):
            _void(message, delivery, by=by, why=why)
        elif delivery.state == DeliveryState.SENDING:
            _stop(message, delivery, by=by, why=why)
        else:
            continue
        if delivery is not None:
            stopped.append(delivery)
    return stopped


def _void(message: Message, delivery: Delivery | None, *, by: User | None, why: str) -> None:
    after = MESSAGE.after(message.state, MessageVerb.VOID)
    if delivery is not None:
        doubtful = delivery.state == DeliveryState.UNKNOWN
        _move(delivery, DeliveryVerb.VOID, by=by, reason_digest=ledger.digest(why))
        changes.end_tasks(delivery, outcome="The message was voided.", by=by)
        changes.phone_if_it_may_have_left(delivery, doubtful=doubtful)
    _set_state(message, after)
    _record("outbox.message_voided", message, by=by, reason_digest=ledger.digest(why))


def _stop(message: Message, delivery: Delivery, *, by: User | None, why: str) -> None:
    # On the row that whoever sends it will write: that write then sees it, whichever comes first.
    delivery.stopped = True
    delivery.save(update_fields=["stopped"])
    _set_state(message, MESSAGE.after(message.state, MessageVerb.VOID))
    _record("outbox.message_voided", message, by=by, on_its_way=True, reason_digest=ledger.digest(why))


@transaction.atomic
def release(delivery: Delivery, *, by: User | None, reason: str) -> Delivery:
    """Send a held, failed or unknown delivery (again), under the same id. Only a human decides that.

    What a plugin objects to, or what is no longer what was approved, is released by somebody who may approve
    and had no part in it. Raises Refused where that is somebody else, or the message is void.
    """
    if by is not None:
        access.require(by, RESEND)
    why = _said("reason", reason)
    message = _lock(delivery.message)
    locked = _lock_delivery(delivery)
    if message.state != MessageState.APPROVED:
        raise Refused("The message is void: what it belongs to has ended.", rule="void")
    if locked.held_for:
        _check_overruling(locked, message, by)
    locked.held_for = ""
    locked.due_at = locked.trying_since = clock.now()
    _move(locked, DeliveryVerb.RELEASE, by=by, reason_digest=ledger.digest(why))
    changes.end_tasks(locked, outcome="Released to be sent again.", by=by)
    wake_after_commit(locked)
    return locked


@transaction.atomic
def resolve(delivery: Delivery, *, by: User | None, level: str, reference: str = "", reason: str) -> Delivery:
    """Record what a human found out about a delivery whose outcome is unknown.

    `level` is that of a receipt (accepted, delivered, acknowledged, rejected), or "failed" where it did not
    arrive. Raises IllegalTransition for a delivery in any other state.
    """
    if by is not None:
        access.require(by, RESOLVE)
    why = _said("reason", reason)
    if level not in FINDINGS:
        raise InvalidInput("level", f"One of {', '.join(FINDINGS)}.")
    locked = _lock_delivery(delivery)
    if locked.state != DeliveryState.UNKNOWN:
        raise IllegalTransition(locked.state, "resolve")
    changes.end_tasks(locked, outcome=f"Found out: {level}.", by=by)
    if level == "failed":
        _move(locked, DeliveryVerb.FAIL, by=by, why=why, reason_digest=ledger.digest(why))
        return locked
    receipt = told.Receipt(
        message_id=str(locked.message_id),
        level=told.ReceiptLevel(level),
        occurred_at=clock.now(),
        sequence=max(locked.sequence, 0),
        reference=reference,
        detail=why,
    )
    _take(locked, storable(receipt), source="human", by=by)
    return locked


@transaction.atomic
def record_receipt(
    message_id: UUID | str, receipt: told.Receipt, *, source: str, by: User | None = None
) -> bool:
    """Record what a partner says of a message, with their proof; return False where it is late news.

    `source` is deliver, inbound, poll or human. A late receipt (a lower sequence than one recorded, or
    nothing new) is kept and changes no state. Raises NotFound for a message without a delivery.
    """
    try:
        locked = Delivery.objects.select_for_update().filter(message_id=message_id).first()
    except ValidationError as error:
        raise NotFound from error
    if locked is None or receipt.message_id != str(locked.message_id):
        raise NotFound
    return _take(locked, storable(receipt), source=source, by=by)


def _take(locked: Delivery, receipt: told.Receipt, *, source: str, by: User | None) -> bool:
    verb = NEWS[receipt.level.value]
    late = receipt.sequence < locked.sequence or verb not in DELIVERY.allowed(locked.state)
    void = Message.objects.filter(pk=locked.message_id, state=MessageState.VOID).exists()
    if void and not locked.receipts.exists():
        changes.phone_because_it_left(locked)
    Receipt.objects.create(
        delivery=locked,
        level=receipt.level.value,
        sequence=receipt.sequence,
        occurred_at=receipt.occurred_at,
        recorded_at=clock.now(),
        source=source,
        reference=receipt.reference,
        detail=receipt.detail,
        proof=receipt.proof,
        late=late,
    )
    if late:
        details = {"level": receipt.level.value, "source": source, "delivery": locked.pk}
        ledger.record(
            "outbox.receipt_came_late", subject=f"message:{locked.message_id}", by=by, details=details
        )
        return False
    changes.end_tasks(locked, outcome=f"The recipient's answer came: {receipt.level.value}.", by=None)
    locked.sequence = receipt.sequence
    _move(
        locked,
        verb,
        by=by,
        why=receipt.detail,
        receipt=receipt,
        source=source,
        proof_digest=ledger.digest(receipt.proof),
    )
    return True


def _move(
    delivery: Delivery,
    verb: DeliveryVerb,
    *,
    by: User | None,
    why: str = "",
    receipt: told.Receipt | None = None,
    **details: ledger.Value,
) -> None:
    """Change the state of a locked delivery, with its entry, task and news."""
    state = DELIVERY.after(delivery.state, verb)
    delivery.state = state
    delivery.lease_token = delivery.lease_until = None
    delivery.finished_at = None if state in OPEN or state == DeliveryState.HELD else clock.now()
    delivery.last_error = why[:300] if receipt is None else ""
    delivery.save()
    ledger.record_many([changes.entry(delivery, state, by=by, details=details)])
    changes.tell(delivery, state, why=why, receipt=receipt)


def _check_overruling(delivery: Delivery, message: Message, by: User | None) -> None:
    access.require(by, OVERRULE)
    if by is not None and by.pk == message.prepared_by_id:
        raise Refused("Whoever prepared a message does not overrule what holds it.", rule=TWO_PEOPLE)
    overruling.send(sender=Delivery, delivery=delivery, by=by)


def _source(destination: Destination, *, kind: str, reference: str, body: kit.Body, lane: str) -> kit.Message:
    agency = destination.agency
    try:
        return kit.Message(
            id=str(uuid7()),
            kind=kit.MessageKind(kind),
            reference=reference,
            priority=kit.Priority(lane),
            created_at=clock.now(),
            sender=kit.Sender(
                platform=settings.PLATFORM_NAME,
                domain=settings.PLATFORM_DOMAIN,
                contact_name=settings.CONTACT_NAME,
                contact_phone=settings.CONTACT_PHONE,
                contact_email=settings.CONTACT_EMAIL or settings.DEFAULT_FROM_EMAIL,
            ),
            recipient=kit.Recipient(
                name=agency.name,
                identifier=agency.identifier,
                country=agency.country,
                recipient_class=kit.RecipientClass(agency.recipient_class),
            ),
            body=body,
        )
    except ValueError as error:
        raise InvalidInput("kind", "No such kind of message, priority or class of recipient.") from error


def _render(destination: Destination, source: kit.Message) -> kit.Rendered:
    try:
        spec = hosts.spec_for(destination.channel, destination.config)
        with hosts.pool().use(destination.pk, spec) as host:
            return host.render(source)
    except told.UnsupportedFeature as error:
        raise Refused(str(error), rule="unsupported") from error
    except registry.UnknownChannel as error:
        raise Refused(f"The channel {destination.channel} is not installed.", rule="channel") from error
    except SecretNotFound as error:
        raise Refused("A secret that the destination names is missing.", rule="channel") from error
    except (hosts.HostFailed, hosts.ChannelBroke, told.DeliveryError) as error:
        raise Refused(f"The channel could not make the message: {error}", rule="channel") from error


def _lock(message: Message) -> Message:
    return Message.objects.select_for_update(of=("self",)).select_related("destination").get(pk=message.pk)


def _delivery_of(message: Message) -> Delivery | None:
    return Delivery.objects.select_for_update(of=("self",)).filter(message=message).first()


def _lock_delivery(delivery: Delivery) -> Delivery:
    return Delivery.objects.select_for_update(of=("self",)).get(pk=delivery.pk)


def _set_state(message: Message, state: MessageState) -> None:
    message.state = state
    message.save(update_fields=["state"])


def _record(action: str, message: Message, *, by: User | None, **details: ledger.Value) -> None:
    ledger.record(
        action,
        subject=changes.subject_of(message),
        by=by,
        details={
            "digest": message.digest,
            "destination": message.destination_id,
            "channel": message.channel,
            "fingerprint": message.fingerprint,
            **details,
        },
    )


def _said(field: str, value: str) -> str:
    text = value.strip()
    if not text or len(text) > LONGEST_REASON:
        raise InvalidInput(field, f"Say why, in at most {LONGEST_REASON} characters.")
    return text
