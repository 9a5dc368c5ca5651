"""The triage application."""

from django.apps import AppConfig


class TriageConfig(AppConfig):
    """Safety flags in, and what was decided about each."""

    name = "coordination.triage"
    label = "triage"

    def ready(self) -> None:
        """Listen to cases."""
        from coordination.triage import criteriareceivers, receivers  # noqa: F401
