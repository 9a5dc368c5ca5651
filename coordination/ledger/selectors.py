"""Reading the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections, router
from django.db.models import Count, QuerySet

from coordination.ledger.models import WHO, Anchor, AnchorFailure, Checkpoint, Leaf, Pending, Sequence


def entries_about(subject: str) -> QuerySet[Leaf]:
    """Return what happened to one record, oldest first."""
    return Leaf.objects.filter(subject=subject).order_by("id")


def latest(count: int) -> list[Leaf]:
    """Return the newest `count` entries, newest first."""
    return list(Leaf.objects.order_by("-id")[:count])


def count() -> int:
    """Return how many entries there are."""
    return Leaf.objects.count()


def counts_between(since: datetime, until: datetime) -> list[tuple[str, int]]:
    """Return how many entries there are of each action from `since` and before `until`, by action."""
    rows = Leaf.objects.filter(recorded_at__gte=since, recorded_at__lt=until).order_by("action")
    return [(action, number) for action, number in rows.values_list("action").annotate(number=Count("pk"))]


def acts_of(by: AbstractBaseUser, action: str, since: datetime) -> int:
    """Return how many times somebody did one thing from `since` on."""
    rows = Leaf.objects.alias(who=WHO).filter(action=action, recorded_at__gte=since)
    return rows.filter(who=str(by.pk)).count()


def sample_between(action: str, since: datetime, until: datetime, count: int) -> list[Leaf]:
    """Return up to `count` entries of an action, drawn by hash: the same each time, and nobody's choice."""
    rows = Leaf.objects.filter(action=action, recorded_at__gte=since, recorded_at__lt=until)
    return list(rows.order_by("leaf_hash")[:count])


def actions() -> list[str]:
    """Return every action that was ever recorded, by one look into the index for each."""
    with connections[router.db_for_read(Leaf)].cursor() as cursor:
        cursor.execute(_ACTIONS)
        return [action for (action,) in cursor.fetchall()]


def index_of(leaf_id: int) -> int | None:
    """Return a leaf's place in the tree, from 0; None while it waits for one."""
    return Sequence.objects.filter(leaf_id=leaf_id).values_list("index", flat=True).first()


def checkpoint_covering(index: int) -> Checkpoint | None:
    """Return the checkpoint to show for a place in the tree: the first with a time stamp, else the first."""
    covering = Checkpoint.objects.filter(size__gt=index).order_by("size")
    return covering.filter(anchors__isnull=False).first() or covering.first()


def latest_checkpoint() -> Checkpoint | None:
    """Return the checkpoint of the largest tree; None before the first."""
    return Checkpoint.objects.order_by("-size").first()


def latest_checkpoints(most: int) -> list[Checkpoint]:
    """Return the newest `most` checkpoints with their time stamps, newest first: two queries."""
    return list(Checkpoint.objects.order_by("-size").prefetch_related("anchors")[:most])


def covered_by(checkpoints: Iterable[Checkpoint]) -> dict[int, int]:
    """Return, by size, the size of the next larger checkpoint with a time stamp, which covers it.

    `checkpoints` are the newest with their time stamps, newest first; one that has its own, or is under none,
    is left out.
    """
    covering, found = 0, {}
    for each in checkpoints:
        if each.anchors.all():
            covering = each.size
        elif covering:
            found[each.size] = covering
    return found


def anchors_of(checkpoint: Checkpoint) -> list[Anchor]:
    """Return the time stamps of a checkpoint, the earliest first."""
    return list(Anchor.objects.filter(checkpoint=checkpoint).order_by("stamped_at", "id"))


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far the ledger is proven outside: the last time stamp, what it leaves open, and why.

    `waiting` entries are under no checkpoint, `unanchored` ones under none with a time stamp (those that wait
    too); `failed` says why the authority gave none since, empty where nothing was wrong.
    """

    anchored_at: datetime | None
    unanchored: int
    waiting: int
    failed: str


def standing() -> Standing:
    """Return how far the ledger is anchored. Counts to 10,001 what waits."""
    last = Anchor.objects.select_related("checkpoint").order_by("-checkpoint__size", "-id").first()
    signed = latest_checkpoint()
    waiting = Pending.objects.order_by()[:10_001].count()
    failures = AnchorFailure.objects.order_by("-id")
    if last is not None:
        failures = failures.filter(checkpoint__size__gt=last.checkpoint.size)
    failure = failures.first()
    return Standing(
        anchored_at=last.stamped_at if last else None,
        unanchored=(signed.size if signed else 0) - (last.checkpoint.size if last else 0) + waiting,
        waiting=waiting,
        failed=failure.why if failure else "",
    )


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
