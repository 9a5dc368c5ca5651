"""The restrictions application."""

from django.apps import AppConfig


class RestrictionsConfig(AppConfig):
    """Restrictions on the subject's account, and the platform's own preservation."""

    name = "coordination.restrictions"
    label = "restrictions"
