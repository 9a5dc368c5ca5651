"""The oncall application."""

from django.apps import AppConfig


class OncallConfig(AppConfig):
    """Who is on call, and pages that climb until a person answers."""

    name = "coordination.oncall"
    label = "oncall"

    def ready(self) -> None:
        """Listen to the cases."""
        from coordination.oncall import receivers  # noqa: F401
