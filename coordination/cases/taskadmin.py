"""What belongs to no case and no other page ends: who has it in their queue says here what came of it."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from coordination.access import markup
from coordination.access.modeladmin import person
from coordination.access.recordadmin import Act, Data, RecordAdmin, act
from coordination.cases import selectors, services
from coordination.cases.duties import permission_for
from coordination.cases.forms import OutcomeForm
from coordination.cases.models import Task
from coordination.core.rules import Records

# Who is told of people and of places, and of no case: administrators and auditors.
SEE = "cases.view_loose_task"


@admin.register(Task)
class TaskAdmin(RecordAdmin):
    """Tasks of one's own queue that are ended by hand, open ones first."""

    view_permission = SEE
    records = Records.OF_QUEUE
    pages: ClassVar[dict[str, str]] = {"": "cases/task.html"}
    list_display = ("title", "state_word", "taken_by", "opened_at")
    # "open" comes after the other two in the alphabet.
    ordering = ("-state", "-pk")
    empty_text = (
        "Nothing waits here. Tasks that belong to no case come here: a store without room, somebody who opens"
        " records faster than anybody reads. Home shows them at once."
    )

    def visible_to(self, user: Any) -> QuerySet[Task]:
        """Return what waits for the person or their role, and what became of it before."""
        return selectors.loose_tasks_for(user)

    @admin.display(description="state")
    def state_word(self, row: Task) -> SafeString:
        """Mark danger to life while it waits."""
        return markup.state("P0" if row.priority == "P0" and row.state == "open" else row.state)

    @admin.display(description="taken by", ordering="assignee")
    def taken_by(self, row: Task) -> str:
        """Name who has it, or had it."""
        return str(row.assignee or "nobody")

    def offers(self, request: HttpRequest, record: Task, wanted: Act) -> bool:
        """Offer what this kind of task asks for, and to take it while nobody has it."""
        if record.state != "open" or selectors.is_about(person(request), record):
            return False
        if wanted.name == "take":
            return record.assignee_id is None
        return wanted.permission == permission_for(record.kind)

    def page_context(self, request: HttpRequest, record: Task, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Tell who is asked about that another ends it."""
        return {"is_about_me": selectors.is_about(person(request), record)}

    @act(SEE, "Take this task")
    def take(self, request: HttpRequest, record: Task, data: Data) -> str:  # noqa: ARG002
        """Tell the others of the role that one has it."""
        services.take_task(record, by=person(request))
        return "The task is yours."

    @act("evidence.keep_store", "Complete", form=OutcomeForm)
    def made_room(self, request: HttpRequest, record: Task, data: Data) -> str:
        """Say how there is room again."""
        return _complete(request, record, data)

    @act("access.view_ledgerreview", "Complete", form=OutcomeForm)
    def looked_into(self, request: HttpRequest, record: Task, data: Data) -> str:
        """Say what somebody opened so many records for."""
        return _complete(request, record, data)

    @act("triage.counsel_flag", "Complete", form=OutcomeForm)
    def kept_apart(self, request: HttpRequest, record: Task, data: Data) -> str:
        """Say how two cases are kept apart."""
        return _complete(request, record, data)


def _complete(request: HttpRequest, record: Task, data: Data) -> str:
    services.complete_task(record, by=person(request), outcome=data["outcome"])
    return "The task is done."
