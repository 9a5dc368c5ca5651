"""File a published half-year through the services, and hold our counts to the published ones."""

import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from coordination.core.errors import CoordinationError
from coordination.desk.rehearsal import running
from coordination.desk.rehearsal.comparing import Line
from coordination.desk.rehearsal.published import HalfYear, read

NOT_PUBLISHED = 3


class Command(BaseCommand):
    """Rehearse a half-year of data requests."""

    help = (
        "Reads the four tables of a published half-year (CSV) and files every request of it through the "
        "services, in a database of its own that is dropped after. Prints what was produced beside what was "
        "published. Exits with 0 only where all is equal, with 3 where no table of requests was published."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what is read."""
        parser.add_argument("--data", required=True, type=Path, help="the folder with the four files")
        parser.add_argument("--year", required=True, type=int)
        parser.add_argument("--half", required=True, type=int, choices=[1, 2])
        parser.add_argument(
            "--here", action="store_true", help="file into the database of the settings, which is empty"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Read, file, compare."""
        try:
            half = read(options["data"], year=options["year"], half=options["half"])
            for table in half.missing:
                self.stdout.write(f"not published: {table} of {half.year}, half {half.half}")
            if half.received is None:
                self.stdout.write("Nothing was filed: there is no table of requests to file from.")
                raise SystemExit(NOT_PUBLISHED)
            if not options["here"]:
                raise SystemExit(running.elsewhere(self._again(half, options["data"])))
            self._rehearse(half)
        except CoordinationError as error:
            raise CommandError(str(error)) from error

    def _again(self, half: HalfYear, data: Path) -> list[str]:
        manage = str(Path(settings.BASE_DIR) / "manage.py")
        said = ["--data", str(data.resolve()), "--year", str(half.year), "--half", str(half.half), "--here"]
        return [sys.executable, manage, "rehearse_half_year", *said]

    def _rehearse(self, half: HalfYear) -> None:
        began = time.monotonic()
        self._say("Making the tables and loading the law")
        running.prepare()
        lines = running.rehearse(half, say=self._say)
        self._show(lines)
        different = [each for each in lines if not each.holds]
        equal, took = len(lines) - len(different), time.monotonic() - began
        self.stdout.write(
            f"{half.year}, half {half.half}: {equal} of {len(lines)} counts are as published, {took:.0f} s"
        )
        if different:
            raise SystemExit(1)

    def _show(self, lines: list[Line]) -> None:
        width = max(len(each.what) for each in lines)
        self.stdout.write(f"{'':{width}}  {'published':>13}  {'produced':>8}")
        for each in lines:
            expected = "not published" if each.expected is None else str(each.expected)
            mark = "" if each.holds else "  DIFFERS"
            self.stdout.write(f"{each.what:{width}}  {expected:>13}  {each.produced:>8}{mark}")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
