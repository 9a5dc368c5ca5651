"""Reading the ledger."""

from django.db import connections, router
from django.db.models import QuerySet

from coordination.ledger.models import Leaf


def entries_about(subject: str) -> QuerySet[Leaf]:
    """Return what happened to one record, oldest first."""
    return Leaf.objects.filter(subject=subject).order_by("id")


def latest(count: int) -> list[Leaf]:
    """Return the newest `count` entries, newest first."""
    return list(Leaf.objects.order_by("-id")[:count])


def count() -> int:
    """Return how many entries there are."""
    return Leaf.objects.count()


def actions() -> list[str]:
    """Return every action that was ever recorded, by one look into the index for each."""
    with connections[router.db_for_read(Leaf)].cursor() as cursor:
        cursor.execute(_ACTIONS)
        return [action for (action,) in cursor.fetchall()]


# PostgreSQL does not skip through an index by itself, and DISTINCT would read all of it.
_ACTIONS = """
    WITH RECURSIVE step(action) AS (
        (SELECT action FROM ledger_leaf ORDER BY action LIMIT 1)
        UNION ALL
        SELECT (SELECT l.action FROM ledger_leaf l WHERE l.action > step.action ORDER BY l.action LIMIT 1)
        FROM step WHERE step.action IS NOT NULL
    )
    SELECT action FROM step WHERE action IS NOT NULL
"""
