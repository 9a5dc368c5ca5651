"""Agencies and destinations on the desk. Every act calls a service, and the service asks and records."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from coordination.access import markup, stepup
from coordination.access import services as access
from coordination.access.recordadmin import Act, Data, RecordAdmin, act
from coordination.channels import registry
from coordination.core.errors import CoordinationError, InvalidInput, NotFound
from coordination.partners import selectors, services
from coordination.partners.forms import (
    AgencyForm,
    ConfirmWayForm,
    DestinationForm,
    HowVerifiedForm,
    OfficerForm,
    ReasonForm,
    WayForm,
    at_its_field,
    split,
)
from coordination.partners.keyadmin import KeysAndTokens
from coordination.partners.models import Agency, Destination, Officer

CHANGE_AGENCY = "partners.change_agency"
CHANGE_DESTINATION = "partners.change_destination"


class PartnerAdmin(RecordAdmin):
    """What the two pages share: adding by a form of ours, through a service."""

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Ask for what is needed, and add it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.new_form(request)
        if request.method == "POST" and form.is_valid():
            if asked := stepup.require(request):
                return asked
            try:
                return HttpResponseRedirect(self.url_of(self.add(request, form)))
            except CoordinationError as error:
                known = isinstance(error, InvalidInput) and error.field in form.fields
                form.add_error(error.field if known else None, str(error))  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"New {self.opts.verbose_name}",
            "list_url": reverse(f"admin:partners_{self.opts.model_name}_changelist"),
            "form": form,
            **self.new_context(request),
        }
        return TemplateResponse(request, "partners/new.html", context)

    def new_context(self, request: HttpRequest) -> dict[str, Any]:  # noqa: ARG002 - for overriding
        """Return what the form for a new record stands beside."""
        return {}

    def new_form(self, request: HttpRequest) -> forms.BaseForm:
        """Return the form for a new record."""
        raise NotImplementedError

    def add(self, request: HttpRequest, form: Any) -> Any:
        """Call the service."""
        raise NotImplementedError


@admin.register(Agency)
class AgencyAdmin(KeysAndTokens, PartnerAdmin):
    """Agencies with their officers: who they are, how we know, and until when."""

    add_permission = CHANGE_AGENCY
    pages = {"": "partners/agency.html"}
    list_display = ("name", "identifier", "country", "kind", "recipient_class", "standing")
    list_filter = ("kind", "recipient_class", "country")
    search_fields = ("name", "identifier", "domain")
    ordering = ("name", "identifier")
    empty_text = "No agency is registered yet."

    @admin.display(description="standing")
    def standing(self, row: Agency) -> str:
        """Say whether we talk to them."""
        if row.suspended_at is not None:
            return markup.state("held", "suspended")
        return markup.state("done", "verified") if row.verified_at else markup.state("draft", "not verified")

    def offers(self, request: HttpRequest, record: Agency, act: Act) -> bool:
        """Offer nobody to verify what they registered or suspended, and suspending only once."""
        if act.name == "verify":
            own = request.user.pk in (record.registered_by_id, record.suspended_by_id)
            return not own and not selectors.is_open(record)
        if act.name in ("allow_unsigned", "drop_unsigned"):
            own = record.unsigned_proposed_by_id == request.user.pk
            waits = record.must_sign and selectors.unsigned_waits(record)
            return waits and (act.name == "drop_unsigned" or not own)
        if act.name in ("require_signatures", "propose_unsigned"):
            return record.must_sign == (act.name == "propose_unsigned")
        return act.name != "suspend" or record.suspended_at is None

    def page_context(self, request: HttpRequest, record: Agency, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Show the officers and, to who may see them, the destinations."""
        sees = access.has(request.user, "partners.view_destination")
        officers = sorted(selectors.officers_of(record), key=lambda each: each.name.casefold())
        return {
            "standing": self.standing(record),
            "officers": [(each, selectors.may_act(each)) for each in officers],
            "destinations": list(selectors.destinations_of(record)) if sees else [],
            "waits": selectors.awaits_verification(record),
            "namesakes": selectors.namesakes_of(record),
            **self.keys_and_tokens(request, record),
        }

    def new_form(self, request: HttpRequest) -> forms.BaseForm:
        """Ask who they are."""
        return AgencyForm(request.POST or None)

    def add(self, request: HttpRequest, form: Any) -> Agency:
        """Register the agency; another person verifies it."""
        return services.register_agency(by=access.person(request.user), **form.cleaned_data)

    @act(CHANGE_AGENCY, "Verify", form=HowVerifiedForm, step_up=True)
    def verify(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Record how we know that it is them."""
        services.verify_agency(record, by=access.person(request.user), how_verified=data["how_verified"])
        return f"{record} is verified."

    @act(CHANGE_AGENCY, "Suspend at once", form=ReasonForm, grave=True)
    def suspend(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Cut the agency off."""
        services.suspend_agency(record, by=access.person(request.user), reason=data["reason"])
        return f"{record} is suspended: nothing goes there, and its officers open nothing."

    @act(CHANGE_AGENCY, "Register an officer", form=OfficerForm)
    def register_officer(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Write down a person at the agency."""
        data.pop("target", None)
        officer = services.register_officer(record, by=access.person(request.user), **data)
        return f"{officer} is registered; another person has to verify them."

    @act(CHANGE_AGENCY, "Verify", form=HowVerifiedForm, step_up=True)
    def verify_officer(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Record how we know that it is them."""
        officer = _officer(record, data)
        services.verify_officer(officer, by=access.person(request.user), how_verified=data["how_verified"])
        return f"{officer} is verified for 12 months."

    @act(CHANGE_AGENCY, "Suspend", form=ReasonForm, grave=True)
    def suspend_officer(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Cut one officer off."""
        officer = _officer(record, data)
        services.suspend_officer(officer, by=access.person(request.user), reason=data["reason"])
        return f"{officer} is suspended and opens nothing."


@admin.register(Destination)
class DestinationAdmin(PartnerAdmin):
    """Where messages go, and how we know that it is theirs."""

    add_permission = CHANGE_DESTINATION
    pages = {"": "partners/destination.html"}
    list_display = ("title", "agency", "channel", "standing", "checked_on")
    list_select_related = ("agency",)
    list_filter = ("channel", "enabled")
    ordering = ("agency__name", "title")
    empty_text = "No destination yet: nothing can leave."

    @admin.display(description="standing")
    def standing(self, row: Destination) -> str:
        """Say whether a message may go there."""
        open_ = row.enabled and selectors.is_open(row.agency)
        if open_ and not selectors.is_confirmed(row):
            return markup.state("held", "not confirmed")
        return markup.state("done", "open") if open_ else markup.state("held", "closed")

    def form_arguments(self, request: HttpRequest, record: Destination, act: Act) -> dict[str, Any]:  # noqa: ARG002
        """Start from what stands there, in the channel's own fields; confirm what stands there."""
        if act.name == "confirm":
            return {"initial": {"fingerprint": selectors.destination_fingerprint(record)}}
        if act.name != "change":
            return {}
        config = {f"config_{name}": value for name, value in record.config.items()}
        own = {"title": record.title, "checked_on": record.checked_on}
        return {"channel": record.channel, "initial": {**own, **config}}

    def offers(self, request: HttpRequest, record: Destination, act: Act) -> bool:
        """Offer one of open and close, and nobody to confirm what they wrote."""
        if act.name == "confirm":
            return not selectors.is_confirmed(record) and record.changed_by_id != request.user.pk
        return act.name != ("open" if record.enabled else "close")

    def page_context(self, request: HttpRequest, record: Destination, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Show the configuration: secrets are references, so all of it can be read."""
        return {
            "standing": self.standing(record),
            "config": sorted(record.config.items()),
            "fingerprint": selectors.destination_fingerprint(record),
            "confirmed": selectors.is_confirmed(record),
            "is_platform": selectors.is_platform(record.agency),
            "callback": request.build_absolute_uri(reverse("inbound", args=[record.inbound_id])),
        }

    def new_form(self, request: HttpRequest) -> forms.BaseForm:
        """Ask for agency and channel, then for what that channel needs."""
        way = WayForm(request.GET or None)
        if not request.GET or not way.is_valid():
            return way
        return DestinationForm(request.POST or None, channel=way.cleaned_data["channel"])

    def new_context(self, request: HttpRequest) -> dict[str, Any]:
        """Say for whom, and which way."""
        way = WayForm(request.GET or None)
        if not request.GET or not way.is_valid():
            return {}
        channel = registry.channel(way.cleaned_data["channel"])
        return {"agency": way.cleaned_data["agency"], "channel": channel.info.title}

    def add(self, request: HttpRequest, form: Any) -> Destination:
        """Add the destination."""
        way = WayForm(request.GET)
        if not isinstance(form, DestinationForm) or not way.is_valid():
            raise Http404
        try:
            return services.add_destination(
                way.cleaned_data["agency"],
                by=access.person(request.user),
                channel=form.channel,
                **split(form.cleaned_data),
            )
        except InvalidInput as error:
            raise at_its_field(error, DestinationForm, form.channel) from error

    @act(CHANGE_DESTINATION, "Change", form=DestinationForm, step_up=True)
    def change(self, request: HttpRequest, record: Destination, data: Data) -> str:
        """Change what it says; what was approved for another configuration does not leave."""
        try:
            services.change_destination(record, by=access.person(request.user), **split(data))
        except InvalidInput as error:
            raise at_its_field(error, DestinationForm, record.channel) from error
        return f"{record} is changed."

    @act(CHANGE_DESTINATION, "Confirm", form=ConfirmWayForm, step_up=True)
    def confirm(self, request: HttpRequest, record: Destination, data: Data) -> str:
        """Let commands go where it leads now: a second person looked."""
        services.confirm_destination(
            record,
            by=access.person(request.user),
            fingerprint=data["fingerprint"],
            how_confirmed=data["how_confirmed"],
        )
        return f"{record} is confirmed: commands to the platform go there."

    @act(CHANGE_DESTINATION, "Close", grave=True)
    def close(self, request: HttpRequest, record: Destination, data: Data) -> str:  # noqa: ARG002
        """Let nothing go there."""
        services.change_destination(record, by=access.person(request.user), enabled=False)
        return f"{record} is closed: nothing goes there."

    @act(CHANGE_DESTINATION, "Open", step_up=True)
    def open(self, request: HttpRequest, record: Destination, data: Data) -> str:  # noqa: ARG002
        """Let messages go there again."""
        services.change_destination(record, by=access.person(request.user), enabled=True)
        return f"{record} is open."


def _officer(agency: Agency, data: Data) -> Officer:
    wanted = str(data["target"])
    found = next((each for each in selectors.officers_of(agency) if str(each.pk) == wanted), None)
    if found is None:
        raise NotFound
    return found
