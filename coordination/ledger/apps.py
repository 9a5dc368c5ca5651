"""The ledger application."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """What happened, provably."""

    name = "coordination.ledger"
    label = "ledger"
