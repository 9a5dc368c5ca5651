"""The desk application, and Django's admin with our site in the place of its own."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin


class DeskConfig(AppConfig):
    """What spans slices: home, search, demo and worker commands."""

    name = "coordination.desk"
    label = "desk"
    default = True


class DeskAdminConfig(admin.AdminConfig):
    """Stands in INSTALLED_APPS where django.contrib.admin would."""

    default = False
    default_site = "coordination.desk.site.DeskSite"
