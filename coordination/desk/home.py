"""What the home page shows one person."""

from typing import Any

from coordination.access import services as access
from coordination.cases import selectors as cases
from coordination.channels import registry
from coordination.core import clock
from coordination.outbox import selectors as outbox

MOST_TASKS = 50
MOST_CLOCKS = 6
MISSED_TASK = "missed_deadline"
STUCK = {"failed": "Failed", "unknown": "Outcome unknown", "held": "Held", "rejected": "Rejected"}


def context(user: Any) -> dict[str, Any]:
    """Return what waits for `user`, what is late, how the ways out are, and the newest cases they see."""
    waiting = list(cases.waiting_for(user)[:MOST_TASKS])
    now = clock.now()
    # A missed deadline stands under Late itself; the task that it opened would say it twice.
    late = [each for each in waiting if each.due_at and each.due_at < now and each.kind != MISSED_TASK]
    found: dict[str, Any] = {"waiting": waiting, "late_tasks": late, "late_count": len(late)}
    if access.has(user, "cases.view_case"):
        running = cases.running_deadlines_for(user)
        # A clock that has run out is late from that moment, whenever the periodic job says so.
        missed = [
            *cases.missed_deadlines_for(user)[:MOST_TASKS],
            *running.filter(due_at__lt=now)[:MOST_TASKS],
        ]
        found["missed"] = missed
        found["late_count"] += len(missed)
        found["recent"] = cases.latest_for(user, limit=8)
        found["cases_count"] = cases.count_for(user)
        found["running"] = list(running.filter(due_at__gte=now)[:MOST_CLOCKS])
    if access.has(user, "outbox.view_delivery"):
        found["health"] = _health()
    return found


def _health() -> dict[str, Any]:
    """Return how the ways out are: counts only, which say nothing about anybody."""
    counts = outbox.counts()
    on_the_way = counts.get("queued", 0) + counts.get("sending", 0)
    stuck = [{"title": title, "value": counts[state]} for state, title in STUCK.items() if counts.get(state)]
    figures = [{"title": "On their way", "value": on_the_way}, *stuck]
    if not stuck:
        figures.append({"title": "Stuck", "value": 0})
    seen = outbox.last_taken()
    channels = [
        {"title": each.info.title, "last_success": seen.get(slug)}
        for slug, each in registry.channels().items()
    ]
    return {"figures": figures, "channels": channels}
