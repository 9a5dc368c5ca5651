"""Calls back on the desk: the number that is ours, what to say, and what came of it."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from coordination.access import markup
from coordination.access import services as access
from coordination.access.recordadmin import Act, Data, RecordAdmin, act
from coordination.partners import services
from coordination.partners.forms import CallForm
from coordination.partners.models import CallBack
from coordination.partners.workflow import CallPurpose

CALL = "partners.call_back_agency"


@admin.register(CallBack)
class CallBackAdmin(RecordAdmin):
    """Calls to agencies, the open ones too. One about an officer or a contact is recorded on its own page."""

    view_permission = "partners.view_agency"
    pages: ClassVar[dict[str, str]] = {"": "partners/callback.html"}
    list_display = ("asked", "agency", "purpose", "about", "state")
    list_select_related = ("agency",)
    list_filter = ("purpose", "outcome")
    search_fields = ("about", "agency__name")
    ordering = ("-asked_at",)
    empty_text = "No agency was called back yet."

    def visible_to(self, user: Any) -> QuerySet[CallBack]:
        """Return all, with whom they are about."""
        return super().visible_to(user).select_related("agency", "officer", "called_by", "asked_by")

    @admin.display(description="asked for", ordering="asked_at")
    def asked(self, row: CallBack) -> str:
        """Show when, with the zone."""
        return markup.when(row.asked_at)

    @admin.display(description="state")
    def state(self, row: CallBack) -> str:
        """Say what came of it."""
        if not row.outcome:
            return markup.state("draft", "to be called")
        return markup.state("done" if row.outcome == "confirmed" else "held", row.outcome)

    def offers(self, request: HttpRequest, record: CallBack, act: Act) -> bool:  # noqa: ARG002
        """Offer to record one about a request, as long as it is open."""
        return not record.outcome and record.purpose == CallPurpose.REQUEST

    def page_context(self, request: HttpRequest, record: CallBack, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Show the state."""
        return {"state": self.state(record)}

    @act(CALL, "Record the call", form=CallForm)
    def record(self, request: HttpRequest, record: CallBack, data: Data) -> str:
        """Record what they said; what they deny is cut off at once."""
        data.pop("target", None)
        done = services.record_call(record, by=access.person(request.user), **data)
        if not done.outcome:
            return "Nobody was reached. The call stays open: try again, on this number alone."
        return f"It is recorded: {markup.words(done.outcome)}."
