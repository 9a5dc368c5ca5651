"""Data requests on the desk: the list, the page of one, the form for what came on paper."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from coordination.access import markup
from coordination.access import services as access
from coordination.access.modeladmin import person, tell
from coordination.access.recordadmin import Act
from coordination.access.searching import Searched
from coordination.cases import selectors as cases
from coordination.cases.admin import Panel, case_panel
from coordination.core.errors import CoordinationError, InvalidInput, NotFound
from coordination.core.rules import Records
from coordination.datarequests import forms, selectors, services, showing, silenceacts
from coordination.datarequests.models import DataRequest
from coordination.datarequests.requestacts import face_of
from coordination.datarequests.silenceacts import SilenceActs
from coordination.evidence import selectors as evidence
from coordination.partners import selectors as partners

VIEW = "datarequests.view_datarequest"
# What an item is made of; each is offered once there is something to choose.
COLLECTED = frozenset({"add_item", "add_extract"})


@admin.register(DataRequest)
class DataRequestAdmin(Searched, SilenceActs):
    """Data requests on the cases that the person was let into, newest first."""

    view_permission = VIEW
    add_permission = "datarequests.file_datarequest"
    lookup = "reference"
    records = Records.OF_CASES
    pages = {"": "datarequests/request.html"}
    list_display = ("reference", "process_word", "priority_word", "state_word", "agency", "filed", "due")
    list_select_related = ("agency",)
    list_filter = ("state", "process", "priority")
    ordering = ("-filed_at",)
    search_help_text = "The whole reference (D-…), or that of its case (C-…)."
    empty_text = "No data request yet on the cases that you are let into."

    def visible_to(self, user: Any) -> QuerySet[DataRequest]:
        """Return the data requests of the cases that the person was let into."""
        return selectors.visible_to(user)

    def ways_to_find(self, request: HttpRequest, term: str) -> list[Q]:  # noqa: ARG002
        """Find by reference, or by that of the case."""
        return [Q(reference=term.upper()), Q(case__reference=term.upper())]

    def name_of(self, record: DataRequest) -> str:
        """Return the reference."""
        return f"Data request {record.reference}"

    @admin.display(description="process", ordering="process")
    def process_word(self, row: DataRequest) -> str:
        """Show the process in words."""
        return markup.words(row.process)

    @admin.display(description="priority")
    def priority_word(self, row: DataRequest) -> str:
        """Mark danger to life."""
        return markup.state("P0") if row.priority == "P0" else "normal"

    @admin.display(description="state")
    def state_word(self, row: DataRequest) -> str:
        """Show the state with its shape."""
        return markup.state(row.state)

    @admin.display(description="filed", ordering="filed_at")
    def filed(self, row: DataRequest) -> str:
        """Show when, with the zone."""
        return markup.when(row.filed_at)

    @admin.display(description="due", ordering="due_at")
    def due(self, row: DataRequest) -> str:
        """Show when it is due, with the zone."""
        return markup.when(row.due_at)

    def offers(self, request: HttpRequest, record: DataRequest, wanted: Act) -> bool:  # noqa: ARG002
        """Offer what the state allows."""
        said = silenceacts.allows(record, wanted.name)
        return showing.allows(record, wanted.name) if said is None else said

    def form_arguments(self, request: HttpRequest, record: DataRequest, wanted: Act) -> dict[str, Any]:
        """Start the forms from what is there."""
        if wanted.name == "verify_requester":
            return {"officers": [(str(each.pk), str(each)) for each in partners.officers_of(record.agency)]}
        if wanted.name == "close":
            return {"closures": showing.closures_of(record)}
        if wanted.name == "narrow":
            standing = [each for each in selectors.accounts_of(record) if each.struck_at is None]
            return {"categories": record.categories, "accounts": showing.account_choices(standing)}
        if wanted.name in COLLECTED:
            return {"chosen": _choices(record)}
        if wanted.name in ("quality_check", "sign_off", "approve_notice"):
            return {"initial": {"digest": _digest(record, wanted.name)}}
        return super().form_arguments(request, record, wanted)

    def page_context(self, request: HttpRequest, record: DataRequest, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Return what the page of a request shows."""
        return showing.page(record, person(request))

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Enter what came by post, fax or mail; on the case that the address names, or on one of its own."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        case = _case_of(request)
        form = forms.IntakeForm(request.POST or None, request.FILES or None)
        entered = self._enter(request, case, form) if request.method == "POST" and form.is_valid() else None
        if entered is not None:
            return HttpResponseRedirect(self.url_of(entered))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Enter a data request",
            "case": case,
            "form": form,
            "list_url": "../",
        }
        return TemplateResponse(request, "datarequests/file.html", context)

    def _enter(self, request: HttpRequest, case: Any, form: forms.IntakeForm) -> DataRequest | None:
        """Return the request, or None with what is wrong on the form."""
        data = form.cleaned_data
        asked = ("process", "emergency_kind", "agency", "requester", "way", "zone")
        try:
            entered = services.file(
                by=person(request),
                case=case,
                accounts=form.accounts(),
                grounds={name: data[name] for name in forms.GroundsForm.base_fields if data[name]},
                **{name: data[name] for name in asked},
                **face_of(data),
            )
        except CoordinationError as error:
            tell(request, error)
            for each in error.errors if isinstance(error, InvalidInput) else ():
                form.add_error(each.field if each.field in form.fields else None, str(each))
            return None
        if data["scan"]:
            scan = data["scan"]
            self.perform(
                request,
                lambda: services.attach_scan(
                    entered, by=person(request), content=scan, filename=str(scan.name)
                ),
                done="The process is an exhibit of the case.",
            )
        return entered


def _digest(record: DataRequest, name: str) -> str:
    """Return the SHA-256 of what is looked at: the letter to the user, or the package."""
    if name == "approve_notice":
        notice = selectors.notice_of(record)
        return notice.letter.sha256 if notice and notice.letter else ""
    production = selectors.production_of(record)
    return production.digest if production else ""


def _case_of(request: HttpRequest) -> Any:
    reference = request.GET.get("case", "")
    if not reference:
        return None
    try:
        return cases.case_for(person(request), reference)
    except NotFound as error:
        raise Http404 from error


def _choices(record: DataRequest) -> dict[str, list[tuple[str, str]]]:
    known = [each for each in selectors.accounts_of(record) if each.account and each.struck_at is None]
    kept = evidence.exhibits_of(record.case.reference).filter(keeping__isnull=False)
    return {
        "account": showing.account_choices(known),
        "category": forms.words(record.categories),
        "exhibit": [(each.reference, f"{each.reference}, {markup.words(each.kind)}") for each in kept],
    }


@case_panel
def _requests_of_case(request: HttpRequest, case: Any) -> Panel | None:
    if not access.has(request.user, VIEW):
        return None
    found = list(selectors.of_case(case))
    return Panel(
        slug="datarequests",
        title="Data requests",
        template="datarequests/panel.html",
        count=len(found),
        context={
            "requests": found,
            "case": case,
            "may_enter": access.has(request.user, DataRequestAdmin.add_permission),
        },
    )
