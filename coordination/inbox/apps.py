"""The inbox application."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """What partners send back."""

    name = "coordination.inbox"
    label = "inbox"
