"""Check policy packs without loading them."""

from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from coordination.core import clock
from coordination.policy.packs import read_all

_WARNING_BEFORE = timedelta(days=180)


class Command(BaseCommand):
    """Name the file, row and field of everything that is wrong."""

    help = "Check the policy packs under DIR (default: fixtures/policy): every error by file, row and field."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the directory."""
        parser.add_argument("dir", nargs="?", type=Path, default=settings.BASE_DIR / "fixtures" / "policy")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Check; exit non-zero where something is wrong."""
        packs, problems = read_all(options["dir"])
        if problems:
            raise CommandError("\n".join(map(str, problems)))
        soon = (clock.now() + _WARNING_BEFORE).date()
        for pack in packs:
            rows = [row for section in pack.rows.values() for row in section]
            to_confirm = sum(1 for row in rows if row.get("counsel_confirm"))
            self.stdout.write(
                f"{pack.header['name']} {pack.header['version']}: {len(rows)} rows, "
                f"{to_confirm} for counsel to confirm"
            )
            for calendar in pack.rows.get("calendars", []):
                if calendar["covers_until"] < soon:
                    self.stdout.write(f"  calendar {calendar['id']} ends on {calendar['covers_until']}")
