"""Freezing a message, and letting it out. `approve` is the one line that lets something leave."""

import hashlib
from uuid import UUID

from django.conf import settings
from django.db import transaction

from coordination.access.services import User
from coordination.cases.services import Case
from coordination.channels import codec, registry
from coordination.channels import messages as kit
from coordination.channels import receipts as told
from coordination.channels.secrets import SecretNotFound
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, Refused
from coordination.core.identifiers import uuid7
from coordination.outbox import hosts, selectors
from coordination.outbox.models import Approval, Delivery, Message
from coordination.outbox.services.records import TWO_PEOPLE, lock, move, set_state, trace
from coordination.outbox.wakeup import wake_after_commit
from coordination.outbox.workflow import MESSAGE, DeliveryVerb, HeldFor, MessageVerb
from coordination.partners import selectors as partners
from coordination.partners.services import Destination


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
    _check_way(kind, current)
    if not partners.is_destination_open(current):
        raise Refused("The destination is switched off, or its agency is not verified.", rule="closed")
    source = message_for(current, kind=kind, reference=reference, body=body, lane=lane)
    rendered = render(current, source)
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
    trace("outbox.message_prepared", message, by=by, case=case.reference, origin=origin)
    return message


@transaction.atomic
def approve(message: Message, *, digest: str, by: User, break_glass: bool = False) -> Delivery:
    """Let exactly this content go to exactly this destination: insert its delivery, wake the bus at commit.

    `digest` is that of what the approver saw. Raises Conflict where it, the destination, the channel or the
    configuration is not what was frozen, and Refused where `by` prepared it (`break_glass` passes that: the
    caller has checked who may, and opens the review). A plugin's objection holds the delivery, with a task.
    """
    locked = _as_seen(message, digest)
    if by.pk == locked.prepared_by_id and not break_glass:
        raise Refused("Whoever prepared a message does not approve it.", rule=TWO_PEOPLE)
    return _let_out(message, locked, by=by, break_glass=break_glass)


@transaction.atomic
def approve_by_order(message: Message, *, digest: str, authority: str) -> Delivery:
    """Let a command to the platform itself out under a standing order, which `authority` names.

    Raises Refused (rule "standing-order") for any other kind of message and any other recipient, where no
    second person confirmed the destination as it is, and what `approve` raises. Why there is such a thing:
    docs/decisions/0030.
    """
    locked = _as_seen(message, digest)
    destination = partners.destination(locked.destination_id)
    own = partners.is_platform(destination.agency)
    if locked.kind != kit.MessageKind.PLATFORM_ACTION or not own:
        raise Refused("Only a command to the platform itself has a standing order.", rule="standing-order")
    if not partners.is_confirmed(destination):
        raise Refused("No second person confirmed where the destination leads.", rule="standing-order")
    if not authority.strip():
        raise InvalidInput("authority", "Name the standing order.")
    return _let_out(message, locked, by=None, authority=authority)


def _as_seen(message: Message, digest: str) -> Message:
    """Return the message, locked, where it may be approved and is what was seen."""
    locked = lock(message)
    MESSAGE.after(locked.state, MessageVerb.APPROVE)
    if digest != locked.digest:
        raise Conflict("The content is not what you saw; look again before you decide.")
    if changed := selectors.mismatches(locked):
        raise Conflict(f"Since this was prepared, this is no longer true: {', '.join(changed)}.")
    return locked


def _let_out(
    message: Message, locked: Message, *, by: User | None, authority: str = "", break_glass: bool = False
) -> Delivery:
    """Insert approval and delivery; wake the bus at commit."""
    now = clock.now()
    Approval.objects.create(
        message=locked,
        digest=locked.digest,
        destination=locked.destination,
        channel=locked.channel,
        fingerprint=locked.fingerprint,
        approved_by=by,
        authority=authority,
        kind=locked.kind if authority else "",
        to_platform=bool(authority),
        approved_at=now,
        break_glass=break_glass,
    )
    set_state(locked, MESSAGE.after(locked.state, MessageVerb.APPROVE))
    delivery = Delivery.objects.create(
        message=locked,
        case=locked.case,
        destination=locked.destination,
        lane=locked.lane,
        created_at=now,
        trying_since=now,
        due_at=now,
    )
    order = {"authority": authority} if authority else {}
    trace("outbox.message_approved", locked, by=by, delivery=delivery.pk, break_glass=break_glass, **order)
    if against := selectors.objections(locked):
        delivery.held_for = HeldFor.OBJECTION
        move(delivery, DeliveryVerb.HOLD, by=None, why="\n".join(against), objections=len(against))
    else:
        wake_after_commit(delivery)
    message.state = locked.state
    return delivery


def _check_way(kind: str, destination: Destination) -> None:
    """Keep commands to the platform apart from what goes outside: neither takes the other's way."""
    command, own = kind == kit.MessageKind.PLATFORM_ACTION, partners.is_platform(destination.agency)
    if kind != kit.MessageKind.TEST and command != own:
        raise Refused(
            "A command goes to the platform itself, and nothing else goes there.", rule="platform-only"
        )


def message_for(
    destination: Destination, *, kind: str, reference: str, body: kit.Body, lane: str
) -> kit.Message:
    """Return a message as channels see it, from us to the destination's agency."""
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


def render(destination: Destination, source: kit.Message) -> kit.Rendered:
    """Return the frozen content that the destination's channel makes, in its host, or raise Refused."""
    try:
        spec = hosts.spec_for(destination.channel, destination.config)
        with hosts.pool().use(destination.pk, spec) as host:
            return host.render(source)
    except told.UnsupportedFeature as error:
        raise Refused(str(error), rule="unsupported") from error
    except registry.UnknownChannel as error:
        raise Refused(
            f"The channel {destination.channel} is not installed, or not in PLUGINS_ALLOWED.", rule="channel"
        ) from error
    except SecretNotFound as error:
        raise Refused("A secret that the destination names is missing.", rule="channel") from error
    except (hosts.HostFailed, hosts.ChannelBroke, told.DeliveryError) as error:
        raise Refused(f"The channel could not make the message: {error}", rule="channel") from error
