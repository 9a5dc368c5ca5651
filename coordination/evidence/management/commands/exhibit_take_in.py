"""Take a file of any size into a case as an exhibit; it streams, and is never whole in memory."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from coordination.access.services import User
from coordination.core.errors import CoordinationError, InvalidInput
from coordination.evidence import services


class Command(BaseCommand):
    """Take in, as a named person who may."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the case, the file, who and why."""
        parser.add_argument("case", metavar="CASE", help="the case's reference, such as C-7F3K-9QWD")
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--by", required=True, metavar="USERNAME", help="the person who takes it in")
        parser.add_argument("--why", required=True, help="why, for the custody")
        parser.add_argument("--source", default="", help="from whom or where it is")
        parser.add_argument("--transcript", action="store_true", help="a conversation as JSON Lines")

    def handle(self, *, case: str, file: Path, by: str, why: str, **said: Any) -> None:
        """Take it in and say under which reference."""
        person = User.objects.filter(username=by, is_active=True).first()
        if person is None:
            raise CommandError("--by: there is no such person.")
        deed = services.import_transcript if said["transcript"] else services.take_in
        try:
            with file.open("rb") as content:
                exhibit, is_new = deed(
                    case, by=person, content=content, filename=file.name, why=why, source=said["source"]
                )
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except InvalidInput as error:
            raise CommandError("\n".join(f"{each.field}: {each}" for each in error.errors)) from error
        except CoordinationError as error:
            raise CommandError(str(error)) from error
        word = "taken in" if is_new else "there already"
        self.stdout.write(f"{exhibit.reference}: {word}, {exhibit.size} bytes, SHA-256 {exhibit.sha256}")
