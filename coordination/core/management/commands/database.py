"""The embedded database, by hand."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from coordination.core.embedded import server
from coordination.core.embedded.addresses import EMBEDDED_ENGINE


class Command(BaseCommand):
    """Start, stop, show or erase the embedded PostgreSQL of this checkout."""

    help = "Start, stop, show or erase the embedded PostgreSQL, which is used where DATABASE_URL is not set."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to do, and how to say it."""
        parser.add_argument("action", choices=["start", "stop", "status", "erase"])
        parser.add_argument(
            "--json", action="store_true", help="print the status after it as one JSON object"
        )
        parser.add_argument("--yes", action="store_true", help="really erase all data")

    def handle(self, *, action: str, yes: bool, **options: Any) -> None:
        """Do it and say what happened."""
        if action == "start":
            said = self._start()
        elif action == "stop":
            said = "It has stopped." if server.stop(settings.VAR_DIR) else "It was not running."
        elif action == "erase":
            if not yes:
                raise CommandError(
                    "This deletes the embedded database and all data in it. Add --yes to do so."
                )
            server.erase(settings.VAR_DIR)
            said = "Its data and passwords are deleted."
        else:
            said = self._status()
        used = settings.DATABASES["default"]["ENGINE"] == EMBEDDED_ENGINE
        if options["json"]:
            said = json.dumps({**server.status(settings.VAR_DIR), "used": used})
        elif not used:
            said += " (DATABASE_URL is set: the application uses that database, not this one.)"
        self.stdout.write(said)

    def _start(self) -> str:
        if settings.PRODUCTION:
            raise CommandError("The embedded database is not for production: set DATABASE_URL.")
        server.start(settings.VAR_DIR, say=self.stderr.write)
        return "It is running."

    def _status(self) -> str:
        status = server.status(settings.VAR_DIR)
        state = f"It is running as process {status['pid']}." if status["running"] else "It is not running."
        places = [f"{name:<10}{status[name]}" for name in ("data", "socket", "log", "passwords")]
        return "\n".join([state, *places])
