"""Asking partners what became of a message, where their channel can be asked."""

import logging
import time
from datetime import timedelta
from typing import Final

from django.db.models import F, Q

from coordination.channels import registry
from coordination.channels.channel import TracksStatus
from coordination.channels.receipts import DeliveryError
from coordination.channels.secrets import SecretNotFound
from coordination.core import clock
from coordination.outbox import hosts, selectors, services
from coordination.outbox.halt import Halt
from coordination.outbox.models import Delivery
from coordination.outbox.workflow import DeliveryState
from coordination.partners import selectors as partners

logger = logging.getLogger(__name__)

EVERY: Final = timedelta(minutes=5)
FOR: Final = timedelta(days=7)
AT_ONCE: Final = 100
SECONDS: Final = 40.0


def poll(halt: Halt) -> int:
    """Ask about sent deliveries where the channel can, the longest unasked first; return how much was new."""
    slugs = [slug for slug, kind in registry.channels().items() if issubclass(kind, TracksStatus)]
    if not slugs:
        return 0
    now, until = clock.now(), time.monotonic() + SECONDS
    waiting = (
        selectors.deliveries()
        .filter(
            Q(polled_at__isnull=True) | Q(polled_at__lte=now - EVERY),
            state__in=[DeliveryState.ACCEPTED, DeliveryState.DELIVERED],
            message__channel__in=slugs,
            finished_at__gte=now - FOR,
        )
        .order_by(F("polled_at").asc(nulls_first=True), "pk")
    )
    news = 0
    for delivery in waiting[:AT_ONCE]:
        if halt.asked or time.monotonic() >= until:
            break
        Delivery.objects.filter(pk=delivery.pk).update(polled_at=now)
        news += _ask(delivery)
    return news


def _ask(delivery: Delivery) -> bool:
    last = selectors.receipts_of(delivery).filter(late=False).last()
    destination = delivery.destination
    if last is None or not partners.is_destination_open(destination):
        return False
    try:
        spec = hosts.spec_for(destination.channel, destination.config)
        with hosts.pool().use(destination.pk, spec) as host:
            receipt = host.fetch_status(str(delivery.message_id), selectors.told(last, delivery))
    except (DeliveryError, hosts.HostFailed, hosts.ChannelBroke, SecretNotFound) as error:
        logger.warning("asking destination %s failed (%s)", destination.pk, type(error).__name__)
        return False
    return receipt is not None and services.record_receipt(delivery.message_id, receipt, source="poll")
