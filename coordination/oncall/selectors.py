"""Reading who is on call and who was paged. What waits for whom is asked of cases."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from coordination.access import selectors as people
from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases.duties import permission_for
from coordination.core import clock, identifiers
from coordination.core.errors import NotFound
from coordination.oncall import rota
from coordination.oncall.models import (
    Beat,
    ContactWay,
    Override,
    Page,
    PageAttempt,
    PageLink,
    Rotation,
    Schedule,
)
from coordination.oncall.workflow import PageState

# In which order the schedules of the shipped policy climb; others follow by their number.
FIRST = ("first", "second", "manager")
# Of how many that people have it is asked at once whether they still can.
LOOKED_AT = 1_000
# What moved in the future was moved before the clock was set back.
SET_BACK = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class OnCall:
    """Who has the calls of a schedule now, and when that changes to whom."""

    schedule: Schedule
    person: User | None
    until: datetime | None
    then: User | None


def schedules() -> list[Schedule]:
    """Return all schedules in the order in which pages climb."""
    found = {each.code: each for each in Schedule.objects.order_by("pk")}
    return [found.pop(code) for code in FIRST if code in found] + list(found.values())


def plan_of(schedule: Schedule) -> rota.Plan:
    """Return a schedule for reckoning."""
    turns = tuple(
        rota.Turn(
            people=tuple(member.person_id for member in each.members.all()),
            weekday=each.weekday,
            at=each.at,
            days=each.days,
            begins=each.begins,
            ends=each.ends,
            layer=each.layer,
        )
        for each in rotations_of(schedule)
    )
    stands = tuple(
        rota.Stand(person=each.person_id, begins=each.begins, ends=each.ends, order=each.pk)
        for each in Override.objects.filter(schedule=schedule).defer("reason")
    )
    return rota.Plan(zone=schedule.time_zone, turns=turns, stands=stands)


def rotations_of(schedule: Schedule) -> QuerySet[Rotation]:
    """Return the rotations of a schedule with their people, the highest layer first."""
    return Rotation.objects.filter(schedule=schedule).prefetch_related("members__person")


def overrides_of(schedule: Schedule) -> QuerySet[Override]:
    """Return who stands in, now and later, the next first."""
    rows = Override.objects.filter(schedule=schedule, ends__gt=clock.now()).exclude(begins=F("ends"))
    return rows.select_related("person", "made_by")


def rotation(schedule: Schedule, pk: str) -> Rotation:
    """Return a rotation of this schedule, or raise NotFound."""
    found = Rotation.objects.filter(schedule=schedule, pk=pk).first() if identifiers.is_row(pk) else None
    if found is None:
        raise NotFound
    return found


def override(schedule: Schedule, pk: str) -> Override:
    """Return somebody's standing in on this schedule, or raise NotFound."""
    found = Override.objects.filter(schedule=schedule, pk=pk).first() if identifiers.is_row(pk) else None
    if found is None:
        raise NotFound
    return found


def on_call(code: str, at: datetime | None = None) -> User | None:
    """Return who has the calls of the schedule with this code, None for nobody or no such schedule."""
    schedule = Schedule.objects.filter(code=code).first()
    if schedule is None:
        return None
    pk = rota.on_call(plan_of(schedule), at or clock.now())
    return None if pk is None else User.objects.filter(pk=pk, is_active=True).first()


def on_call_now() -> list[OnCall]:
    """Return who has the calls of each schedule, and the next hand-over."""
    now = clock.now()
    told = []
    for schedule in schedules():
        plan = plan_of(schedule)
        told.append((schedule, rota.on_call(plan, now), rota.next_change(plan, now)))
    wanted = {pk for _, pk, change in told for pk in (pk, change[1] if change else None) if pk is not None}
    found = User.objects.filter(is_active=True).in_bulk(wanted)
    return [
        OnCall(
            schedule=schedule,
            person=found.get(pk) if pk is not None else None,
            until=change[0] if change else None,
            then=found.get(change[1]) if change and change[1] is not None else None,
        )
        for schedule, pk, change in told
    ]


def named(whom: Iterable[str], task: Any, at: datetime) -> list[User]:
    """Return the people whom a step names and who could do the task, each once, in the order of the step."""
    found: dict[int, User] = {}
    for each in whom:
        kind, _, name = each.partition(":")
        for person in _of(kind, name, task, at):
            if person.pk not in found and could_do(person, task):
                found[person.pk] = person
    return list(found.values())


def could_do(person: User, task: Any) -> bool:
    """Tell whether somebody is there, may do what the task asks for, and sees what it is about."""
    if not person.is_active or not access.has(person, permission_for(task.kind)):
        return False
    try:
        cases.task_for(person, task.pk)
    except NotFound:
        return False
    return True


def _of(kind: str, name: str, task: Any, at: datetime) -> list[User]:
    if kind == "on_call":
        person = on_call(name, at)
        return [person] if person is not None else []
    if kind == "role":
        return list(people.people_in(name))
    if kind == "person":
        return list(User.objects.filter(username=name, is_active=True))
    asked = people.holders(permission_for(task.kind))
    return [each for each in asked if cases.waiting_for(each).filter(pk=task.pk).exists()]


def ways_of(person: User) -> QuerySet[ContactWay]:
    """Return how a person is woken, what waits for its code too."""
    return ContactWay.objects.filter(person=person)


def verified_ways(persons: Iterable[User]) -> Mapping[int, list[ContactWay]]:
    """Return, by person, the ways whose code came back."""
    found: dict[int, list[ContactWay]] = {}
    for each in ContactWay.objects.filter(person__in=[*persons], verified_at__isnull=False):
        found.setdefault(each.person_id, []).append(each)
    return found


def is_reachable(person: User) -> bool:
    """Tell whether a message can leave to somebody."""
    return ContactWay.objects.filter(person=person, verified_at__isnull=False).exists()


def due(at: datetime, most: int) -> list[int]:
    """Return the pages whose next step is due, the longest due first.

    One that last climbed in the future climbed before the clock was set back: it is due too, or a clock that
    was an hour ahead would silence it for an hour.
    """
    rows = Page.objects.filter(Q(next_at__lte=at) | Q(moved_at__gt=at + SET_BACK), state=PageState.PAGING)
    return list(rows.order_by("next_at", "pk").values_list("pk", flat=True)[:most])


def attempts_of(page: Page) -> QuerySet[PageAttempt]:
    """Return whom a page asked for, by which way, and what came of it."""
    return PageAttempt.objects.filter(page=page).select_related("person")


def may_answer(person: User, page: Page) -> bool:
    """Tell whether somebody may say that they have it: who could do it now, whoever was asked before."""
    return could_do(person, page.task)


def pages_for(user: User) -> QuerySet[Page]:
    """Return the pages that somebody sees: on cases that they see and on none.

    Who sees no case at all (an administrator) sees those of every case that is under no compartment.
    """
    rows = Page.objects.select_related("task__case", "answered_by")
    if access.has(user, "cases.view_case"):
        return rows.filter(Q(task__case__isnull=True) | Q(task__case__in=cases.visible_to(user)))
    return rows.exclude(task__case__in=cases.hidden())


def calling(user: User) -> list[Page]:
    """Return the pages that ask for somebody now, on their desk, the oldest first."""
    rows = pages_for(user).filter(state=PageState.PAGING, attempts__person=user)
    return list(rows.distinct().order_by("opened_at")[:20])


def page_of(task_id: int) -> Page | None:
    """Return the page that climbs for a task."""
    return Page.objects.filter(task_id=task_id, state=PageState.PAGING).first()


def answered_by_nobody_left(most: int) -> list[Page]:
    """Return the last pages of dangers to life whose holder is gone, the oldest first, at most `most`.

    Answered, and neither whoever answered nor whoever took the task could do it now: they were disabled, lost
    the role, or see the case no more.
    """
    later = Page.objects.filter(task=OuterRef("task"), opened_at__gt=OuterRef("opened_at"))
    last = Page.objects.filter(~Exists(later), state=PageState.ANSWERED)
    open_ones = last.filter(task__state="open", task__priority="P0").order_by("opened_at", "pk")
    rows = open_ones.select_related("task__case", "task__assignee", "answered_by")[:LOOKED_AT]
    lost = (each for each in rows if not any(could_do(person, each.task) for person in _holders(each)))
    return list(islice(lost, most))


def _holders(page: Page) -> list[User]:
    return [each for each in (page.answered_by, page.task.assignee) if each is not None]


def unanswered(at: datetime) -> list[Page]:
    """Return the pages that went through all their steps and nobody answered, the oldest first."""
    rows = Page.objects.filter(state=PageState.PAGING, opened_at__lte=at)
    return [each for each in rows.order_by("opened_at")[:1000] if each.round >= len(each.steps)]


def overdue(at: datetime, by: timedelta) -> int:
    """Return how many pages should have climbed longer ago than `by`, and did not."""
    return Page.objects.filter(state=PageState.PAGING, next_at__lt=at - by).count()


def link_with(digest: str) -> PageLink | None:
    """Return the link with this digest, used and expired ones too."""
    return PageLink.objects.select_related("person").filter(digest=digest).first()


@dataclass(frozen=True, kw_only=True)
class Timing:
    """When a person was first asked for about a record, and when one answered."""

    about: str
    opened_at: datetime
    answered_at: datetime | None


def timings(about: Sequence[str] | None = None, since: datetime | None = None) -> list[Timing]:
    """Return when pages were opened and answered, for statistics: about records, or from `since` on."""
    rows = Page.objects.all()
    if about is not None:
        rows = rows.filter(about__in=about)
    if since is not None:
        rows = rows.filter(opened_at__gte=since)
    found = rows.order_by("opened_at").values_list("about", "opened_at", "answered_at")
    return [Timing(about=each, opened_at=opened, answered_at=answered) for each, opened, answered in found]


def answers(about: Any) -> QuerySet[Page]:
    """Return the pages about a record that were answered, the first first; `about` may be an OuterRef."""
    return Page.objects.filter(about=about, answered_at__isnull=False).order_by("answered_at")


def beats() -> dict[str, datetime]:
    """Return when each part of the machinery was last alive."""
    return dict(Beat.objects.values_list("name", "at"))


def people_to_choose() -> QuerySet[User]:
    """Return who can be put on a schedule: the active people of the desk, by name."""
    return User.objects.filter(is_active=True, is_staff=True).order_by("first_name", "username")


def ways_waiting(person: User) -> bool:
    """Tell whether some way of a person waits for its code."""
    return ContactWay.objects.filter(person=person, verified_at__isnull=True).exists()


def reachable_on_call() -> bool:
    """Tell whether somebody who has the calls now can be reached otherwise than on the desk."""
    return any(each.person is not None and is_reachable(each.person) for each in on_call_now())


def way_of(person: User, pk: str) -> ContactWay:
    """Return one of a person's own ways, or raise NotFound."""
    found = ways_of(person).filter(pk=pk).first() if identifiers.is_row(pk) else None
    if found is None:
        raise NotFound
    return found
