"""Empty the tables as their owner."""

from typing import Any

from django.conf import settings
from django.core.management.commands import flush


class Command(flush.Command):
    """Django's flush, as the owner: the application's role may not truncate."""

    def handle(self, **options: Any) -> None:
        """Flush the same database through the other role, also where `default` is named."""
        if options["database"] == "default" and "owner" in settings.DATABASES:
            options["database"] = "owner"
        super().handle(**options)
