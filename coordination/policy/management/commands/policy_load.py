"""Load policy packs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from coordination.core.errors import CoordinationError
from coordination.policy import services


class Command(BaseCommand):
    """Load what is not loaded yet. Running it twice changes nothing."""

    help = "Load the policy packs under DIR (default: fixtures/policy). What is loaded already is left alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the directory."""
        parser.add_argument("dir", nargs="?", type=Path, default=settings.BASE_DIR / "fixtures" / "policy")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Load, and say what was new."""
        try:
            loaded = services.load(options["dir"])
        except CoordinationError as error:
            raise CommandError(str(error)) from error
        for pack in loaded:
            self.stdout.write(f"Loaded {pack}, in force from {pack.begins:%Y-%m-%d}, {pack.digest}")
        if not loaded:
            self.stdout.write("Every pack was loaded already.")
