"""The desk application."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """What spans slices: home, review pages, demo and worker commands."""

    name = "coordination.desk"
    label = "desk"
