"""The cases application."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """The spine: case, subjects, grants, timeline, tasks, deadlines, assignments, notes."""

    name = "coordination.cases"
    label = "cases"

    def ready(self) -> None:
        """Listen to access, and answer for cases where evidence asks."""
        from coordination.cases import receivers  # noqa: F401
        from coordination.cases.evidencedoor import Door
        from coordination.evidence.doors import open_door

        open_door(Door())
