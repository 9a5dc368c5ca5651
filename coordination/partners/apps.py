"""The partners application."""

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    """Agencies, officers and destinations."""

    name = "coordination.partners"
    label = "partners"
