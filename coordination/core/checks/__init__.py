"""System checks. Each id stands in docs/operations.md with what to do about it.

`manage.py` runs those that need no database before each command; the web process and the worker call
`refuse_to_start`, which runs all.
"""

from collections.abc import Iterable

from django.core import checks
from django.db import connections

from coordination.core.checks import configuration, database, identity, modules, stamps
from coordination.core.errors import CoordinationError


class RefusedToStart(CoordinationError):
    """The installation is not configured safely."""


def register() -> None:
    """Tell Django which checks there are."""
    for check in (*configuration.CHECKS, *identity.CHECKS, *modules.CHECKS, *stamps.CHECKS):
        checks.register(check, checks.Tags.security)
    checks.register(database.check, checks.Tags.database)


def refuse_to_start() -> None:
    """Raise RefusedToStart, naming each check that failed, unless every check passes. Warnings pass."""
    try:
        errors = serious(checks.run_checks(databases=["default"]))
    finally:
        # gunicorn may load the application before it forks, and a forked connection is shared.
        connections.close_all()
    if errors:
        raise RefusedToStart("\n".join(["Refused to start.", *map(str, errors)]))


def serious(found: Iterable[checks.CheckMessage]) -> list[checks.CheckMessage]:
    """Return those of `found` that forbid a start."""
    return [each for each in found if each.is_serious(checks.ERROR) and not each.is_silenced()]
