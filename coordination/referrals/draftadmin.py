"""What is done to a referral while it is a draft."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from coordination.access.modeladmin import person
from coordination.access.recordadmin import Act, Data, Done, RecordAdmin, act
from coordination.core import identifiers
from coordination.core.errors import NotFound
from coordination.referrals import disclosureforms, forms, selectors, services
from coordination.referrals.models import Referral

DRAFT_FIELDS = tuple(forms.DraftForm.base_fields)
CORRECTION_FIELDS = tuple(forms.CorrectionDraftForm.base_fields)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Something on the case that an item can be taken from, word for word, with where and when."""

    key: str
    title: str
    url: str
    content: str
    category: str
    provenance: str
    occurred_at: datetime
    occurred_zone: str


SourceMaker = Callable[[HttpRequest, Any], list[Source]]
_sources: list[SourceMaker] = []


def item_source(maker: SourceMaker) -> SourceMaker:
    """Let a slice above offer what it has on a case, to who may see it."""
    _sources.append(maker)
    return maker


def sources_of(request: HttpRequest, record: Referral) -> list[Source]:
    """Return what an item of this referral can be taken from."""
    return [source for maker in _sources for source in maker(request, record.case)]


class DraftActs(RecordAdmin):
    """The acts on a draft: nothing of it has been frozen yet."""

    def form_arguments(self, request: HttpRequest, record: Referral, wanted: Act) -> dict[str, Any]:
        """Start the draft's form from the draft."""
        if wanted.name == "revise":
            return {"initial": {name: getattr(record, name) for name in DRAFT_FIELDS}}
        if wanted.name == "revise_correction":
            return {"initial": {name: getattr(record, name) for name in CORRECTION_FIELDS}}
        if wanted.name == "add_fact":
            return {"recipient_classes": selectors.recipient_classes(record)}
        if wanted.name == "add_item":
            zones = [
                *selectors.zones_of(record),
                *(each.occurred_zone for each in sources_of(request, record)),
            ]
            start = _taken(request, record) if request.method == "GET" else {}
            classes = selectors.recipient_classes(record)
            return {"initial": start, "recipient_classes": classes, "likely_zones": zones}
        return super().form_arguments(request, record, wanted)

    @act("referrals.file_referral", "Revise the draft", form=forms.DraftForm)
    def revise(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Change the draft's own fields."""
        services.revise(record, by=person(request), **{name: data[name] for name in DRAFT_FIELDS})
        return "The draft is saved."

    @act("referrals.file_referral", "Revise the correction", form=forms.CorrectionDraftForm)
    def revise_correction(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Change a correction's own fields."""
        services.revise(record, by=person(request), **{name: data[name] for name in CORRECTION_FIELDS})
        return "The correction is saved."

    @act("referrals.file_referral", "Add an item", form=disclosureforms.ItemForm)
    def add_item(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Add one thing that may be disclosed."""
        services.add_item(record, by=person(request), **_without_target(data))
        return "The item is on the draft."

    @act("referrals.file_referral", "Remove")
    def remove_item(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Take an item off the draft."""
        services.remove_item(_row(record.items, data), by=person(request))
        return "The item is off the draft."

    @act("referrals.file_referral", "Add a fact", form=disclosureforms.FactForm)
    def add_fact(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Add one thing said about the subject or the target."""
        services.add_fact(record, by=person(request), **_without_target(data))
        return "The fact is on the draft."

    @act("referrals.file_referral", "Remove")
    def remove_fact(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Take a fact off the draft."""
        services.remove_fact(_row(record.facts, data), by=person(request))
        return "The fact is off the draft."

    @act("referrals.file_referral", "Add a recipient", form=forms.AddresseeForm)
    def add_addressee(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Add a recipient."""
        services.add_addressee(record, by=person(request), destination=data["destination"])
        return "The recipient is on the draft."

    @act("referrals.file_referral", "Remove")
    def remove_addressee(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Take a recipient off the draft."""
        services.remove_addressee(_row(record.addressees, data), by=person(request))
        return "The recipient is off the draft."

    @act("referrals.submit_referral", "Submit for review")
    def submit(self, request: HttpRequest, record: Referral, data: Data) -> Done:  # noqa: ARG002
        """Freeze what would leave and put it before an approver."""
        services.submit(record, by=person(request))
        return Done(
            f"{record.reference} is in review. What would leave is frozen; another person decides.",
            url=self.url_of(record, "review"),
        )


def _row(rows: Any, data: Data) -> Any:
    pk = str(data["target"])
    found = rows.filter(pk=pk).first() if identifiers.is_row(pk) else None
    if found is None:
        raise NotFound
    return found


def _taken(request: HttpRequest, record: Referral) -> dict[str, Any]:
    """Return the item form's start: what the address says to take, at the time of its place; else nothing."""
    wanted = request.GET.get("take", "")
    found = (
        next((each for each in sources_of(request, record) if each.key == wanted), None) if wanted else None
    )
    if found is None:
        return {}
    return {
        "title": found.title,
        "category": found.category,
        "content": found.content,
        "occurred_at": found.occurred_at.astimezone(ZoneInfo(found.occurred_zone)).replace(tzinfo=None),
        "occurred_zone": found.occurred_zone,
        "provenance": found.provenance,
        "chosen": True,
    }


def _without_target(data: Data) -> Data:
    return {name: value for name, value in data.items() if name != "target"}
