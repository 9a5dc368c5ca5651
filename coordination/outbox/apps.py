"""The outbox application."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Frozen messages, deliveries, attempts, receipts; the dispatcher and its hosts."""

    name = "coordination.outbox"
    label = "outbox"
