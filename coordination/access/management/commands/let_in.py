"""Let a person in again who exists, where no two administrators are left to do it on the desk."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from coordination.access import links, selectors, services
from coordination.core.errors import CoordinationError


class Command(BaseCommand):
    """Enable who is disabled, and show a one-time link. The ledger names nobody and says `set_up`."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the user name, and whether everything is taken first."""
        parser.add_argument("username")
        parser.add_argument(
            "--anew", action="store_true", help="for lost devices: take factors, password and sessions first"
        )

    def handle(self, *_: Any, username: str, anew: bool, **__: Any) -> None:
        """Let them in, or say why not."""
        person = selectors.everybody().filter(username__iexact=username).first()
        if person is None:
            raise CommandError("Nobody has this user name.")
        try:
            with transaction.atomic():
                if not person.is_active:
                    services.enable(person, by=None)
                if anew:
                    services.take_everything(person, by=None)
                enrolment, plain = services.issue_enrolment(person)
        except CoordinationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"The way in of {person.username}, once, until {enrolment.expires_at:%Y-%m-%d %H:%M} UTC:"
        )
        self.stdout.write(links.enrolment(plain))
