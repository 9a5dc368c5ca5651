"""The cases application."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """The spine: case, subjects, grants, timeline, tasks, deadlines, assignments, notes."""

    name = "coordination.cases"
    label = "cases"

    def ready(self) -> None:
        """Listen to access."""
        from coordination.cases import receivers  # noqa: F401
