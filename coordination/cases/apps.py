"""The cases application."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """The spine: case, subjects, grants, timeline, tasks, deadlines, assignments, notes."""

    name = "coordination.cases"
    label = "cases"
