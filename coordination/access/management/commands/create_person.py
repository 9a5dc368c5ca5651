"""Create a person with roles: the first administrator of an installation comes from here."""

import getpass
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from coordination.access import links, services
from coordination.access.roles import Role
from coordination.core.errors import CoordinationError


class Command(BaseCommand):
    """Create a person. Who has a role on the desk gets a one-time link; `--password` reads one instead."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the user name, the roles and the names."""
        parser.add_argument("username")
        parser.add_argument("--role", action="append", default=[], choices=[role.value for role in Role])
        parser.add_argument("--alias", default="", help="Shown outside instead of the name.")
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--password", action="store_true", help="ask for a password, or read it from standard input"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Create the person, or say why not."""
        try:
            person = services.create_person(
                options["username"],
                by=None,
                roles=options["role"],
                alias=options["alias"],
                first_name=options["first_name"],
                last_name=options["last_name"],
                email=options["email"],
                password=_password() if options["password"] else None,
            )
            way_in = None
            if person.is_staff and not options["password"]:
                way_in = services.issue_enrolment(person)
        except CoordinationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Created {person.username}: {', '.join(options['role']) or 'no role'}.")
        if way_in is not None:
            enrolment, plain = way_in
            self.stdout.write(f"Their way in, once, until {enrolment.expires_at:%Y-%m-%d %H:%M} UTC:")
            self.stdout.write(links.enrolment(plain))


def _password() -> str:
    return getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
