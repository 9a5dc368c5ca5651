"""Restrictions and preservations on the desk, with everything that can be done about one."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from coordination.access import markup
from coordination.access import services as access
from coordination.access.modeladmin import person, tell
from coordination.cases import selectors as cases
from coordination.cases.admin import Panel, case_panel
from coordination.core.errors import CoordinationError, InvalidInput, NotFound
from coordination.core.rules import Records, Rule
from coordination.policy import selectors as policy
from coordination.restrictions import forms, selectors, services
from coordination.restrictions.models import Preservation, Restriction
from coordination.restrictions.restrictionacts import PreservationActs, RestrictionActs

VIEW = "restrictions.view_restriction"
# What tasks are about, and which of these pages shows it.
PARTS = ("command", "riskassessment", "appeal", "statement")


@admin.register(Restriction)
class RestrictionAdmin(RestrictionActs):
    """Restrictions on the cases that the person was let into, newest first."""

    view_permission = VIEW
    add_permission = "restrictions.impose_restriction"
    records = Records.OF_CASES
    pages = {"": "restrictions/restriction.html"}
    list_display = ("step_word", "state_word", "case", "imposed", "review", "drift_word")
    list_display_links = ("step_word",)
    list_select_related = ("case",)
    list_filter = ("state", "step", "drifted")
    ordering = ("-imposed_at",)
    empty_text = "No restriction yet. A flag of high severity brings one; people impose them from a case."

    def visible_to(self, user: Any) -> QuerySet[Restriction]:
        """Return the restrictions that the person may see."""
        return selectors.visible_to(user).select_related("case")

    def name_of(self, record: Restriction) -> str:
        """Say which step it is; the account stands on the page only."""
        return f"Restriction: {markup.words(record.step)}"

    def is_urgent(self, record: Restriction) -> bool:
        """Let nobody wait where a danger to life is about."""
        return record.case.priority == "P0"

    @admin.display(description="step", ordering="level")
    def step_word(self, row: Restriction) -> str:
        """Show the step in words."""
        return f"{row.level} {markup.words(row.step)}"

    @admin.display(description="state")
    def state_word(self, row: Restriction) -> str:
        """Show the state with its shape."""
        return markup.state(row.state)

    @admin.display(description="imposed", ordering="imposed_at")
    def imposed(self, row: Restriction) -> str:
        """Show when, with the zone."""
        return markup.when(row.imposed_at)

    @admin.display(description="looked at again", ordering="review_at")
    def review(self, row: Restriction) -> str:
        """Show when a person looks again, with the zone."""
        return markup.when(row.review_at)

    @admin.display(description="on the platform")
    def drift_word(self, row: Restriction) -> str:
        """Mark what the platform has otherwise."""
        return markup.state("drifted") if row.drifted else ""

    def rules(self) -> dict[str, dict[str, Rule]]:
        """Say that one imposes on a case, the one that the address names, and sees it."""
        impose = self.rule_for(self.add_permission)
        return {**super().rules(), "add": {"GET": impose, "POST": impose}}

    def get_urls(self) -> list[URLPattern]:
        """Lead from what a task is about to the page of its restriction."""
        view = self.guarded(self.part_view)
        own = [
            path(f"of/{part}/<str:pk>/", view, {"part": part}, f"restrictions_{part}_at") for part in PARTS
        ]
        return [*own, *super().get_urls()]

    def part_view(self, request: HttpRequest, part: str, pk: str) -> HttpResponse:
        """Lead to the restriction, or the preservation, that a part of one belongs to."""
        try:
            found = selectors.whole_of(part, int(pk)) if pk.isdecimal() else None
        except NotFound:
            found = None
        if isinstance(found, Preservation):
            if not selectors.preservations_visible_to(person(request)).filter(pk=found.pk).exists():
                raise Http404
            return HttpResponseRedirect(f"../../../../preservation/{found.pk}/change/")
        if found is None or not self.get_queryset(request).filter(pk=found.pk).exists():
            raise Http404
        return HttpResponseRedirect(self.url_of(found))

    def page_context(self, request: HttpRequest, record: Restriction, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Return the restriction with its steps, commands, lifts, appeals, orders and statements."""
        assessment = selectors.open_assessment(record)
        return {
            "restriction": record,
            "impositions": list(selectors.impositions_of(record)),
            "commands": list(selectors.commands_of(record)),
            "assessment": assessment,
            "signatures": list(selectors.signatures_of(assessment)) if assessment else [],
            "past": [each for each in selectors.assessments_of(record) if each != assessment],
            "appeals": list(selectors.appeals_of(record)),
            "orders": list(selectors.orders_of(record.case)),
            "order": selectors.order_in_force(record),
            "statements": list(selectors.statements_of(record)),
            "limits": policy.ladder().filter(step=record.step).first(),
        }

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Offer no imposing here: a restriction is imposed on a case."""
        return super().changelist_view(request, {"has_add_permission": False, **(extra_context or {})})

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Restrict an account of the case that the address names."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        try:
            case = cases.case_for(person(request), request.GET.get("case", ""))
        except NotFound as error:
            raise Http404 from error
        accounts = [each.account for each in cases.subjects_of(case)]
        form = forms.ImposeForm(request.POST or None, accounts=accounts)
        if request.method == "POST" and form.is_valid():
            made = self._impose(request, case, form)
            if made is not None:
                return HttpResponseRedirect(self.url_of(made))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Restrict an account",
            "case": case,
            "accounts": accounts,
            "ladder": list(policy.ladder()),
            "form": form,
        }
        return TemplateResponse(request, "restrictions/impose.html", context)

    def _impose(self, request: HttpRequest, case: Any, form: forms.ImposeForm) -> Restriction | None:
        """Return the restriction, or None with what is wrong on the form."""
        data = dict(form.cleaned_data)
        told = {name: data.pop(name) for name in ("eu_nexus", "facts", "ground", "tips_off")}
        wanted = told.pop("eu_nexus")
        notice = services.Notice(**told) if wanted else None
        try:
            return services.impose(case, by=person(request), notice=notice, **data)
        except CoordinationError as error:
            tell(request, error)
            for each in error.errors if isinstance(error, InvalidInput) else ():
                form.add_error(each.field if each.field in form.fields else None, str(each))
        return None


@admin.register(Preservation)
class PreservationAdmin(PreservationActs):
    """The platform's own preservations on the cases that the person was let into."""

    view_permission = VIEW
    records = Records.OF_CASES
    pages = {"": "restrictions/preservation.html"}
    list_display = ("case", "state_word", "started", "until_when", "confirmed")
    list_select_related = ("case",)
    list_filter = ("state",)
    ordering = ("-started_at",)
    empty_text = "No preservation yet. A flag of high severity orders one."

    def visible_to(self, user: Any) -> QuerySet[Preservation]:
        """Return the preservations that the person may see."""
        return selectors.preservations_visible_to(user).select_related("case", "by", "ended_by")

    def name_of(self, record: Preservation) -> str:  # noqa: ARG002
        """Name what it is; the account stands on the page only."""
        return "Preservation"

    def is_urgent(self, record: Preservation) -> bool:
        """Let nobody wait where a danger to life is about."""
        return record.case.priority == "P0"

    @admin.display(description="state")
    def state_word(self, row: Preservation) -> str:
        """Show the state with its shape."""
        return markup.state(row.state, _kept_word(row))

    @admin.display(description="ordered", ordering="started_at")
    def started(self, row: Preservation) -> str:
        """Show when, with the zone."""
        return markup.when(row.started_at)

    @admin.display(description="until", ordering="until")
    def until_when(self, row: Preservation) -> str:
        """Show until when, with the zone."""
        return markup.when(row.until)

    @admin.display(description="confirmed")
    def confirmed(self, row: Preservation) -> str:
        """Show when the platform confirmed it."""
        return markup.when(row.confirmed_at)

    def page_context(self, request: HttpRequest, record: Preservation, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Return the preservation and what the platform was told."""
        commands = list(selectors.commands_about(record))
        return {"preservation": record, "commands": commands, "word": _kept_word(record)}


def _kept_word(row: Preservation) -> str:
    return "came to its date: decide" if row.state == "review" else ""


@case_panel
def _restrictions_of_case(request: HttpRequest, case: Any) -> Panel | None:
    if not access.has(request.user, VIEW):
        return None
    found = list(selectors.of_case(case))
    may = access.has(request.user, RestrictionAdmin.add_permission)
    return Panel(
        slug="restrictions",
        title="Restrictions",
        template="restrictions/panel.html",
        count=len(found),
        context={
            "restrictions": found,
            "preservations": list(selectors.preservations_of(case)),
            "orders": list(selectors.orders_of(case)),
            "case": case,
            "may_impose": may and cases.may(person(request), case, "work_case"),
        },
    )
