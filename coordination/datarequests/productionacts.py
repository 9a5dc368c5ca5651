"""What is done to what goes out: accounts known, items collected, one package checked, signed, handed out."""

from django.http import HttpRequest

from coordination.access.modeladmin import person
from coordination.access.recordadmin import Data, Done, act
from coordination.core.errors import NotFound
from coordination.datarequests import forms, selectors, services
from coordination.datarequests.models import DataRequest, ProductionItem
from coordination.datarequests.requestacts import RequestActs, account_of
from coordination.evidence import selectors as evidence
from coordination.evidence.services import Exhibit


def exhibit_of(record: DataRequest, reference: str) -> Exhibit:
    """Return an exhibit of the request's case, or raise NotFound."""
    found = evidence.exhibits_of(record.case.reference).filter(reference=reference).first()
    if found is None:
        raise NotFound
    return found


class ProductionActs(RequestActs):
    """The acts on accounts, items and the package."""

    @act("datarequests.collect_datarequest", "Begin to collect")
    def collect(self, request: HttpRequest, record: DataRequest, data: Data) -> str:  # noqa: ARG002
        """Begin to collect."""
        services.collect(record, by=person(request))
        return "Collect what the gate lets out. Say first which accounts are named."

    @act("datarequests.collect_datarequest", "Say what it leads to", form=forms.CandidatesForm)
    def offer_candidates(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Record which accounts an identifier leads to."""
        wanted = [each.strip() for each in data["candidates"].splitlines() if each.strip()]
        account = account_of(record, data["target"])
        found = services.offer_candidates(account, by=person(request), candidates=wanted)
        return "It is the named account." if found.account else "A person chooses the named one of several."

    @act("datarequests.collect_datarequest", "Choose the named account", form=forms.ChooseForm)
    def choose_account(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Say which account is named."""
        account = account_of(record, data["target"])
        services.choose_account(account, by=person(request), choice=data["choice"], because=data["because"])
        return "It is the named account."

    @act("datarequests.docket_datarequest", "Mark it as protected", form=forms.ProtectForm)
    def protect_account(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Let counsel look first."""
        account = account_of(record, data["target"])
        services.protect_account(account, by=person(request), protected=data["protected"])
        return "Nothing moves before counsel has cleared it."

    @act("datarequests.clear_account", "Clear it", form=forms.ClearForm, grave=True)
    def clear_account(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Let a protected account be collected."""
        account = account_of(record, data["target"])
        services.clear_account(account, by=person(request), because=data["because"])
        return "It is cleared, with your name and reason."

    @act("datarequests.collect_datarequest", "Add an exhibit as it is", form=forms.ItemForm)
    def add_item(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Put an exhibit into the production."""
        form = forms.ItemForm(request.POST, **self.form_arguments(request, record, self.acts["add_item"]))
        form.is_valid()
        services.add_item(
            record,
            by=person(request),
            account=account_of(record, data["account"]),
            category=data["category"],
            exhibit=exhibit_of(record, data["exhibit"]),
            relates=data["relates"],
            redactions=data["redactions"] or 0,
            nobody_elses=data["nobody_elses"],
            **form.span(record.zone),
        )
        return "It is in the production."

    @act("datarequests.collect_datarequest", "Add the lines of an export", form=forms.ExtractForm)
    def add_extract(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Cut an export to the date range, redact others' words, and put the copy in."""
        lists = {name: [each.strip() for each in data[name].splitlines()] for name in ("speakers", "strike")}
        item, extract = services.add_extract(
            record,
            by=person(request),
            account=account_of(record, data["account"]),
            category=data["category"],
            exhibit=exhibit_of(record, data["exhibit"]),
            relates=data["relates"],
            speakers=[each for each in lists["speakers"] if each],
            strike=[each for each in lists["strike"] if each],
        )
        return (
            f"{item.exhibit.reference}: {len(extract.rows)} lines are in, {extract.left_out} were outside, "
            f"{extract.redactions} places are redacted."
        )

    @act("datarequests.collect_datarequest", "Take it out")
    def remove_item(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Take an item out."""
        services.remove_item(_item(record, data["target"]), by=person(request))
        return "It is out of the production."

    @act("datarequests.collect_datarequest", "Hand it in")
    def hand_in(self, request: HttpRequest, record: DataRequest, data: Data) -> str:  # noqa: ARG002
        """Make the package that others check."""
        made = services.hand_in(record, by=person(request))
        package = made.package.reference if made.package else ""
        return f"It is package {package}. Another person checks it."

    @act("datarequests.check_quality", "It is right", form=forms.DigestForm)
    def quality_check(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Say that it is right, of exactly this package."""
        services.quality_check(record, by=person(request), digest=data["digest"])
        return "It is checked. Counsel signs it."

    @act("datarequests.check_quality", "Send it back", form=forms.ReasonForm)
    def send_back(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Have it collected anew."""
        services.send_back(record, by=person(request), reason=data["reason"])
        return "It is collected anew; digest, check and signature are gone."

    @act("datarequests.sign_off_production", "Sign it off", form=forms.DigestForm, grave=True, step_up=True)
    def sign_off(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Sign exactly this package."""
        services.sign_off(record, by=person(request), digest=data["digest"])
        return "It is signed. It stands until the request changes or its requester is suspended."

    @act("datarequests.produce_datarequest", "Produce it", grave=True, step_up=True)
    def produce(self, request: HttpRequest, record: DataRequest, data: Data) -> str:  # noqa: ARG002
        """Release what counsel signed."""
        services.produce(record, by=person(request))
        return "It is released to the requester, and its custody says so."

    @act("datarequests.produce_datarequest", "It was handed over", grave=True)
    def deliver(self, request: HttpRequest, record: DataRequest, data: Data) -> str:  # noqa: ARG002
        """Record that they were given it."""
        services.deliver(record, by=person(request))
        return "It is delivered."

    @act("datarequests.produce_datarequest", "They have it", form=forms.AcknowledgeForm)
    def acknowledge(self, request: HttpRequest, record: DataRequest, data: Data) -> Done:
        """Record their word."""
        services.acknowledge(record, by=person(request), reference=data["reference"])
        return Done("It is acknowledged. Close it with how it ended.")


def _item(record: DataRequest, pk: object) -> ProductionItem:
    production = selectors.production_of(record)
    found = next(
        (each for each in (production.items.all() if production else ()) if str(each.pk) == str(pk)), None
    )
    if found is None:
        raise NotFound
    return found
