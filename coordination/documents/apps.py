"""The documents application."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """WeasyPrint behind one function."""

    name = "coordination.documents"
    label = "documents"
