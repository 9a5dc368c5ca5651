"""The rest application."""

from django.apps import AppConfig


class RestConfig(AppConfig):
    """What stands under every API route: problems, paging, idempotency, authentication."""

    name = "coordination.rest"
    label = "rest"

    def ready(self) -> None:
        """Refuse to start with limits that cannot be read."""
        from coordination.rest import limits

        limits.check_settings()
