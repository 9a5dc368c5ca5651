"""Core's application."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    """Errors, transitions, identifiers, the clock, sealing and the database's roles."""

    name = "coordination.core"
    label = "core"

    def ready(self) -> None:
        """Register the checks, and apply the grants after each migration."""
        from coordination.core import checks

        checks.register()
        # The signal comes once per application with a models module, when all tables exist.
        post_migrate.connect(_apply_grants, sender=self, dispatch_uid="coordination.grants")


def _apply_grants(*, using: str, plan: object = None, **_: Any) -> None:
    from coordination.core import grants

    # `flush` sends the signal too, without a plan: it changed no table.
    if plan is not None:
        grants.apply(using)
