"""Reading cases. What a person sees is what CaseAccess says of them and of their teams."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import reduce

from django.contrib.auth.models import Group
from django.db.models import Case as Choose
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import identities
from coordination.cases.duties import BY_HAND, COUNSEL, SHARED, permission_for
from coordination.cases.holding import holds, principals
from coordination.cases.models import (
    Assignment,
    Case,
    CaseAccess,
    CaseCompartment,
    CompartmentMember,
    Deadline,
    Note,
    Subject,
    Task,
    TimelineEvent,
)
from coordination.cases.workflow import Compartment, DeadlineState, TaskState
from coordination.core import clock
from coordination.core.errors import NotFound

PAGE = 25
# A count stops here: "more than 10,000" is all that a person needs to know.
MOST_COUNTED = 10_001
# A case that one person alone sees is nobody else's to look after: for a day, then others are asked.
ENOUGH_INSIDE = 2
ALONE_AT_MOST = timedelta(days=1)


def principals_of(user: User) -> list[str]:
    """Return under which names `user` is granted cases: none without the permission to see any."""
    if not access.has(user, "cases.view_case"):
        return []
    return principals(user)


def principals_of_people(people: Collection[int], teams: Iterable[int] = ()) -> list[str]:
    """Return how the access table names people, their memberships of compartments now, and teams."""
    memberships = _live_members().filter(person__in=people).order_by("pk").values_list("pk", flat=True)
    return [*(f"u{pk}" for pk in people), *(f"g{pk}" for pk in teams), *(f"m{pk}" for pk in memberships)]


def visible_to(user: User) -> QuerySet[Case]:
    """Return the cases that `user` sees, for filters; lists and counts have functions of their own."""
    return Case.objects.filter(_granted(user, "pk"))


def case_for(user: User, reference: str) -> Case:
    """Return the case of this reference, or raise NotFound, the same for a foreign and a missing one."""
    found = visible_to(user).select_related("owner").filter(reference=reference).first()
    if found is None:
        raise NotFound
    return found


def case_by_reference(reference: str) -> Case:
    """Return the case whoever asks: for the system's own work. Raises NotFound."""
    found = Case.objects.filter(reference=reference).first()
    if found is None:
        raise NotFound
    return found


def latest_for(user: User, limit: int = PAGE) -> list[Case]:
    """Return the newest cases that `user` sees.

    The newest of each principal, then the newest of those: flat at a million cases, for people who see all
    and for people who see one. A single query form is not (an IN took 46 s).
    """
    principals = principals_of(user)
    if not principals:
        return []
    newest = [
        CaseAccess.objects.filter(principal=principal)
        .order_by("-created")
        .values_list("created", "case_id")[:limit]
        for principal in principals
    ]
    rows = newest[0] if len(newest) == 1 else newest[0].union(*newest[1:], all=True)
    wanted = sorted(set(rows), reverse=True)[:limit]
    cases = Case.objects.select_related("owner").in_bulk([pk for _, pk in wanted])
    return [cases[pk] for _, pk in wanted if pk in cases]


def count_for(user: User) -> int:
    """Return how many cases `user` sees, counting no further than MOST_COUNTED."""
    principals = principals_of(user)
    capped = [
        CaseAccess.objects.filter(principal=principal).order_by().values("case_id")[:MOST_COUNTED]
        for principal in principals
    ]
    if not capped:
        return 0
    each = capped[0] if len(capped) == 1 else reduce(lambda left, right: left.union(right), capped)
    return min(each.count(), MOST_COUNTED)


def may(user: User, case: Case, permission: str) -> bool:
    """Tell whether `user` holds `permission` by role and is granted this case for it.

    Grants know seeing and working; the other permissions need the grant to work.
    """
    if not access.has(user, "cases.view_case") or not access.has(user, f"cases.{permission}"):
        return False
    return holds(user, case, "view_case" if permission == "view_case" else "work_case")


def timeline(case: Case) -> QuerySet[TimelineEvent]:
    """Return what happened on a case, oldest first."""
    return TimelineEvent.objects.filter(case=case).select_related("by")


def notes_of(case: Case) -> QuerySet[Note]:
    """Return the notes on a case, oldest first."""
    return Note.objects.filter(case=case).select_related("author")


def subjects_of(case: Case) -> QuerySet[Subject]:
    """Return the accounts of concern in a case."""
    return Subject.objects.filter(case=case).order_by("pk")


def assignments_of(case: Case) -> QuerySet[Assignment]:
    """Return who had the case as what, oldest first."""
    return Assignment.objects.filter(case=case).select_related("user")


def teams_of(case: Case) -> list[str]:
    """Return the names of the teams that see the case, sorted."""
    return sorted(Group.objects.filter(pk__in=_principals(case, "g")).values_list("name", flat=True))


def people_of(case: Case) -> list[User]:
    """Return the people who see the case by a grant of their own, by name."""
    members = _live_members().filter(pk__in=_principals(case, "m")).values_list("person", flat=True)
    return sorted(User.objects.filter(pk__in=[*_principals(case, "u"), *members]), key=str)


def compartments_of(case: Case) -> QuerySet[CaseCompartment]:
    """Return the compartments that a case is under."""
    return CaseCompartment.objects.filter(case=case, lifted_at=None).select_related("case").order_by("name")


def is_hidden(case: Case) -> bool:
    """Tell whether a case is under a compartment."""
    return compartments_of(case).exists()


def hidden() -> QuerySet[Case]:
    """Return the cases under a compartment, whoever asks: to leave them out."""
    return Case.objects.filter(Exists(CaseCompartment.objects.filter(case=OuterRef("pk"), lifted_at=None)))


def hidden_with_account(subject: Subject) -> QuerySet[Case]:
    """Return the cases under a compartment with the same subject: for the system's own work."""
    return hidden().filter(subjects__account_index__in=account_indexes(subject.account)).distinct()


def with_hidden_account(subjects: Collection[Subject]) -> list[Subject]:
    """Return those whose account is a subject of a case under a compartment: one question for many."""
    indexes = {each.pk: set(account_indexes(each.account)) for each in subjects}
    rows = Subject.objects.filter(case__in=hidden(), account_index__in=set().union(*indexes.values()))
    found = {bytes(each) for each in rows.values_list("account_index", flat=True)}
    return [each for each in subjects if indexes[each.pk] & found]


def members_of(*compartments: CaseCompartment) -> QuerySet[CompartmentMember]:
    """Return who is in any of these compartments now, by name."""
    rows = _live_members().filter(compartment__in=compartments).select_related("person", "granted_by")
    return rows.order_by("person__first_name", "person__username")


def keepers_of(compartment: CaseCompartment, keep: Mapping[Compartment, str]) -> list[User]:
    """Return the members who let others in: they see the case and hold the permission of `keep`."""
    permission = keep[Compartment(compartment.name)]
    return [each.person for each in members_of(compartment) if access.has(each.person, permission)]


def insiders_of(case: Case, since: datetime | None = None) -> set[int]:
    """Return who is in every compartment of a case now, or was for some of the time from `since` on."""
    moment = since or clock.now()
    in_time = Q(ended_at=None) | Q(ended_at__gt=moment)
    found = [
        set(each.members.filter(in_time, until__gt=moment).values_list("person_id", flat=True))
        for each in compartments_of(case)
    ]
    return set.intersection(*found) if found else set()


def is_alone_too_long(case: Case) -> bool:
    """Tell whether fewer than two people saw a case under compartments, all through ALONE_AT_MOST."""
    since = clock.now() - ALONE_AT_MOST
    return (
        all(each.marked_at <= since for each in compartments_of(case))
        and len(insiders_of(case, since)) < ENOUGH_INSIDE
    )


def standing_compartments() -> QuerySet[CaseCompartment]:
    """Return every compartment that is not lifted, whoever asks: for the system's own work."""
    return CaseCompartment.objects.filter(lifted_at=None).select_related("case").order_by("pk")


def waiting_for_others(keep: Mapping[Compartment, str]) -> list[CaseCompartment]:
    """Return the standing compartments into which others may be let by who is not in them, whoever asks.

    Those in which nobody is left who lets others in, or in which somebody was alone too long.
    """
    rows = standing_compartments()
    return [each for each in rows if not keepers_of(each, keep) or is_alone_too_long(each.case)]


def compartments_for(user: User, keep: Mapping[Compartment, str]) -> QuerySet[CaseCompartment]:
    """Return the standing compartments of the cases that `user` sees, and those that wait for others."""
    names = [name for name, permission in keep.items() if access.has(user, permission)]
    waiting = [each.pk for each in waiting_for_others(keep) if each.name in names] if names else []
    shown = Q(_granted(user, "case_id")) | Q(pk__in=waiting)
    rows = CaseCompartment.objects.filter(shown, lifted_at=None, name__in=names)
    return rows.select_related("case", "marked_by").order_by("pk")


def account_index(account: str) -> bytes:
    """Return the blind index that an account is written with: every character counts, as where it joins."""
    return identities.account_identity(account).index


def account_indexes(account: str) -> list[bytes]:
    """Return the blind indexes by which an account is found again."""
    return identities.account_identity(account).indexes


def subject_of(case: Case, account: str) -> Subject | None:
    """Return the subject of a case with this account, whoever asks."""
    return Subject.objects.filter(case=case, account_index__in=account_indexes(account)).first()


def subjects_with_account(account: str) -> QuerySet[Case]:
    """Return the cases in which this account is a subject, newest first, whoever may see them.

    For the system's own matching (a returning subject joins the case); never for a page. Cases under a
    compartment are not among them: nothing new is hidden by joining one.
    """
    return (
        Case.objects.exclude(pk__in=hidden().values("pk"))
        .filter(subjects__account_index__in=account_indexes(account))
        .order_by("-opened_at")
        .distinct()
    )


def with_account(account: str) -> QuerySet[Case]:
    """Return every case in which this account is a subject, under a compartment too.

    For what guards the account wherever it stands; never for a page.
    """
    return Case.objects.filter(subjects__account_index__in=account_indexes(account))


def waiting_for(user: User) -> QuerySet[Task]:
    """Return the open tasks that wait for `user`: P0 first, then by when they are due.

    A task waits for whoever took it, before that for everybody with its role; a decision (duties.SHARED), for
    everybody who may take it. A task on a case waits only for those who see the case.
    """
    mine = Q(assignee=user) | Q(assignee__isnull=True) & _queued(user)
    return _in_order(Task.objects.filter(mine, reachable(user), state=TaskState.OPEN))


def waits_for(user: User, task: Task) -> bool:
    """Tell whether a task stands in a queue of `user`, whoever has taken it."""
    return Task.objects.filter(_queued(user), pk=task.pk).exists()


def team_tasks_for(user: User) -> QuerySet[Task]:
    """Return the open tasks of the queues of `user`, those that others took too."""
    return _in_order(Task.objects.filter(_queued(user), reachable(user), state=TaskState.OPEN))


def open_tasks_for(user: User) -> QuerySet[Task]:
    """Return all open tasks that `user` sees, those of other roles and people on the same cases too."""
    seen = Q(case__isnull=False) | Q(assignee=user) | _queued(user)
    return _in_order(Task.objects.filter(seen, reachable(user), state=TaskState.OPEN))


def task_for(user: User, pk: int) -> Task:
    """Return a task that `user` sees, open or ended, or raise NotFound."""
    seen = Q(case__isnull=False) | Q(assignee=user) | _queued(user)
    found = Task.objects.filter(seen, reachable(user), pk=pk).select_related("case", "assignee").first()
    if found is None:
        raise NotFound
    return found


def tasks_of(case: Case) -> QuerySet[Task]:
    """Return the tasks of a case, open ones first."""
    open_first = Choose(When(state=TaskState.OPEN, then=Value(0)), default=Value(1))
    return (
        Task.objects.filter(case=case)
        .select_related("assignee", "ended_by")
        .order_by(open_first, *_urgency())
    )


def loose_tasks_for(user: User) -> QuerySet[Task]:
    """Return the tasks of the queues of `user` that no case and no other page ends, ended ones too."""
    mine = Q(assignee=user) | _queued(user)
    return Task.objects.filter(mine, case=None, kind__in=BY_HAND).select_related("assignee", "ended_by")


def is_loose(task: Task) -> bool:
    """Tell whether no case and no other page ends a task, so that it has one of its own."""
    return task.case_id is None and task.kind in BY_HAND


def is_about(user: User, task: Task) -> bool:
    """Tell whether a task is about this person's own account."""
    return task.about == f"access.user:{user.pk}"


def open_task(kind: str, about: str) -> Task | None:
    """Return the open task of this kind about this record, or None."""
    return Task.objects.filter(kind=kind, about=about, state=TaskState.OPEN).first()


def open_tasks_of_kind(kind: str) -> QuerySet[Task]:
    """Return the open tasks of this kind, whoever asks: for the system's own work."""
    return Task.objects.filter(kind=kind, state=TaskState.OPEN).order_by("pk")


def deadlines_of(case: Case) -> QuerySet[Deadline]:
    """Return the deadlines of a case, the next one first."""
    return Deadline.objects.filter(case=case)


def running_deadlines_for(user: User) -> QuerySet[Deadline]:
    """Return the deadlines that run on the cases that `user` sees, the next one first."""
    return _deadlines_for(user, DeadlineState.RUNNING).order_by("due_at")


def missed_deadlines_for(user: User) -> QuerySet[Deadline]:
    """Return the deadlines that were missed and not met since, on the cases `user` sees, newest first."""
    return _deadlines_for(user, DeadlineState.MISSED).order_by("-due_at")


def _deadlines_for(user: User, state: DeadlineState) -> QuerySet[Deadline]:
    return Deadline.objects.filter(_granted(user, "case_id"), state=state).select_related("case")


def _principals(case: Case, kind: str) -> list[int]:
    rows = CaseAccess.objects.filter(case=case, principal__startswith=kind)
    return [int(principal[1:]) for principal in rows.values_list("principal", flat=True)]


def _live_members() -> QuerySet[CompartmentMember]:
    return CompartmentMember.objects.filter(ended_at=None, until__gt=clock.now())


def _granted(user: User, case_field: str) -> Exists:
    return Exists(CaseAccess.objects.filter(principal__in=principals_of(user), case=OuterRef(case_field)))


def reachable(user: User) -> Q:
    """Return what lets through rows with a `case` that `user` sees, or with none."""
    # A range, where "=" would do: for that PostgreSQL reads every case of the person for a page of 50 rows.
    here = OuterRef("case_id")
    seen = CaseAccess.objects.filter(principal__in=principals_of(user), case__gte=here, case__lte=here)
    return Q(case__isnull=True) | Q(Exists(seen))


def _queued(user: User) -> Q:
    roles = user.role_names if user.is_active else []
    shared = [kind for kind in SHARED if access.has(user, permission_for(kind))]
    counsel = Q(role__in=COUNSEL)
    if not roles:
        return Q(pk__in=())
    if set(COUNSEL) & set(roles):
        return Q(role__in=roles) | Q(kind__in=shared)
    return Q(role__in=roles) | Q(kind__in=shared) & ~counsel


def _in_order(tasks: QuerySet[Task]) -> QuerySet[Task]:
    return tasks.select_related("case", "assignee").order_by(*_urgency())


def _urgency() -> list[Combinable | str]:
    p0_first = Choose(When(priority="P0", then=Value(0)), default=Value(1))
    return [p0_first, F("due_at").asc(nulls_last=True), "pk"]
