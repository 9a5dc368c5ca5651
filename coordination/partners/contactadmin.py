"""Changes of contacts on the desk: the call, the hold, and the second person."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from coordination.access import markup
from coordination.access import services as access
from coordination.access.recordadmin import Act, Data, RecordAdmin, act
from coordination.partners import selectors, services
from coordination.partners.forms import OfficerCallForm, ReasonForm
from coordination.partners.models import ContactChange
from coordination.partners.workflow import ChangeState, Contact

CHANGE_AGENCY = "partners.change_agency"
_SHAPES = {
    ChangeState.PROPOSED: "draft",
    ChangeState.HELD: "held",
    ChangeState.EFFECTIVE: "done",
}


@admin.register(ContactChange)
class ContactChangeAdmin(RecordAdmin):
    """What of an agency is to change, or did."""

    view_permission = CHANGE_AGENCY
    pages: ClassVar[dict[str, str]] = {"": "partners/contactchange.html"}
    list_display = ("proposed", "agency", "contact", "standing", "proposed_by")
    list_select_related = ("agency", "proposed_by")
    list_filter = ("contact", "state")
    ordering = ("-proposed_at",)
    empty_text = "No contact is to change. One is proposed on the page of its agency or destination."

    def visible_to(self, user: Any) -> QuerySet[ContactChange]:  # noqa: ARG002 - all of them
        """Return all, with whom they are about."""
        return selectors.contact_changes()

    @admin.display(description="proposed", ordering="proposed_at")
    def proposed(self, row: ContactChange) -> str:
        """Show when, with the zone."""
        return markup.when(row.proposed_at)

    @admin.display(description="standing", ordering="state")
    def standing(self, row: ContactChange) -> str:
        """Say how far it is."""
        return markup.state(_SHAPES.get(ChangeState(row.state), "void"), row.state)

    def offers(self, request: HttpRequest, record: ContactChange, act: Act) -> bool:
        """Offer what its state allows, and nobody to make what they proposed."""
        if act.name == "record_call":
            return record.state == ChangeState.PROPOSED
        if act.name == "make":
            return selectors.hold_is_over(record) and record.proposed_by_id != request.user.pk
        return record.state in (ChangeState.PROPOSED, ChangeState.HELD)

    def page_context(self, request: HttpRequest, record: ContactChange, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Show what it was and shall be, and whether a new domain resembles one that is registered."""
        resembles = selectors.look_alike(record.new) if record.contact == Contact.DOMAIN else None
        return {
            "standing": self.standing(record),
            "rows": _rows(record),
            "resembles": resembles,
            "own": record.proposed_by_id == request.user.pk,
        }

    @act(CHANGE_AGENCY, "Record the call", form=OfficerCallForm, step_up=True)
    def record_call(self, request: HttpRequest, record: ContactChange, data: Data) -> str:
        """Record what they said on the old number."""
        data.pop("target", None)
        change = services.record_contact_call(record, by=access.person(request.user), **data)
        if change.state == ChangeState.PROPOSED:
            return "Nobody was reached. Try again, on this number alone."
        return f"It is {change.state}. Nothing has changed yet." if change.state == "held" else "It is over."

    @act(CHANGE_AGENCY, "Withdraw", form=ReasonForm)
    def withdraw(self, request: HttpRequest, record: ContactChange, data: Data) -> str:
        """End it: what stands stays."""
        services.withdraw_contact_change(record, by=access.person(request.user), reason=data["reason"])
        return "It is withdrawn: what stood there stays."

    @act(CHANGE_AGENCY, "Make this change", form=ReasonForm, grave=True, step_up=True)
    def make(self, request: HttpRequest, record: ContactChange, data: Data) -> str:
        """Make it, as the second person."""
        services.apply_contact_change(record, by=access.person(request.user), reason=data["reason"])
        return f"{record} is changed."


def _rows(change: ContactChange) -> list[tuple[str, Any, Any]]:
    """Return what was and what shall be, line by line."""
    if not isinstance(change.old, dict):
        return [(change.contact, change.old, change.new)]
    return [(name, change.old.get(name, ""), value) for name, value in sorted(change.new.items())]
