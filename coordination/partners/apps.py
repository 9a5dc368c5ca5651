"""The partners application."""

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    """Agencies, officers and destinations."""

    name = "coordination.partners"
    label = "partners"

    def ready(self) -> None:
        """Tell the API's furniture what holds for callers who are at an agency."""
        from coordination.partners import selectors
        from coordination.rest import callers

        callers.register(selectors.standing_of)
