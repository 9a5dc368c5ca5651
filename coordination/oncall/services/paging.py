"""A page from its opening to its end. It opens in the transaction of its task; climbing.py wakes people."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from coordination.access.services import User
from coordination.core import bulk, clock
from coordination.core.errors import NotPermitted
from coordination.core.fields import number
from coordination.ledger import services as ledger
from coordination.oncall import selectors
from coordination.oncall.models import Page
from coordination.oncall.workflow import PAGE, Answered, PageState, PageVerb
from coordination.policy import selectors as policy


@transaction.atomic(savepoint=False)
def open_pages(tasks: Sequence[Any]) -> list[Page]:
    """Open a page for each of these new tasks whose kind and priority policy in force names.

    For receivers, inside the transaction that opens the tasks, in a number of statements that does not grow:
    nothing is sent here.
    """
    rows = list(policy.escalations())
    now = clock.now()
    pages = [_page(task, row, now) for task in tasks if (row := _row_for(task, rows)) is not None]
    number(pages)
    bulk.insert(pages)
    ledger.append(
        ledger.entry(
            "oncall.page_opened",
            subject=f"page:{page.pk}",
            by=None,
            details={"task_id": page.task_id, "policy": page.policy},
        )
        for page in pages
    )
    return pages


@transaction.atomic
def open_page(task: Any) -> None:
    """Open a page for a task that is a danger to life since, unless one climbs for it already."""
    if selectors.page_of(task.pk) is not None:
        return
    # Somebody else may open one for it at the same moment.
    with suppress(IntegrityError), transaction.atomic():
        open_pages([task])


def page_again(most: int = 100) -> int:
    """Page anew for what somebody had who can do it no more; return how many. For a periodic job."""
    again = 0
    for page in selectors.answered_by_nobody_left(most):
        with transaction.atomic():
            record("oncall.holder_lost", page, by=None, details={"task_id": page.task_id})
            open_page(page.task)
        again += 1
    return again


def _row_for(task: Any, rows: Iterable[Any]) -> Any:
    return next((row for row in rows if row.priority == task.priority and task.kind in row.task_kinds), None)


def _page(task: Any, row: Any, now: datetime) -> Page:
    return Page(
        task=task,
        about=task.about,
        task_kind=task.kind,
        policy=f"{row.code} ({row.pack})",
        steps=row.steps,
        repeat_minutes=row.repeat_minutes,
        opened_at=now,
        next_at=now,
    )


@transaction.atomic
def answer(page: Page, *, by: User, how: str = Answered.DESK) -> Page:
    """Say that a person has it: the page climbs no more. The task stays open until it is done.

    Raises NotPermitted for who could not do the task, and IllegalTransition where
    somebody answered before, or the task needs nobody any more.
    """
    locked = _locked(page)
    if not selectors.may_answer(by, locked):
        raise NotPermitted
    _answer(locked, by=by, how=how)
    page.state = locked.state
    return locked


@transaction.atomic
def answer_for(task: Any, *, by: User) -> None:
    """Answer the page of a task that somebody took; nothing where none climbs."""
    page = selectors.page_of(task.pk)
    if page is not None:
        _answer(_locked(page), by=by, how=Answered.TAKEN)


@transaction.atomic
def end_for(task: Any) -> None:
    """End the page of a task that is over, answered by whoever ended it; nothing where none climbs."""
    page = selectors.page_of(task.pk)
    if page is None:
        return
    locked = _locked(page)
    if locked.state == PageState.PAGING and task.ended_by is not None and task.ended_by.is_staff:
        _answer(locked, by=task.ended_by, how=Answered.DONE)
    elif locked.state == PageState.PAGING:
        locked.state = PAGE.after(locked.state, PageVerb.END)
        locked.ended_at = clock.now()
        locked.save(update_fields=["state", "ended_at"])
        record("oncall.page_ended", locked, by=None, details={"task_id": locked.task_id})


def record(action: str, page: Page, *, by: User | None, details: dict[str, ledger.Value]) -> None:
    """Record what happened to a page in the ledger."""
    ledger.record(action, subject=f"page:{page.pk}", by=by, details=details)


def _answer(locked: Page, *, by: User, how: str) -> None:
    locked.state = PAGE.after(locked.state, PageVerb.ANSWER)
    now: datetime = clock.now()
    locked.answered_at, locked.answered_by, locked.answered_how = now, by, how
    locked.save(update_fields=["state", "answered_at", "answered_by", "answered_how"])
    record("oncall.page_answered", locked, by=by, details={"how": str(how), "round": locked.round})


def _locked(page: Page) -> Page:
    return Page.objects.select_for_update(of=("self",)).select_related("task__case").get(pk=page.pk)
