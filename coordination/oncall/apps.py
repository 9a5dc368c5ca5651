"""The oncall application."""

from django.apps import AppConfig


class OncallConfig(AppConfig):
    """Who is on call, and pages that climb until a person answers."""

    name = "coordination.oncall"
    label = "oncall"

    def ready(self) -> None:
        """Listen to the cases, and check who is woken."""
        from coordination.oncall import checks, receivers  # noqa: F401
