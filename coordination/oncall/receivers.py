"""News from cases, in the transaction that tells it: a task of a danger to life asks for a person at once."""

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from coordination.cases.signals import task_ended, task_hurried, task_taken, tasks_opened
from coordination.oncall import services


@receiver(tasks_opened, dispatch_uid="oncall.open_pages")
def open_pages(sender: Any, *, tasks: Sequence[Any], **_: Any) -> None:  # noqa: ARG001
    """Page whoever policy names."""
    services.open_pages(tasks)


@receiver(task_hurried, dispatch_uid="oncall.page_for_hurried")
def page_for_hurried(sender: Any, *, task: Any, **_: Any) -> None:  # noqa: ARG001
    """Page whoever policy names, for what has become a danger to life."""
    services.open_page(task)


@receiver(task_taken, dispatch_uid="oncall.answer_page")
def answer_page(sender: Any, *, task: Any, by: Any, **_: Any) -> None:  # noqa: ARG001
    """Page nobody further for what somebody took."""
    services.answer_for(task, by=by)


@receiver(task_ended, dispatch_uid="oncall.end_page")
def end_page(sender: Any, *, task: Any, **_: Any) -> None:  # noqa: ARG001
    """Page nobody for what is done or no longer needed."""
    services.end_for(task)
