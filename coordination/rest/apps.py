"""The rest application."""

from django.apps import AppConfig


class RestConfig(AppConfig):
    """What stands under every API route: problems, paging, idempotency, authentication."""

    name = "coordination.rest"
    label = "rest"
