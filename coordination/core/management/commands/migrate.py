"""Migrate as the owner of the tables."""

from django.conf import settings
from django.core.management.base import CommandParser
from django.core.management.commands import migrate


class Command(migrate.Command):
    """Django's migrate, as the owner where DATABASE_OWNER_URL (or the embedded database) names one."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take Django's arguments with another default."""
        super().add_arguments(parser)
        parser.set_defaults(database="owner" if "owner" in settings.DATABASES else "default")
