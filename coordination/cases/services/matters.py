"""A case as a whole: opened, assigned, watched, closed, re-opened; its subjects, timeline and notes."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors, signals
from coordination.cases.models import Assignment, Case, Deadline, Note, Subject, Task, TimelineEvent
from coordination.cases.services.access import (
    WORK,
    grant,
    require_case,
    require_of_staff,
)
from coordination.cases.services.many import (
    NewCase,
    NewEvent,
    NewSubject,
    add_events,
    add_subjects,
    open_cases,
)
from coordination.cases.services.words import said
from coordination.cases.workflow import CASE, CaseState, CaseVerb, DeadlineState, TaskState
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.ledger import services as ledger

OWNER = "owner"


@transaction.atomic
def open_case(
    title: str,
    *,
    by: User | None,
    priority: str = "normal",
    accounts: Iterable[str] = (),
    at: datetime | None = None,
) -> Case:
    """Open a case, give it to the default teams and name its subjects.

    `title` is neutral: it stands in lists. Raises InvalidInput naming `title` or `priority`, and NotPermitted
    for somebody on the desk without `cases.work_case`.
    """
    if by is not None and by.is_staff:
        access.require(by, f"cases.{WORK}")
    wanted = NewCase(title=title, priority=priority, accounts=tuple(accounts))
    return open_cases([wanted], by=by, at=at)[0]


@transaction.atomic
def add_subject(case: Case, *, account: str, by: User | None, note: str = "") -> Subject:
    """Name an account of concern. One that the case knows already is returned as it is."""
    require_of_staff(by, case)
    return add_subjects([NewSubject(case=case, account=account, note=note)], by=by)[0]


@transaction.atomic
def add_event(
    case: Case,
    *,
    kind: str,
    title: str,
    by: User | None = None,
    detail: str = "",
    about: str = "",
    at: datetime | None = None,
) -> TimelineEvent:
    """Write one line on the timeline: what happened, in words. The deed itself has its own ledger entry.

    `title` is neutral; what a person said or wrote goes into `detail`, which is sealed.
    """
    require_of_staff(by, case)
    return _tell(case, kind, title, by=by, detail=detail, about=about, at=at)


@transaction.atomic
def add_note(case: Case, *, text: str, by: User) -> Note:
    """Write a note on a case. Notes are never changed."""
    require_case(by, case, WORK)
    text = said("text", text, longest=20_000)
    note = Note.objects.create(case=case, author=by, at=clock.now(), text=text)
    ledger.record(
        "cases.note_added",
        subject=case.reference,
        by=by,
        details={"note_id": note.pk, "text_digest": ledger.digest(text)},
    )
    return note


@transaction.atomic
def assign(case: Case, *, user: User, role: str = OWNER, by: User | None) -> Assignment:
    """Give a case to a person, as its owner or in another part; who had that part before has it no more.

    Who does not work on it yet is let in, which takes the permission to grant, and is a grant like any other.
    Raises InvalidInput naming `user` where they may not work on cases.
    """
    require_case(by, case, "assign_case")
    locked = _locked(case)
    role = said("role", role, longest=40)
    if not access.has(user, f"cases.{WORK}"):
        raise InvalidInput("user", "Only somebody who may work on cases can have one.")
    hidden = selectors.is_hidden(case)
    if hidden and not selectors.may(user, case, WORK):
        raise InvalidInput("user", "They are not in the compartment of this case: let them in first.")
    now = clock.now()
    current = Assignment.objects.filter(case=case, role=role, until__isnull=True)
    same = current.filter(user=user).first()
    if same is not None:
        return same
    if not selectors.may(user, case, WORK):
        grant(case, principal=user, by=by)
    current.update(until=now)
    assignment = Assignment.objects.create(case=case, user=user, role=role, since=now)
    if role == OWNER:
        locked.owner = case.owner = user
        locked.save(update_fields=["owner"])
    ledger.record("cases.assigned", subject=case.reference, by=by, details={"user": user.pk, "part": role})
    _tell(case, "assigned", f"{user} is now {role}", by=by)
    return assignment


def monitor_case(case: Case, *, by: User | None, reason: str) -> Case:
    """Watch a case that needs nothing now."""
    return _move(case, CaseVerb.MONITOR, by=by, reason=reason)


def close_case(case: Case, *, by: User | None, reason: str) -> Case:
    """Close a case. Raises Refused while a task is open or a deadline runs on it."""
    return _move(case, CaseVerb.CLOSE, by=by, reason=reason)


def reopen_case(case: Case, *, by: User | None, reason: str) -> Case:
    """Open a watched or closed case again."""
    return _move(case, CaseVerb.REOPEN, by=by, reason=reason)


@transaction.atomic
def raise_priority(case: Case, *, by: User | None) -> Case:
    """Make a case P0: danger to life. Nothing makes it less; one that is P0 is returned as it is."""
    require_of_staff(by, case)
    return raise_priorities([case], by=by)[0]


@transaction.atomic
def raise_priorities(cases: Collection[Case], *, by: User | None) -> list[Case]:
    """Make cases P0, as `raise_priority` does, in a number of statements that does not grow.

    For the system's own work, and for a person who was asked for before.
    """
    locked = hold(cases)
    raised = [each for each in locked.values() if each.priority != "P0"]
    Case.objects.filter(pk__in=[each.pk for each in raised]).update(priority="P0")
    ledger.append(ledger.entry("cases.priority_raised", subject=each.reference, by=by) for each in raised)
    title = "The case is P0: danger to life"
    add_events([NewEvent(case=each, kind="priority", title=title, by=by) for each in raised])
    for each in [*raised, *cases]:
        each.priority = "P0"
    return [locked[each.pk] for each in cases]


def hold(cases: Collection[Case]) -> dict[int, Case]:
    """Lock cases until the transaction ends, in one order, so that batches do not deadlock; by number."""
    if not cases:
        return {}
    rows = Case.objects.select_for_update(of=("self",)).filter(pk__in=[each.pk for each in cases])
    return {each.pk: each for each in rows.order_by("pk")}


_DONE = {
    CaseVerb.MONITOR: ("cases.monitored", "The case is watched"),
    CaseVerb.CLOSE: ("cases.closed", "The case was closed"),
    CaseVerb.REOPEN: ("cases.reopened", "The case was opened again"),
}


@transaction.atomic
def _move(case: Case, verb: CaseVerb, *, by: User | None, reason: str) -> Case:
    require_case(by, case, WORK)
    locked = _locked(case)
    after = CASE.after(locked.state, verb)
    reason = said("reason", reason, longest=2_000)
    if after == CaseState.CLOSED:
        _require_nothing_open(locked)
    locked.state = after
    locked.closed_at = clock.now() if after == CaseState.CLOSED else None
    locked.save(update_fields=["state", "closed_at"])
    case.state, case.closed_at = locked.state, locked.closed_at
    action, words = _DONE[verb]
    ledger.record(action, subject=case.reference, by=by, details={"reason_digest": ledger.digest(reason)})
    _tell(case, verb.value, words, by=by, detail=reason)
    if verb == CaseVerb.CLOSE:
        signals.case_closed.send(sender=Case, case=locked, reason=reason)
    elif verb == CaseVerb.REOPEN:
        signals.case_reopened.send(sender=Case, case=locked, reason=reason)
    return locked


def _require_nothing_open(case: Case) -> None:
    if Task.objects.filter(case=case, state=TaskState.OPEN).exists():
        raise Refused("The case has open tasks: complete or cancel them first.", rule="open-tasks")
    if Deadline.objects.filter(case=case, state=DeadlineState.RUNNING).exists():
        raise Refused("A deadline runs on the case: meet or cancel it first.", rule="running-deadlines")


def _tell(
    case: Case,
    kind: str,
    title: str,
    *,
    by: User | None,
    detail: str = "",
    about: str = "",
    at: datetime | None = None,
) -> TimelineEvent:
    line = NewEvent(case=case, kind=kind, title=title, by=by, detail=detail, about=about, at=at)
    return add_events([line])[0]


def _locked(case: Case) -> Case:
    return Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
