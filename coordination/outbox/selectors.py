"""Reading the outbox: what was frozen, what was sent, how it went. Who may see a case is asked of cases."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet

from coordination.access.services import User
from coordination.cases.services import Case
from coordination.channels import codec, receipts, registry
from coordination.channels import messages as kit
from coordination.core.errors import NotFound
from coordination.outbox.models import Approval, Attempt, Delivery, Message, Receipt
from coordination.outbox.workflow import SENT, DeliveryState
from coordination.partners import selectors as partners


def message(pk: UUID | str) -> Message:
    """Return a message with its destination, or raise NotFound."""
    try:
        return Message.objects.select_related("destination__agency", "case").get(pk=pk)
    except (Message.DoesNotExist, ValidationError) as error:
        raise NotFound from error


def delivery(pk: int) -> Delivery:
    """Return a delivery with its message, or raise NotFound."""
    found = deliveries().filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def delivery_of(message: Message) -> Delivery | None:
    """Return the delivery of a message, None while it is not approved."""
    return deliveries().filter(message=message).first()


def deliveries() -> QuerySet[Delivery]:
    """Return all deliveries with their messages; the sealed content is not read."""
    return Delivery.objects.select_related("message", "destination__agency", "case").defer(
        "message__content", "message__preview", "message__source"
    )


def messages_of(origin: str) -> QuerySet[Message]:
    """Return the messages behind which a record stands, such as referrals.referral:7, oldest first."""
    return (
        Message.objects.filter(origin=origin)
        .select_related("destination__agency", "delivery")
        .order_by("prepared_at", "pk")
    )


def subjects_of(case: Case, reference: str) -> list[str]:
    """Return how the ledger names the messages of a case that went out under a reference."""
    found = Message.objects.filter(case=case, reference=reference).order_by("pk").values_list("pk", flat=True)
    return [f"message:{pk}" for pk in found]


def deliveries_of(origin: str) -> QuerySet[Delivery]:
    """Return the deliveries behind which a record stands, oldest first."""
    return deliveries().filter(message__origin=origin).order_by("pk")


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One line of what happened to a delivery, in the order of time."""

    at: datetime
    what: str
    detail: str
    late: bool = False


def delivery_log(delivery: Delivery) -> list[LogLine]:
    """Return the attempts and receipts of a delivery, oldest first, each in a plain sentence."""
    attempts = [
        LogLine(at=each.finished_at, what=f"Attempt {each.number}: {each.outcome}", detail=each.error)
        for each in Attempt.objects.filter(delivery=delivery)
    ]
    slug = delivery.message.channel
    said = [
        LogLine(
            at=each.recorded_at,
            what=registry.describe(slug, told(each, delivery)),
            detail=" ".join(filter(None, [each.reference, each.detail])),
            late=each.late,
        )
        for each in Receipt.objects.filter(delivery=delivery)
    ]
    return sorted([*attempts, *said], key=lambda line: line.at)


def receipts_of(delivery: Delivery) -> QuerySet[Receipt]:
    """Return what the partner said of a delivery, oldest first."""
    return Receipt.objects.filter(delivery=delivery).order_by("recorded_at", "pk")


def told(receipt: Receipt, delivery: Delivery) -> receipts.Receipt:
    """Return a stored receipt as the kit's."""
    return receipts.Receipt(
        message_id=str(delivery.message_id),
        level=receipts.ReceiptLevel(receipt.level),
        occurred_at=receipt.occurred_at,
        sequence=receipt.sequence,
        reference=receipt.reference,
        detail=receipt.detail,
        proof=bytes(receipt.proof),
    )


def for_agency(agency_id: int) -> QuerySet[Message]:
    """Return the messages that an agency was sent, newest first; what has not left is not among them."""
    return (
        Message.objects.filter(destination__agency_id=agency_id, delivery__state__in=SENT)
        .select_related("delivery", "destination")
        .order_by("-prepared_at", "-pk")
    )


def is_known_to(agency_id: int, message_id: UUID) -> bool:
    """Tell whether a message was approved for an agency: it may be there though our record says queued."""
    own = Message.objects.filter(pk=message_id, destination__agency_id=agency_id)
    return own.filter(delivery__isnull=False).exists()


def approved_since(user: User, since: datetime) -> list[datetime]:
    """Return when `user` approved what is no P0, the earliest first; all messages of one origin are one."""
    mine = Approval.objects.filter(approved_by=user, approved_at__gt=since).exclude(message__lane="P0")
    last = mine.values("message__origin").annotate(at=Max("approved_at"))
    return sorted(each["at"] for each in last)


def in_trouble() -> QuerySet[Delivery]:
    """Return the deliveries that a human must look at, oldest first."""
    return deliveries().filter(state__in=["failed", "rejected", "unknown", "held"]).order_by("pk")


def due(now: datetime) -> QuerySet[Delivery]:
    """Return the deliveries that may be sent now, in the order in which they are claimed."""
    return deliveries().filter(Q(state="queued"), due_at__lte=now).order_by("due_at", "pk")


def objections(message: Message) -> list[str]:
    """Return why plugins would hold the message; empty if nobody objects."""
    return registry.objections(source_of(message), message.channel, str(message.destination_id))


def source_of(message: Message) -> kit.Message:
    """Return what was rendered."""
    return codec.decode(kit.Message, message.source)


def mismatches(message: Message) -> list[str]:
    """Return which of the four that an approval binds differ now from the message as it was frozen.

    "digest", "channel" or "fingerprint"; and "closed" where the destination is switched off, or its agency is
    suspended or not verified.
    """
    found = []
    if "sha256:" + hashlib.sha256(bytes(message.content)).hexdigest() != message.digest:
        found.append("digest")
    destination = partners.destination(message.destination_id)
    if not partners.is_destination_open(destination):
        found.append("closed")
    if destination.channel != message.channel:
        found.append("channel")
    if partners.destination_fingerprint(destination) != message.fingerprint:
        found.append("fingerprint")
    return found


def counts(*, of: QuerySet[Any] | None = None, but: QuerySet[Any] | None = None) -> dict[str, int]:
    """Return how many deliveries stand in each state that is not settled: for the health of the ways out.

    Counted are those on the cases `of`, and not those on the cases `but`.
    """
    unsettled = Delivery.objects.filter(
        state__in=["queued", "sending", "failed", "rejected", "unknown", "held"]
    )
    if of is not None:
        unsettled = unsettled.filter(case__in=of)
    if but is not None:
        unsettled = unsettled.exclude(case__in=but)
    rows = unsettled.order_by().values_list("state").annotate(number=Count("pk"))
    return {str(state): number for state, number in rows}


def last_taken(*, but: QuerySet[Any]) -> dict[str, datetime]:
    """Return when each channel was last known to work: the newest receipt that came from sending.

    What was sent on the cases `but` is left out.
    """
    sent = Receipt.objects.filter(source="deliver").exclude(delivery__case__in=but)
    rows = sent.order_by().values_list("delivery__message__channel")
    return dict(rows.annotate(newest=Max("recorded_at")))


def workers_seen() -> datetime | None:
    """Return when a worker last gave a sign, by the database's clock; None where none is there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(last_heartbeat) FROM procrastinate_workers")
        seen: datetime | None = cursor.fetchone()[0]
    return seen


def oldest_due(lane: str, at: datetime) -> datetime | None:
    """Return since when a delivery of a lane is due and does not leave; None where none is."""
    rows = Delivery.objects.filter(state=DeliveryState.QUEUED, lane=lane, due_at__lte=at)
    found: datetime | None = rows.aggregate(oldest=Min("due_at"))["oldest"]
    return found
