"""The ledger application."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """What happened, provably."""

    name = "coordination.ledger"
    label = "ledger"

    def ready(self) -> None:
        """Register the checks."""
        from coordination.ledger import checks  # noqa: F401
