"""The outbox application."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Frozen messages, deliveries, attempts, receipts; the dispatcher and its hosts."""

    name = "coordination.outbox"
    label = "outbox"

    def ready(self) -> None:
        """Listen to the cases."""
        from coordination.outbox import receivers  # noqa: F401
