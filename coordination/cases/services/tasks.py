"""What a human must do: opened by the slices, taken and ended by people."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from django.db import transaction

from coordination.access.services import Role, User, require
from coordination.cases import selectors, signals
from coordination.cases.duties import permission_for
from coordination.cases.models import Case, Task
from coordination.cases.services.access import WORK, require_case, require_of_staff
from coordination.cases.services.queues import queues_for
from coordination.cases.services.words import said
from coordination.cases.workflow import TASK, TaskState, TaskVerb
from coordination.core import bulk, clock
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.core.fields import number
from coordination.ledger import services as ledger

# What one task is about; those about nothing are each their own.
Key: TypeAlias = tuple[str, str] | int


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """A task to open; the fields are the parameters of `open_task`."""

    case: Case | None
    kind: str
    title: str
    role: str
    instructions: str = ""
    about: str = ""
    priority: str = "normal"
    due_at: datetime | None = None
    assignee: User | None = None


@transaction.atomic
def open_task(
    case: Case | None,
    *,
    kind: str,
    title: str,
    role: str,
    by: User | None = None,
    instructions: str = "",
    about: str = "",
    priority: str = "normal",
    due_at: datetime | None = None,
    assignee: User | None = None,
) -> Task:
    """Open a task in the queue of `role`. An open task of the same kind about the same record is returned.

    That one is made P0 where this one would be. Where nobody of `role` sees the case, the task stands in the
    queue of somebody who does. `case` is None for what belongs to no case, such as a channel that is down.
    Raises InvalidInput naming `role` or `title`.
    """
    if case is not None:
        require_of_staff(by, case)
    wanted = NewTask(
        case=case,
        kind=kind,
        title=title,
        role=role,
        instructions=instructions,
        about=about,
        priority=priority,
        due_at=due_at,
        assignee=assignee,
    )
    return open_tasks([wanted], by=by)[0]


@transaction.atomic
def open_tasks(wanted: Sequence[NewTask], *, by: User | None) -> list[Task]:
    """Open tasks as `open_task` does, in a number of statements that does not grow; in the given order.

    For the system's own work, and for a person who was asked for before.
    """
    for each in wanted:
        if each.role not in [*Role]:
            raise InvalidInput("role", f"No such role: {each.role}.")
    keys: list[Key] = [(each.kind, each.about) if each.about else place for place, each in enumerate(wanted)]
    tasks: dict[Key, Task] = {}
    for key, task in zip(keys, _rows(wanted), strict=True):
        tasks.setdefault(key, task)
    number(list(tasks.values()))
    opened = bulk.insert_new(list(tasks.values()))
    if len(opened) < len(tasks):
        # What stands for the same thing stays, and ours was not inserted.
        tasks |= _standing(wanted, but={each.pk for each in opened})
    _tell_opened(opened, by=by)
    return [
        _hurried(tasks[key], by=by) if each.priority == "P0" else tasks[key]
        for key, each in zip(keys, wanted, strict=True)
    ]


@transaction.atomic
def take_task(task: Task, *, by: User, take_over: bool = False) -> Task:
    """Take a task that waits for one's role, or for everybody who may do it.

    Raises Conflict where somebody has it, unless `take_over`.
    """
    _require(by, task)
    locked = _open(task)
    if locked.assignee_id == by.pk:
        return locked
    if not selectors.waits_for(by, locked):
        raise NotPermitted
    if locked.assignee_id is not None and not take_over:
        raise Conflict("Somebody else has taken this task.")
    before = locked.assignee_id
    locked.assignee = by
    locked.save(update_fields=["assignee"])
    _record("cases.task_taken", locked, by=by, details={"from": before})
    signals.task_taken.send(sender=Task, task=locked, by=by)
    task.assignee = by
    return locked


def complete_task(task: Task, *, by: User | None, outcome: str) -> Task:
    """Complete a task and say what came of it: whoever may do what this kind of task asks for (duties).

    On a case that they work on; without one, where it stands in their queue. Raises NotPermitted for others.
    Nobody ends one about themselves; raises Refused.
    """
    return _end(task, TaskVerb.COMPLETE, by=by, outcome=outcome)


def cancel_task(task: Task, *, by: User | None, reason: str) -> Task:
    """End a task that is no longer needed, and say why. Raises what `complete_task` does."""
    return _end(task, TaskVerb.CANCEL, by=by, outcome=reason)


@transaction.atomic
def end_tasks(
    *, about: str, outcome: str, by: User | None, kind: str | None = None, cancel: bool = False
) -> int:
    """End the open tasks about one record, because what they ask for has happened; return how many.

    For the slices: `by` names who made it happen, an officer outside too. `kind` narrows it to one kind.
    """
    tasks = Task.objects.select_for_update(of=("self",)).filter(about=about, state=TaskState.OPEN)
    if kind is not None:
        tasks = tasks.filter(kind=kind)
    ended = list(tasks.select_related("case"))
    for task in ended:
        if task.case is not None:
            require_of_staff(by, task.case)
        _finish(task, TaskVerb.CANCEL if cancel else TaskVerb.COMPLETE, by=by, outcome=outcome)
    return len(ended)


@transaction.atomic
def _end(task: Task, verb: TaskVerb, *, by: User | None, outcome: str) -> Task:
    _require(by, task)
    if by is not None and task.case is not None:
        require(by, permission_for(task.kind))
    if by is not None and selectors.is_about(by, task):
        raise Refused("Nobody ends a task about themselves.", rule="separation-of-duties")
    locked = Task.objects.select_for_update(of=("self",)).get(pk=task.pk)
    _finish(locked, verb, by=by, outcome=outcome, by_hand=True)
    task.state, task.ended_at = locked.state, locked.ended_at
    return locked


def _finish(locked: Task, verb: TaskVerb, *, by: User | None, outcome: str, by_hand: bool = False) -> None:
    locked.state = TASK.after(locked.state, verb)
    locked.outcome = said("outcome", outcome, longest=2_000)
    locked.ended_at, locked.ended_by = clock.now(), by
    locked.save(update_fields=["state", "outcome", "ended_at", "ended_by"])
    action = "cases.task_completed" if verb == TaskVerb.COMPLETE else "cases.task_cancelled"
    _record(action, locked, by=by, details={"outcome_digest": ledger.digest(locked.outcome)})
    signals.task_ended.send(sender=Task, task=locked, by_hand=by_hand)


def _require(by: User | None, task: Task) -> None:
    if task.case is not None:
        require_case(by, task.case, WORK)
    elif by is not None:
        require(by, permission_for(task.kind))
        if task.assignee_id != by.pk and not selectors.waits_for(by, task):
            raise NotPermitted


def _open(task: Task) -> Task:
    locked = Task.objects.select_for_update(of=("self",)).get(pk=task.pk)
    if locked.state != TaskState.OPEN:
        raise IllegalTransition(locked.state, "take")
    return locked


def _standing(wanted: Sequence[NewTask], but: Collection[int] = ()) -> dict[Key, Task]:
    """Return the open tasks of these kinds about these records, but for those with these numbers."""
    about = {each.about for each in wanted if each.about}
    rows = Task.objects.filter(kind__in={each.kind for each in wanted}, about__in=about, state=TaskState.OPEN)
    pks = set(rows.values_list("pk", flat=True)) - set(but)
    found = Task.objects.filter(pk__in=pks).select_related("case")
    return {(each.kind, each.about): each for each in found}


def _rows(wanted: Sequence[NewTask]) -> list[Task]:
    queues = queues_for([(each.case, each.role, each.kind) for each in wanted if each.case is not None])
    return [
        Task(
            case=each.case,
            kind=each.kind,
            title=said("title", each.title, longest=200),
            instructions=each.instructions,
            about=each.about,
            priority=each.priority,
            role=each.role if each.case is None else queues[each.case.pk, each.role, each.kind],
            assignee=each.assignee,
            opened_at=clock.now(),
            due_at=each.due_at,
        )
        for each in wanted
    ]


def _tell_opened(tasks: Sequence[Task], *, by: User | None) -> None:
    ledger.append(
        ledger.entry(
            "cases.task_opened",
            subject=_subject(each),
            by=by,
            details={"task_id": each.pk, "kind": each.kind, "role": each.role, "priority": each.priority},
        )
        for each in tasks
    )
    if tasks:
        signals.tasks_opened.send(sender=Task, tasks=tasks)


def _hurried(task: Task, *, by: User | None) -> Task:
    if task.priority != "P0":
        task.priority = "P0"
        task.save(update_fields=["priority"])
        _record("cases.task_priority_raised", task, by=by, details={})
        signals.task_hurried.send(sender=Task, task=task)
    return task


def _record(action: str, task: Task, *, by: User | None, details: dict[str, str | int | None]) -> None:
    ledger.record(action, subject=_subject(task), by=by, details={"task_id": task.pk, **details})


def _subject(task: Task) -> str:
    return task.case.reference if task.case is not None else f"task:{task.pk}"
