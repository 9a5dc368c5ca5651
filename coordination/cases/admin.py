"""The case on the desk: one page with everything that hangs on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from coordination.access import markup
from coordination.access import services as access
from coordination.access.modeladmin import person
from coordination.access.recordadmin import Act, Data, act
from coordination.access.searching import Searched
from coordination.cases import (  # noqa: F401 - three register themselves
    compartmentadmin,
    packageadmin,
    selectors,
    services,
    taskadmin,
)
from coordination.cases.duties import permission_for
from coordination.cases.exhibitacts import ExhibitActs, exhibits_of
from coordination.cases.forms import AssignForm, CompartmentForm, NoteForm, OutcomeForm, ReasonForm
from coordination.cases.models import Case, Task
from coordination.cases.workflow import CASE, CaseVerb
from coordination.core.errors import NotFound
from coordination.core.rules import Records


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A part of the case page that a slice above adds: its template, and what that shows."""

    slug: str
    title: str
    template: str
    count: int
    context: dict[str, Any] = field(default_factory=dict)


PanelMaker = Callable[[HttpRequest, Case], Panel | None]
_panels: list[PanelMaker] = []


def case_panel(maker: PanelMaker) -> PanelMaker:
    """Add a panel to the case page; `maker` returns None for who may not see it."""
    _panels.append(maker)
    return maker


@admin.register(Case)
class CaseAdmin(Searched, ExhibitActs):
    """Cases that the person was let into, newest first."""

    lookup = "reference"
    records = Records.OF_CASES
    pages = {"": "cases/case.html"}
    list_display = ("reference", "title", "priority_word", "state_word", "owner", "opened")
    list_select_related = ("owner",)
    ordering = ("-opened_at",)
    search_help_text = "The whole reference of the case (C-…)."
    empty_text = (
        "No case yet that you are let into. A case appears here when it opens for your role, "
        "or when somebody lets you in."
    )

    def visible_to(self, user: Any) -> QuerySet[Case]:
        """Return the cases that the person was let into."""
        return selectors.visible_to(user)

    def ways_to_find(self, request: HttpRequest, term: str) -> list[Q]:  # noqa: ARG002
        """Find by reference."""
        return [Q(reference=term.upper())]

    def name_of(self, record: Case) -> str:
        """Return reference and title."""
        return f"{record.reference} {record.title}"

    @admin.display(description="opened", ordering="opened_at")
    def opened(self, row: Case) -> str:
        """Show when, with the zone."""
        return markup.when(row.opened_at)

    @admin.display(description="priority")
    def priority_word(self, row: Case) -> str:
        """Mark danger to life."""
        return markup.state("P0", "P0") if row.priority == "P0" else "normal"

    @admin.display(description="state")
    def state_word(self, row: Case) -> str:
        """Show the state with its shape."""
        return markup.state(row.state)

    def offers(self, request: HttpRequest, record: Case, wanted: Act) -> bool:
        """Offer what the state allows, to who may work this case."""
        verb = {
            "close": CaseVerb.CLOSE,
            "reopen": CaseVerb.REOPEN,
            "monitor": CaseVerb.MONITOR,
        }.get(wanted.name)
        # The rights of another slice are asked for beside the grant to work on the case.
        slice_, _, needed = wanted.permission.partition(".")
        if not selectors.may(person(request), record, needed if slice_ == "cases" else "work_case"):
            return False
        if wanted.name in {"lift_hold", "make_package"}:
            return self.offers_of_exhibits(request, record, wanted)
        return verb is None or verb in CASE.allowed(record.state)

    def page_context(self, request: HttpRequest, record: Case, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Return all that hangs on the case."""
        tasks = list(selectors.tasks_of(record))
        open_tasks = [task for task in tasks if task.state == "open"]
        user = person(request)
        panels = [panel for panel in (maker(request, record) for maker in _panels) if panel]
        return {
            "case": record,
            "timeline": list(selectors.timeline(record)),
            "open_tasks": open_tasks,
            "for_me": set(selectors.team_tasks_for(user).filter(case=record)),
            "may_end": {task for task in open_tasks if access.has(user, permission_for(task.kind))},
            "ended_tasks": [task for task in tasks if task.state != "open"],
            "deadlines": list(selectors.deadlines_of(record)),
            "subjects": list(selectors.subjects_of(record)),
            "notes": list(selectors.notes_of(record)),
            "assignments": list(selectors.assignments_of(record)),
            "teams": [*selectors.teams_of(record), *map(str, selectors.people_of(record))],
            "compartments": list(selectors.compartments_of(record)),
            "panels": panels,
            "exhibits": exhibits_of(request, record),
        }

    @act("cases.work_case", "Add note", form=NoteForm)
    def add_note(self, request: HttpRequest, record: Case, data: Data) -> str:
        """Write something down."""
        services.add_note(record, text=data["text"], by=person(request))
        return "The note is on the case."

    @act("cases.work_case", "Take this task")
    def take_task(self, request: HttpRequest, record: Case, data: Data) -> str:
        """Take a task out of its role's queue."""
        services.take_task(_task(record, data), by=person(request))
        return "The task is yours."

    @act("cases.work_case", "Complete", form=OutcomeForm)
    def complete_task(self, request: HttpRequest, record: Case, data: Data) -> str:
        """End a task with what came of it."""
        services.complete_task(_task(record, data), by=person(request), outcome=data["outcome"])
        return "The task is done."

    @act("cases.work_case", "No longer needed", form=ReasonForm)
    def cancel_task(self, request: HttpRequest, record: Case, data: Data) -> str:
        """End a task that nobody need do any more."""
        services.cancel_task(_task(record, data), by=person(request), reason=data["reason"])
        return "The task is cancelled."

    @act("cases.assign_case", "Assign", form=AssignForm)
    def assign(self, request: HttpRequest, record: Case, data: Data) -> str:
        """Give the case to somebody."""
        services.assign(record, user=data["user"], role=data["role"], by=person(request))
        return f"{data['user']} has the case as {data['role'].replace('_', ' ')}."

    # Who keeps any compartment keeps that of victims; the service asks for the one that is chosen.
    @act("cases.keep_victim", "Put under a compartment", form=CompartmentForm, grave=True, step_up=True)
    def put_under(self, request: HttpRequest, record: Case, data: Data) -> str:
        """Take the case from everybody else."""
        chosen = {name: data[name] for name in ("compartment", "reason", "until")}
        services.mark(record, by=person(request), **chosen)
        return "The case is under the compartment. You are alone in it: let a second person in within a day."

    @act("cases.work_case", "Close the case", form=ReasonForm)
    def close(self, request: HttpRequest, record: Case, data: Data) -> str:
        """Close the case; a returning subject re-opens it."""
        services.close_case(record, by=person(request), reason=data["reason"])
        return "The case is closed. The subject's return re-opens it."

    @act("cases.work_case", "Watch without acting", form=ReasonForm)
    def monitor(self, request: HttpRequest, record: Case, data: Data) -> str:
        """Keep an eye on the case."""
        services.monitor_case(record, by=person(request), reason=data["reason"])
        return "The case is watched."

    @act("cases.work_case", "Re-open the case", form=ReasonForm)
    def reopen(self, request: HttpRequest, record: Case, data: Data) -> str:
        """Open a closed or watched case again."""
        services.reopen_case(record, by=person(request), reason=data["reason"])
        return "The case is open again."


def _task(case: Case, data: Data) -> Task:
    wanted = str(data["target"])
    found = next((task for task in selectors.tasks_of(case) if str(task.pk) == wanted), None)
    if found is None:
        raise NotFound
    return found
