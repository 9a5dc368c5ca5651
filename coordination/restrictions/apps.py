"""The restrictions application."""

from django.apps import AppConfig


class RestrictionsConfig(AppConfig):
    """Restrictions on the subject's account, and the platform's own preservation."""

    name = "coordination.restrictions"
    label = "restrictions"

    def ready(self) -> None:
        """Listen to the outbox and to cases."""
        from coordination.restrictions import receivers  # noqa: F401
