"""What takes two people: what is proposed for a person, and the emergencies in which one acted alone."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from coordination.access import links, markup, selectors, services, stepup
from coordination.access.forms import GlassForm, IdentityForm, OutcomeForm, WhyForm
from coordination.access.models import BreakGlass, RoleChange
from coordination.access.recordadmin import Act, Done, RecordAdmin, act
from coordination.access.workflow import ChangeKind, RoleChangeState
from coordination.core.errors import CoordinationError, InvalidInput

Data = dict[str, Any]
_DECIDE = "access.decide_rolechange"
_OPEN = "access.open_breakglass"
_REVIEW = "access.review_breakglass"
APPROVES = {
    "approve": ChangeKind.ROLES,
    "approve_way_in": ChangeKind.WAY_IN,
    "approve_enabling": ChangeKind.ENABLING,
}


@admin.register(RoleChange)
class RoleChangeAdmin(RecordAdmin):
    """Roles, a way in, or access again for somebody: proposed by one administrator, decided by another."""

    pages: ClassVar[dict[str, str]] = {"": "access/role_change.html"}
    list_display = ("in_words", "person", "state_word", "proposed_by", "decided_by")
    list_filter = ("state", "kind")
    empty_text = "Nothing was proposed yet. Roles, ways in and enabling are proposed on a person's page."

    def visible_to(self, user: Any) -> QuerySet[RoleChange]:  # noqa: ARG002
        """Return all of them, those that wait first."""
        return selectors.role_changes()

    def get_ordering(self, request: HttpRequest) -> Any:  # noqa: ARG002
        """Keep the order of the selector."""
        return ()

    @admin.display(description="what")
    def in_words(self, row: RoleChange) -> str:
        """Say what is to be given."""
        return row.what

    @admin.display(description="state")
    def state_word(self, row: RoleChange) -> str:
        """Show the state with its shape."""
        return markup.state(row.state)

    def offers(self, request: HttpRequest, record: RoleChange, wanted: Act) -> bool:
        """Offer a decision to others than who proposed it or would get it."""
        if record.state != RoleChangeState.PROPOSED:
            return False
        if wanted.name == "withdraw":
            return request.user.pk == record.proposed_by_id
        if wanted.name in APPROVES and APPROVES[wanted.name] != record.kind:
            return False
        return request.user.pk not in (record.proposed_by_id, record.person_id)

    @act(_DECIDE, "Give these roles", step_up=True)
    def approve(self, request: HttpRequest, record: RoleChange, data: Data) -> str:  # noqa: ARG002
        """Put in force what another administrator proposed."""
        services.approve_roles(record, by=services.person(request.user))
        return f"{record.person} has these roles now."

    @act(_DECIDE, "Give this way in", form=IdentityForm, step_up=True)
    def approve_way_in(self, request: HttpRequest, record: RoleChange, data: Data) -> Done:
        """Show the one-time link that another administrator proposed."""
        by = services.person(request.user)
        request.issued_enrolment = services.approve_way_in(  # type: ignore[attr-defined]
            record, by=by, reason=data["reason"]
        )
        return Done("The way in is given.")

    @act(_DECIDE, "Enable this person", step_up=True)
    def approve_enabling(self, request: HttpRequest, record: RoleChange, data: Data) -> str:  # noqa: ARG002
        """Give back what disabling took."""
        services.approve_enabling(record, by=services.person(request.user))
        return f"{record.person} is enabled."

    @act(_DECIDE, "Decline", form=WhyForm)
    def decline(self, request: HttpRequest, record: RoleChange, data: Data) -> str:
        """Say no."""
        services.decline_change(record, by=services.person(request.user), reason=data["reason"])
        return "Declined. Nothing has changed."

    @act("access.change_user", "Withdraw the proposal")
    def withdraw(self, request: HttpRequest, record: RoleChange, data: Data) -> str:  # noqa: ARG002
        """Take it back."""
        services.withdraw_change(record, by=services.person(request.user))
        return "Withdrawn. Nothing has changed."

    def act_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Show the link in place of the redirect: a message would be stored."""
        answer = super().act_view(request, object_id, name)
        found = getattr(request, "issued_enrolment", None)
        if found is None:
            return answer
        enrolment, plain = found
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"A way in for {enrolment.user}",
            "list_url": reverse("admin:access_rolechange_changelist"),
            "enrolment": enrolment,
            "link": links.enrolment(plain),
            "record_url": reverse("admin:access_user_change", args=[enrolment.user_id]),
        }
        shown = TemplateResponse(request, "access/way_in.html", context)
        shown["Cache-Control"] = "no-store"
        return shown


@admin.register(BreakGlass)
class BreakGlassAdmin(RecordAdmin):
    """Emergencies in which one person acted alone, and what others made of them."""

    lookup = "reference"
    add_permission = _OPEN
    pages: ClassVar[dict[str, str]] = {"": "access/glass.html"}
    list_display = ("reference", "person", "opened_at", "ends_at", "reviewed_by")
    empty_text = "Nobody broke the glass yet."

    def visible_to(self, user: Any) -> QuerySet[BreakGlass]:  # noqa: ARG002
        """Return all of them, the newest first."""
        return selectors.glasses()

    def offers(self, request: HttpRequest, record: BreakGlass, wanted: Act) -> bool:
        """Offer the end while it is open, and the review to others once it has ended."""
        if wanted.name == "end":
            return record.is_open
        return not record.is_open and record.reviewed_at is None and request.user.pk != record.person_id

    def page_context(self, request: HttpRequest, record: BreakGlass, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Show who was alerted."""
        return {"alerted": list(record.alerted.order_by("username"))}

    # Whoever may open one may review those of others; what one may do to one's own, `offers` says.
    @act(_REVIEW, "End it now")
    def end(self, request: HttpRequest, record: BreakGlass, data: Data) -> str:  # noqa: ARG002
        """End it before its hour is over."""
        services.end_break_glass(record, by=services.person(request.user))
        return "It has ended. Somebody else reviews it."

    @act(_REVIEW, "Record the review", form=OutcomeForm)
    def review(self, request: HttpRequest, record: BreakGlass, data: Data) -> str:
        """Write down what the review came to."""
        services.review_break_glass(record, by=services.person(request.user), outcome=data["outcome"])
        return "The review is on record."

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Ask for the reason, and open it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = GlassForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            if (ask := stepup.require(request)) is not None:
                return ask
            try:
                opened = services.open_break_glass(by=services.person(request.user), **form.cleaned_data)
                return HttpResponseRedirect(self.url_of(opened))
            except CoordinationError as error:
                known = isinstance(error, InvalidInput) and error.field in form.fields
                form.add_error(error.field if known else None, str(error))  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Break the glass",
            "list_url": reverse("admin:access_breakglass_changelist"),
            "form": form,
        }
        return TemplateResponse(request, "access/break_glass.html", context)
