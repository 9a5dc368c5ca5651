"""The policy application."""

from django.apps import AppConfig


class PolicyConfig(AppConfig):
    """Law and practice as data with citations, and the engine that reads it."""

    name = "coordination.policy"
    label = "policy"

    def ready(self) -> None:
        """Register the checks."""
        from coordination.policy import checks  # noqa: F401
