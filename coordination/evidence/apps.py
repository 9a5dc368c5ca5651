"""The evidence application."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """Exhibits and their custody."""

    name = "coordination.evidence"
    label = "evidence"
