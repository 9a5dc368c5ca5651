"""What the home page shows one person."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from coordination.access import services as access
from coordination.cases import selectors as cases
from coordination.channels import registry
from coordination.core import clock
from coordination.desk import figures
from coordination.oncall import selectors as oncall
from coordination.outbox import selectors as outbox
from coordination.referrals import selectors as referrals

MOST_TASKS = 50
MOST_TEAM = 500
MOST_CLOCKS = 6
MOST_RECENT = 8
MISSED_TASK = "missed_deadline"
APPROVALS = ("approve_referral", "approve_answer")
STUCK = {"failed": "Failed", "unknown": "Outcome unknown", "held": "Held", "rejected": "Rejected"}


def context(user: Any) -> dict[str, Any]:
    """Return what waits for `user`, what is late or due today, their team, the ways out, the newest cases."""
    tasks = cases.waiting_for(user)
    own = referrals.own_part(user) if access.has(user, "referrals.view_referral") else []
    if own:
        # Nobody approves what they had a part in: it waits for others.
        tasks = tasks.exclude(kind__in=APPROVALS, about__in=own)
    waiting = list(tasks[:MOST_TASKS])
    now, tonight = clock.now(), _tonight()
    # A missed deadline stands under Late itself; the task that it opened would say it twice.
    late = [each for each in waiting if each.due_at and each.due_at < now and each.kind != MISSED_TASK]
    found: dict[str, Any] = {
        "waiting": waiting,
        "more_waiting": len(waiting) == MOST_TASKS,
        "late_tasks": late,
        "late_count": len(late),
        "today": [_due(each, each.title) for each in waiting if each.due_at and now <= each.due_at < tonight],
        "team": _team(user),
        "on_call": oncall.on_call_now(),
        "calling": oncall.calling(user),
        "unreachable": not oncall.is_reachable(user),
    }
    if access.has(user, "cases.view_case"):
        running = cases.running_deadlines_for(user)
        # A clock that has run out is late from that moment, whenever the periodic job says so.
        missed = [
            *cases.missed_deadlines_for(user)[:MOST_TASKS],
            *running.filter(due_at__lt=now)[:MOST_TASKS],
        ]
        # A late task and the clock that hurries it are one thing too.
        said = {(each.about, each.due_at) for each in late}
        found["missed"] = [each for each in missed if (each.about, each.due_at) not in said]
        found["late_count"] += len(found["missed"])
        found["recent"] = cases.latest_for(user, limit=MOST_RECENT)
        found["cases_count"] = cases.count_for(user)
        ends_today = running.filter(due_at__gte=now, due_at__lt=tonight)[:MOST_TASKS]
        # A task and the clock that hurries it are one thing to do.
        tasked = {(each.about, each.due_at) for each in waiting}
        clocks = [each for each in ends_today if (each.about, each.due_at) not in tasked]
        found["today"] += [_due(each, each.title) for each in clocks]
        found["running"] = list(running.filter(due_at__gte=tonight)[:MOST_CLOCKS])
    found["today"].sort(key=lambda each: each["due_at"])
    if access.has(user, "outbox.view_delivery"):
        found["health"] = _health(user)
    found["figures"] = figures.card(user)
    return found


def _tonight() -> datetime:
    """Return when today ends where the desk is."""
    local = timezone.localtime(clock.now())
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _due(each: Any, title: str) -> dict[str, Any]:
    return {"title": title, "due_at": each.due_at, "case": each.case}


def _team(user: Any) -> list[dict[str, Any]]:
    """Return who has how much of the queues that this person stands in; what nobody took comes first."""
    tasks = list(cases.team_tasks_for(user)[:MOST_TEAM])
    taken = Counter(each.assignee for each in tasks)
    urgent = Counter(each.assignee for each in tasks if each.priority == "P0")
    people = sorted((each for each in taken if each is not None), key=str)
    rows = [(None, "taken by nobody"), *((each, "me" if each == user else str(each)) for each in people)]
    return [
        {"who": who, "tasks": taken[person], "urgent": urgent[person]}
        for person, who in rows
        if taken[person]
    ]


def _health(user: Any) -> dict[str, Any]:
    """Return how the ways out are: of the deliveries on the cases that one sees, or would see.

    Who sees no case at all (an administrator) keeps the ways out, and is told of all but those on cases under
    a compartment: a figure that moves would tell of those.
    """
    sees = access.has(user, "cases.view_case")
    counts = outbox.counts(of=cases.visible_to(user)) if sees else outbox.counts(but=cases.hidden())
    on_the_way = counts.get("queued", 0) + counts.get("sending", 0)
    stuck = [{"title": title, "value": counts[state]} for state, title in STUCK.items() if counts.get(state)]
    figures = [{"title": "On their way", "value": on_the_way}, *stuck]
    if not stuck:
        figures.append({"title": "Stuck", "value": 0})
    seen = outbox.last_taken(but=cases.hidden())
    channels = [
        {"title": each.info.title, "last_success": seen.get(slug)}
        for slug, each in registry.channels().items()
    ]
    return {"figures": figures, "channels": channels}
