"""Take in a list of agencies (CSV with the columns of the FBI's list of ORIs), or bring it up to date."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from coordination.access.services import User
from coordination.core.errors import CoordinationError
from coordination.partners import services

MOST_SHOWN = 50


class Command(BaseCommand):
    """Import, as a named person who may, or as the owner's shell."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, whose agencies they are, and who imports."""
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--country", default="US", help="ISO 3166-1 alpha-2 (default: US)")
        parser.add_argument("--by", default="", metavar="USERNAME", help="the administrator who imports")
        parser.add_argument("--dry-run", action="store_true", help="say what would change")
        parser.add_argument("--skip-bad", action="store_true", help="leave bad rows out and take the others")

    def handle(self, *, file: Path, country: str, by: str, dry_run: bool, skip_bad: bool, **_: Any) -> None:
        """Import and say what changed; name bad rows by line and field."""
        person = User.objects.filter(username=by, is_active=True).first() if by else None
        if by and person is None:
            raise CommandError("--by: there is no such person.")
        try:
            outcome = services.import_agencies(
                file.read_bytes(),
                by=person,
                country=country,
                dry_run=dry_run,
                skip_bad=skip_bad,
                progress=lambda what, done, total: self.stdout.write(f"{done} of {total} {what}"),
            )
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except CoordinationError as error:
            raise CommandError(str(error)) from error
        for each in outcome.problems[:MOST_SHOWN]:
            self.stderr.write(f"line {each.line}, {each.field}: {each.why}")
        if len(outcome.problems) > MOST_SHOWN:
            self.stderr.write(f"… and {len(outcome.problems) - MOST_SHOWN} more")
        if not outcome.written and not dry_run:
            raise CommandError(
                f"Nothing was written: {len(outcome.problems)} of {outcome.rows} rows are bad. Mend them, or"
                " leave them out with --skip-bad."
            )
        word = "Nothing was written. It would be: " if dry_run else ""
        self.stdout.write(
            f"{word}{outcome.added} added, {outcome.changed} changed, {outcome.same} as they were,"
            f" {outcome.kept} verified under another name, {len(outcome.problems) - outcome.kept} left out."
        )
