"""Agencies and destinations on the desk. Every act calls a service, and the service asks and records."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest
from django.urls import reverse

from coordination.access import markup
from coordination.access import services as access
from coordination.access.recordadmin import Act, Data, Done, act
from coordination.channels import registry
from coordination.core.errors import InvalidInput, NotFound
from coordination.partners import calladmin, contactadmin, selectors, services  # noqa: F401 - they register
from coordination.partners.forms import (
    AgencyForm,
    AskCallForm,
    ConfirmWayForm,
    ContactForm,
    ContactsForm,
    DestinationForm,
    HowVerifiedForm,
    ImportForm,
    OfficerCallForm,
    OfficerContactForm,
    OfficerForm,
    ReasonForm,
    WayForm,
    at_its_field,
    split,
)
from coordination.partners.keyadmin import KeysAndTokens
from coordination.partners.models import Agency, Destination, DirectoryImport, Officer
from coordination.partners.partneradmin import PartnerAdmin

CHANGE_AGENCY = "partners.change_agency"
CHANGE_DESTINATION = "partners.change_destination"
CALL = "partners.call_back_agency"
MOST_SHOWN = 20
CALLS_SHOWN = 10


@admin.register(Agency)
class AgencyAdmin(KeysAndTokens, PartnerAdmin):
    """Agencies with their officers: who they are, how we know, and until when."""

    add_permission = CHANGE_AGENCY
    pages = {"": "partners/agency.html"}
    list_display = ("name", "identifier", "country", "region", "kind", "recipient_class", "standing")
    list_filter = ("kind", "recipient_class", "country")
    search_fields = ("name", "identifier", "identifier_key", "region", "domain")
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
        person = request.user.pk
        own = person in (record.registered_by_id, record.suspended_by_id)
        proposes = selectors.changes_by_proposal(record) and record.suspended_at is None
        unsigned = record.must_sign and selectors.unsigned_waits(record)
        when = {
            "verify": not own and bool(record.phone) and not selectors.is_open(record),
            "suspend": record.suspended_at is None,
            "write_contacts": record.verified_at is None,
            **dict.fromkeys(("propose_contact", "propose_officer_contact"), proposes),
            **dict.fromkeys(("ask_call_back", "call_about_officer"), bool(record.phone)),
            "allow_unsigned": unsigned and record.unsigned_proposed_by_id != person,
            "drop_unsigned": unsigned,
            "require_signatures": not record.must_sign,
            "propose_unsigned": record.must_sign,
        }
        return when.get(act.name, True)

    def form_arguments(self, request: HttpRequest, record: Agency, act: Act) -> dict[str, Any]:  # noqa: ARG002
        """Start from what stands there."""
        if act.name == "ask_call_back":
            return {"officers": [(str(each.pk), str(each)) for each in selectors.officers_of(record)]}
        if act.name != "write_contacts":
            return {}
        return {"initial": {name: getattr(record, name) for name in ContactsForm.base_fields}}

    def page_context(self, request: HttpRequest, record: Agency, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Show the officers and, to who may see them, the destinations."""
        sees = access.has(request.user, "partners.view_destination")
        keeps = access.has(request.user, CHANGE_AGENCY)
        officers = sorted(selectors.officers_of(record), key=lambda each: each.name.casefold())
        return {
            "standing": self.standing(record),
            "officers": [(each, selectors.may_act(each)) for each in officers],
            "destinations": list(selectors.destinations_of(record)) if sees else [],
            "changes": list(selectors.open_changes_of(record)) if keeps else [],
            "calls": list(selectors.calls_of(record)[:CALLS_SHOWN]),
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

    @act(CHANGE_AGENCY, "Write the contacts down", form=ContactsForm)
    def write_contacts(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Write down what was found out about one that is not verified."""
        data.pop("target", None)
        services.write_contacts(record, by=access.person(request.user), **data)
        return f"{record}: another person has to call the number and verify it."

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

    @act(CHANGE_AGENCY, "Record the call", form=OfficerCallForm, step_up=True)
    def call_about_officer(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Record what the agency said of an officer: it verifies them, or shuts them out."""
        officer = _officer(record, data)
        data.pop("target")
        done = services.record_officer_call(officer, by=access.person(request.user), **data)
        if not done.outcome:
            return "Nobody was reached. Try again, on the number of this page alone."
        return f"{officer}: {markup.words(done.outcome)}."

    @act(CHANGE_AGENCY, "Has left", form=ReasonForm, grave=True)
    def officer_left(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Record that an officer is there no more."""
        officer = _officer(record, data)
        services.record_departure(officer, by=access.person(request.user), reason=data["reason"])
        return f"{officer} has left: they open nothing, and are verified no more."

    @act(CHANGE_AGENCY, "Limit trust", form=ReasonForm)
    def limit_trust(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Have whatever they ask called back first."""
        officer = _officer(record, data)
        services.limit_trust(officer, by=access.person(request.user), reason=data["reason"])
        return f"Whatever {officer} asks is called back first."

    @act(CHANGE_AGENCY, "Restore trust", form=ReasonForm, step_up=True)
    def restore_trust(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Believe them as the rules have it again; not by who limited it."""
        officer = _officer(record, data)
        services.restore_trust(officer, by=access.person(request.user), reason=data["reason"])
        return f"{officer} is believed as the rules have it."

    @act(CHANGE_AGENCY, "Propose another contact", form=ContactForm)
    def propose_contact(self, request: HttpRequest, record: Agency, data: Data) -> Done:
        """Propose another number, domain, mailbox or address; nothing changes."""
        data.pop("target", None)
        change = services.propose_contact_change(record, by=access.person(request.user), **data)
        return _proposed(change)

    @act(CHANGE_AGENCY, "Propose another contact", form=OfficerContactForm)
    def propose_officer_contact(self, request: HttpRequest, record: Agency, data: Data) -> Done:
        """Propose how an officer is to be reached; nothing changes."""
        officer = _officer(record, data)
        data.pop("target")
        change = services.propose_contact_change(
            record, by=access.person(request.user), contact="officer", officer=officer, **data
        )
        return _proposed(change)

    @act(CALL, "Ask for a call back", form=AskCallForm)
    def ask_call_back(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Have somebody on shift call the agency, on our number."""
        officer = _officer(record, {"target": data["officer"]}) if data["officer"] else None
        services.ask_call_back(record, by=access.person(request.user), about=data["about"], officer=officer)
        return "Whoever is on shift has the task to call them back."

    @act(CHANGE_AGENCY, "Suspend", form=ReasonForm, grave=True)
    def suspend_officer(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Cut one officer off."""
        officer = _officer(record, data)
        services.suspend_officer(officer, by=access.person(request.user), reason=data["reason"])
        return f"{officer} is suspended and opens nothing."


@admin.register(DirectoryImport)
class DirectoryImportAdmin(PartnerAdmin):
    """Lists of agencies that were taken in. Whoever is listed is not verified by that."""

    view_permission = "partners.view_agency"
    add_permission = CHANGE_AGENCY
    pages = {"": "partners/import.html"}
    reading = False
    list_display = ("imported", "country", "added", "changed", "kept", "bad")
    list_filter = ("country",)
    ordering = ("-imported_at",)
    empty_text = "No list of agencies was taken in yet."

    @admin.display(description="imported", ordering="imported_at")
    def imported(self, row: DirectoryImport) -> str:
        """Show when, with the zone."""
        return markup.when(row.imported_at)

    def new_form(self, request: HttpRequest) -> forms.BaseForm:
        """Ask for the file."""
        return ImportForm(request.POST or None, request.FILES or None)

    def add(self, request: HttpRequest, form: Any) -> DirectoryImport:
        """Take the list in, or name what is wrong with it."""
        said = form.cleaned_data
        outcome = services.import_agencies(
            said["file"].read(),
            by=access.person(request.user),
            country=said["country"],
            skip_bad=said["skip_bad"],
        )
        if outcome.record is None:
            shown = [f"Line {each.line}, {each.field}: {each.why}" for each in outcome.problems]
            more = f" And {len(shown) - MOST_SHOWN} more." if len(shown) > MOST_SHOWN else ""
            raise InvalidInput("file", f"Nothing was written. {' '.join(shown[:MOST_SHOWN])}{more}")
        return outcome.record


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
        wrote = record.changed_by_id == request.user.pk and selectors.changes_by_proposal(record.agency)
        return act.name != ("open" if record.enabled else "close") and not (act.name == "open" and wrote)

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
    def change(self, request: HttpRequest, record: Destination, data: Data) -> str | Done:
        """Change what it says; where a verified agency is reached is proposed, and changes nothing yet."""
        said, person = split(data), access.person(request.user)
        try:
            if services.needs_proposal(record, said["config"]):
                change = services.propose_contact_change(
                    record.agency,
                    by=person,
                    contact="destination",
                    destination=record,
                    new=said["config"],
                    reason=said["how_known"],
                )
                return _proposed(change)
            services.change_destination(record, by=person, **said)
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


def _proposed(change: services.ContactChange) -> Done:
    """Say that nothing has changed, and lead to the page with the number to call."""
    address = reverse("admin:partners_contactchange_change", args=(change.pk,))
    return Done("It is proposed, and nothing has changed. Call the number on this page.", address)


def _officer(agency: Agency, data: Data) -> Officer:
    wanted = str(data["target"])
    found = next((each for each in selectors.officers_of(agency) if str(each.pk) == wanted), None)
    if found is None:
        raise NotFound
    return found
