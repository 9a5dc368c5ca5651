"""Read every stored byte of the ledger again and check it; say the first entry that is wrong.

Exit codes: 0 where all holds, 1 where something is wrong, 2 where it could not be checked.
"""

import argparse
import time
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from coordination.ledger import verifying
from coordination.ledger.findings import Finding, Outcome
from coordination.ledger.progress import Progress
from coordination.ledger.verifying import Kept

WRONG: Final = 1
NOT_CHECKED: Final = 2


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
        read = ", ".join(f"{number:,} {what}" for what, number in outcome.read.items())
        self.stdout.write(f"Read again in {seconds:.1f} s: {read}.")
        self._say_what_is_open(outcome)
        if outcome.first is not None:
            raise CommandError(
                f"Findings: {outcome.wrong:,}. The first that is wrong: {outcome.first}", returncode=WRONG
            )
        self.stdout.write("All of it holds.")

    def _say_what_is_open(self, outcome: Outcome) -> None:
        if outcome.waiting:
            self.stdout.write(f"{outcome.waiting:,} entries wait for their place: no checkpoint covers them.")
        if outcome.unanchored:
            since = f"from place {outcome.anchored:,} on" if outcome.anchored else "none is"
            self.stdout.write(f"Unanchored: {outcome.unanchored:,} entries are under no time stamp, {since}.")
