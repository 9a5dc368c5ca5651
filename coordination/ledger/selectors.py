"""Reading the ledger."""

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
