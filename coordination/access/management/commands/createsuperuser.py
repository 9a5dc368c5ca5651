"""Stands before Django's command of this name: there is no superuser."""

from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Say what to use instead."""

    help = __doc__

    def run_from_argv(self, argv: list[str]) -> None:
        """Take whatever options Django's own takes."""
        super().run_from_argv(argv[:2])

    def handle(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse, naming create_person."""
        raise CommandError("There is no superuser. Use: manage.py create_person NAME --role administrator")
