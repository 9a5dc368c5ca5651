"""System checks of the policy in force. Each id stands in docs/operations.md with what to do about it."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from coordination.policy import selectors

FICTIONAL = "(fictional)"


@register(Tags.database)
def packs_are_real(
    _configs: Sequence[Any] | None = None, *, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """W001: the numbers that ship are nobody's; a liaison in a hurry would dial one."""
    if not settings.PRODUCTION or "default" not in (databases or ()):
        return []
    try:
        found = list(selectors.packs_in_force().filter(title__icontains=FICTIONAL))
    except (DatabaseError, ImproperlyConfigured):
        return []  # not reached, not migrated or embedded: core's checks say so
    hint = "Write a version of your own, load it with manage.py policy_load DIR: docs/operations.md."
    return [
        Warning(
            f"The pack {pack} is in force in production, and says that it is fictional.",
            hint=hint,
            id="coordination.policy.W001",
        )
        for pack in found
    ]
