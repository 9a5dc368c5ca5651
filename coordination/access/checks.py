"""System checks of the doors. What to do about each stands in docs/operations.md."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from coordination.access import leaked, selectors, sync


def no_code_is_shown(**_: Any) -> list[CheckMessage]:
    """E001: the demo shows codes that nobody has an application for; in production that would be a way in."""
    if not (settings.PRODUCTION and settings.DEMO_SHOW_CODES):
        return []
    return [
        Error(
            "DEMO_SHOW_CODES is on in production: the sign-in page would show second factors.",
            hint="Unset DEMO_SHOW_CODES.",
            id="coordination.access.E001",
        )
    ]


def leaked_passwords_are_known(**_: Any) -> list[CheckMessage]:
    """E002: a list that cannot be read refuses every password. W002: CJIS asks for a new one each quarter."""
    if not settings.LEAKED_PASSWORDS:
        return []
    path = Path(settings.LEAKED_PASSWORDS)
    if wrong := leaked.what_is_wrong(path):
        hint = "Name the file of Have I Been Pwned that is ordered by hash, or leave LEAKED_PASSWORDS out."
        return [Error(f"The list LEAKED_PASSWORDS {wrong}.", hint=hint, id="coordination.access.E002")]
    if not leaked.is_old(path):
        return []
    days = leaked.RENEWED_WITHIN.days
    return [
        Warning(
            f"The list LEAKED_PASSWORDS is older than {days} days.",
            hint="Download it anew: docs/operations.md, People at the door.",
            id="coordination.access.W002",
        )
    ]


def roles_go_together(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """W001: no service gives roles that do not go together, but a hand in the database can."""
    if "default" not in (databases or ()):
        return []
    try:
        found = selectors.in_conflict()
    except (DatabaseError, ImproperlyConfigured):
        return []  # not reached, not migrated or embedded: coordination.E008, E015 and E007 say so
    return [
        Warning(
            f"Person {person.pk} is {pair} at once, which nobody may be.",
            hint="Take one of the roles away: People, the person, Change roles.",
            id="coordination.access.W001",
        )
        for person, pair in found
    ]


def roles_are_the_tables(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """W003: a group that a hand in the database changed gives its people what the table of roles does not."""
    if "default" not in (databases or ()):
        return []
    try:
        found = sync.changed_by_hand(using="default")
    except (DatabaseError, ImproperlyConfigured):
        return []  # as above
    if not found:
        return []
    return [
        Warning(
            f"Not what the table of roles says: the permissions of {', '.join(found)}.",
            hint="Run manage.py migrate, which gives and takes what the table says, and find out who did it.",
            id="coordination.access.W003",
        )
    ]


def connect() -> None:
    """Tell Django about the checks."""
    register(no_code_is_shown, Tags.security)
    register(leaked_passwords_are_known, Tags.security)
    register(roles_go_together, Tags.database)
    register(roles_are_the_tables, Tags.database)
