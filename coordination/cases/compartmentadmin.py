"""Compartments on the desk: who is in, until when; letting people in and taking them out."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from coordination.access.modeladmin import person
from coordination.access.recordadmin import Act, Data, Done, RecordAdmin, act
from coordination.cases import selectors, services
from coordination.cases.forms import AdmitForm, ReasonForm
from coordination.cases.models import CaseCompartment
from coordination.core.errors import NotFound
from coordination.core.rules import Records

# Who keeps any compartment keeps that of victims; the services ask for the one that it is.
KEEP = "cases.keep_victim"


@admin.register(CaseCompartment)
class CompartmentAdmin(RecordAdmin):
    """Compartments of the cases that the person sees, and those that wait for others."""

    view_permission = KEEP
    records = Records.OF_CASES
    pages: ClassVar[dict[str, str]] = {"": "cases/compartment.html"}
    list_display = ("name", "marked_by", "marked_at")
    empty_text = "No compartment that you are in."

    def visible_to(self, user: Any) -> QuerySet[CaseCompartment]:
        """Return what the person keeps, or may take on."""
        return selectors.compartments_for(user, services.KEEP)

    def name_of(self, record: CaseCompartment) -> str:
        """Name the compartment, and no case: somebody may look who is not in it yet."""
        return f"Compartment: {record.get_name_display()}"

    def page_context(self, request: HttpRequest, record: CaseCompartment, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Show who is in; to members also which case it is."""
        sees = selectors.visible_to(person(request)).filter(pk=record.case_id).exists()
        return {"members": list(selectors.members_of(record)), "case": record.case if sees else None}

    def offers(self, request: HttpRequest, record: CaseCompartment, wanted: Act) -> bool:
        """Offer to who is not in it to let somebody in, and no more."""
        return wanted.name == "admit" or person(request) in selectors.keepers_of(record, services.KEEP)

    @act(KEEP, "Let somebody in", form=AdmitForm, step_up=True)
    def admit(self, request: HttpRequest, record: CaseCompartment, data: Data) -> Done:
        """Let a person in until a date."""
        chosen = {name: data[name] for name in ("person", "reason", "until")}
        services.admit(record, by=person(request), **chosen)
        return Done(f"{data['person']} is in.", _after(self, request, record))

    @act(KEEP, "Take out", form=ReasonForm, grave=True)
    def expel(self, request: HttpRequest, record: CaseCompartment, data: Data) -> Done:
        """Take somebody out at once."""
        members = selectors.members_of(record)
        found = next((each for each in members if str(each.pk) == str(data["target"])), None)
        if found is None:
            raise NotFound
        services.expel(found, by=person(request), reason=data["reason"])
        return Done(f"{found.person} is out.", _after(self, request, record))

    @act(KEEP, "Lift the compartment", form=ReasonForm, grave=True, step_up=True)
    def lift(self, request: HttpRequest, record: CaseCompartment, data: Data) -> Done:
        """Give the case back to the desk."""
        services.lift(record, by=person(request), reason=data["reason"])
        return Done("The compartment is lifted.", _after(self, request, record))


def _after(page: CompartmentAdmin, request: HttpRequest, record: CaseCompartment) -> str:
    """Return where to go: the list, where the person does not see the compartment any more."""
    rows = page.visible_to(request.user)
    return page.url_of(record) if rows.filter(pk=record.pk).exists() else "../../../"
