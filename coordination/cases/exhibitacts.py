"""Exhibits on the page of their case: taking in, holds, packages."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from coordination.access import markup
from coordination.access import services as access
from coordination.access.modeladmin import person
from coordination.access.recordadmin import Act, Data, Done, RecordAdmin, act
from coordination.cases import services
from coordination.cases.forms import ReasonForm
from coordination.cases.models import Case
from coordination.core.errors import NotFound
from coordination.evidence import selectors as evidence_selectors
from coordination.evidence import services as evidence
from coordination.evidence.forms import TakeInForm
from coordination.evidence.services import Exhibit


class PackageForm(forms.Form):
    """What goes to whom, and why."""

    recipient = forms.CharField(label="For", max_length=200, help_text="Who gets it, for the custody.")
    why = forms.CharField(label="Why", widget=forms.Textarea(attrs={"rows": 2}))
    items = forms.MultipleChoiceField(label="Exhibits", widget=forms.CheckboxSelectMultiple)
    name_people = forms.BooleanField(
        label="Name the people of the desk", required=False, help_text="Otherwise by role and number."
    )

    def __init__(self, *args: Any, items: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["items"].choices = items  # type: ignore[attr-defined]


def exhibits_of(request: HttpRequest, case: Case) -> dict[str, Any] | None:
    """Return the exhibits of a case and the holds that this person may know of; None for who sees none."""
    if not access.has(request.user, "evidence.view_exhibit"):
        return None
    return {
        "rows": list(evidence_selectors.exhibits_of(case.reference)),
        "holds": list(evidence_selectors.holds_for(person(request), case.reference)),
        "packages": _packages(request, case),
    }


class ExhibitActs(RecordAdmin):
    """The acts on a case that are about its exhibits."""

    def form_arguments(self, request: HttpRequest, record: Case, wanted: Act) -> dict[str, Any]:
        """Offer for a package what can go into one."""
        if wanted.name == "make_package":
            return {"items": _packable(record)}
        return super().form_arguments(request, record, wanted)

    def offers_of_exhibits(self, request: HttpRequest, record: Case, wanted: Act) -> bool:
        """Offer what there is something for."""
        if wanted.name == "lift_hold":
            return evidence_selectors.holds_for(person(request), record.reference).exists()
        return _kept(record).exists()

    @act("evidence.take_in_exhibit", "Take in an exhibit", form=TakeInForm)
    def take_in(self, request: HttpRequest, record: Case, data: Data) -> Done:
        """Seal a file as evidence."""
        deed = evidence.import_transcript if data.pop("transcript") else evidence.take_in
        file, _ = data.pop("file"), data.pop("target")
        exhibit, is_new = deed(
            record.reference, by=person(request), content=file, filename=str(file.name), **data
        )
        told = "was taken in" if is_new else "has this content already: nothing was added"
        return Done(f"Exhibit {exhibit.reference} {told}.")

    @act("evidence.hold_exhibit", "Place a legal hold", form=ReasonForm, grave=True)
    def place_hold(self, request: HttpRequest, record: Case, data: Data) -> str:
        """Keep everything of the case from expiring."""
        evidence.place_hold(record.reference, by=person(request), reason=data["reason"])
        return "The hold stands. Only counsel who see this case know of it."

    @act("evidence.hold_exhibit", "Lift the hold", form=ReasonForm, grave=True, step_up=True)
    def lift_hold(self, request: HttpRequest, record: Case, data: Data) -> str:
        """Let exhibits expire again."""
        holds = evidence_selectors.holds_for(person(request), record.reference)
        found = next((each for each in holds if str(each.pk) == str(data["target"])), None)
        if found is None:
            raise NotFound
        evidence.lift_hold(found, by=person(request), reason=data["reason"])
        return "The hold is lifted."

    @act("evidence.release_exhibit", "Make a package", form=PackageForm, grave=True, step_up=True)
    def make_package(self, request: HttpRequest, record: Case, data: Data) -> Done:
        """Release exhibits as a package that anybody can check; the certificate in it is a draft."""
        said = {name: data[name] for name in ("recipient", "why", "items", "name_people")}
        package = services.order_package(record, by=person(request), **said)
        url = reverse("admin:evidence_package_change", args=(package.reference,))
        return Done(f"Package {package.reference} is being made.", url)


def _kept(case: Case) -> QuerySet[Exhibit]:
    return evidence_selectors.exhibits_of(case.reference).filter(keeping__isnull=False)


def _packable(case: Case) -> list[tuple[str, str]]:
    """Return what can go into a package, each by its reference and as a person knows it."""
    return [(each.reference, _known_as(each)) for each in _kept(case)]


def _known_as(exhibit: Exhibit) -> str:
    try:
        named = evidence.words(exhibit)["filename"]
    except evidence.ExhibitBroken:
        named = "cannot be read"
    return f"{exhibit.reference} · {named}, {markup.words(exhibit.kind)}"


def _packages(request: HttpRequest, case: Case) -> list[evidence.Package]:
    """Return the packages that were asked for, to who may release exhibits."""
    return list(evidence_selectors.packages_for(person(request)).filter(case_reference=case.reference))
