"""Read every stored byte of the ledger again and check it; say the first entry that is wrong.

Exit codes: 0 where all holds, 1 where something is wrong, 2 where it could not be checked, 3 where all that
could be checked holds, and time stamps could not be.
"""

import argparse
import time
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser, SystemCheckError
from django.db import DatabaseError

from coordination.ledger import verifying
from coordination.ledger.findings import Finding, Outcome, counted
from coordination.ledger.progress import Progress
from coordination.ledger.verifying import Kept

WRONG: Final = 1
NOT_CHECKED: Final = 2
NOT_ALL_CHECKED: Final = 3


class Command(BaseCommand):
    """Check, and write one line for each finding. Nothing is changed."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take checkpoints that were kept elsewhere."""
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.add_argument(
            "--against",
            action="append",
            default=[],
            type=Path,
            metavar="FILE",
            help="a checkpoint that was kept elsewhere, of a package for instance: shows whether entries at"
            " the end are gone, or an old copy was put back. May be given more than once.",
        )

    def check(self, *arguments: Any, **options: Any) -> None:
        """Check the settings; what they lack keeps the ledger from being checked, and is no finding of it."""
        try:
            super().check(*arguments, **options)
        except SystemCheckError as error:
            error.returncode = NOT_CHECKED
            raise

    def handle(self, *, against: list[Path], **_: Any) -> None:
        """Check, and say how it ended."""
        progress = Progress(write=self._whisper, moving=self.stderr.isatty())
        began = time.monotonic()

        def found(finding: Finding) -> None:
            progress.clear()
            self.stdout.write(f"WRONG  {finding}")

        try:
            kept = [Kept(name=str(each), note=each.read_bytes()) for each in against]
            outcome = verifying.verify(found=found, tell=progress, against=kept)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}", returncode=NOT_CHECKED) from error
        except (ImproperlyConfigured, DatabaseError) as error:
            raise CommandError(f"It could not be checked: {error}", returncode=NOT_CHECKED) from error
        finally:
            progress.clear()
        self._conclude(outcome, time.monotonic() - began)

    def _whisper(self, text: str) -> None:
        self.stderr.write(text, str, ending="")
        self.stderr.flush()

    def _conclude(self, outcome: Outcome, seconds: float) -> None:
        read = ", ".join(counted(number, what) for what, number in outcome.read.items())
        self.stdout.write(f"Read again in {seconds:.1f} s: {read}.")
        self._say_what_is_open(outcome)
        if outcome.first is not None:
            raise CommandError(
                f"Findings: {outcome.wrong:,}. The first that is wrong: {outcome.first}", returncode=WRONG
            )
        if outcome.unchecked:
            raise CommandError(
                "Not all was checked: what was holds, and the time stamps are open.",
                returncode=NOT_ALL_CHECKED,
            )
        self.stdout.write("All of it holds.")

    def _say_what_is_open(self, outcome: Outcome) -> None:
        if outcome.waiting:
            self.stdout.write(
                f"Waiting for a place, under no checkpoint: {counted(outcome.waiting, 'entries')}."
            )
        if outcome.unchecked:
            self.stdout.write(f"{counted(outcome.unchecked, 'time stamps')} not checked: {outcome.why}")
        elif outcome.unanchored:
            since = f"from place {outcome.anchored:,} on" if outcome.anchored else "from the first on"
            self.stdout.write(
                f"Unanchored, under no time stamp: {counted(outcome.unanchored, 'entries')}, {since}."
            )
