"""What people fill in about one thing that may be disclosed: on which basis, when and where it was."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from coordination.access import markup
from coordination.core import clock
from coordination.policy import selectors as policy
from coordination.policy.workflow import DataCategory
from coordination.referrals.models import PROVENANCE, PlaceSource

_NO_PLACE = frozenset({"Etc", "SystemV", "US", "posix", "right"})


class NeededLater(forms.ChoiceField):
    """A choice that a draft may lack for now; the page says when it is needed instead of "optional"."""

    def __init__(self, *, when_needed: str, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.when_needed = when_needed


class Basis(NeededLater):
    """A legal basis. The form says which fit, in place of a choice that "is not one of those"."""

    def valid_value(self, value: str) -> bool:  # noqa: ARG002
        """Leave it to the form, which knows category and recipients."""
        return True


class Disclosure(forms.Form):
    """What an item and a fact have alike: data category, provenance, legal basis.

    `recipient_classes` are those of the draft's recipients: only what reaches all of them is offered.
    """

    category = forms.ChoiceField(
        label="Data category", choices=[(each.value, markup.words(each)) for each in DataCategory]
    )
    provenance = forms.ChoiceField(label="How it is known", choices=PROVENANCE)
    basis = Basis(label="Legal basis", when_needed="needed before it is submitted")

    def __init__(self, *args: Any, recipient_classes: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.recipient_classes = recipient_classes
        groups = [(f"For {markup.words(each)}", self._offered(each)) for each in DataCategory]
        self.fields["basis"].choices = [("", "not named yet"), *groups]  # type: ignore[attr-defined]
        if recipient_classes:
            reached = " and ".join(markup.words(each) for each in recipient_classes)
            self.fields["basis"].help_text = f"Those that reach the recipients on this draft: {reached}."

    def _offered(self, category: str) -> list[tuple[str, str]]:
        return [
            (basis.code, f"{basis.citation}: {basis.title}{_mark(basis)}")
            for basis in policy.legal_bases(category)
            if _reaches(basis, self.recipient_classes)
        ]

    def clean(self) -> dict[str, Any]:
        """Refuse a basis that does not cover the category or reach the recipients, and say which do."""
        data = super().clean() or {}
        category, code = data.get("category"), data.get("basis")
        if not category or not code:
            return data
        fitting = [each for each in policy.legal_bases(category) if _reaches(each, self.recipient_classes)]
        if all(each.code != code for each in fitting):
            said = ", ".join(dict.fromkeys(each.citation for each in fitting)) or "none; ask counsel"
            whom = " and ".join(markup.words(each) for each in self.recipient_classes)
            what = markup.words(category) + (f" to {whom}" if whom else "")
            self.add_error("basis", f"This basis is not for {what}. These are: {said}.")
        return data


class WallTime(forms.DateTimeField):
    """A time as a clock on a wall showed it: the zone is asked for beside it, never guessed."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the figures as they were written."""
        with timezone.override(UTC):
            return super().to_python(value)


def at_place(figures: datetime, zone: str) -> datetime:
    """Return, in UTC, when the clocks of `zone` showed this; raise ValidationError where they never did."""
    there = figures.replace(tzinfo=ZoneInfo(zone))
    if there.astimezone(UTC).astimezone(there.tzinfo).replace(tzinfo=None) != figures.replace(tzinfo=None):
        raise forms.ValidationError("Clocks were put forward there: this time did not exist.")
    return there.astimezone(UTC)


class ItemForm(Disclosure):
    """One thing that may be disclosed."""

    title = forms.CharField(max_length=200)
    content = forms.CharField(
        label="Content",
        help_text="Exactly as it will be disclosed.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    occurred_at = WallTime(
        required=False,
        label="When it occurred",
        help_text="As the clock of that place showed it. It is shown in UTC beside that.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
    )
    occurred_zone = NeededLater(
        label="In which time zone",
        when_needed="needed with a time",
        help_text="An hour can put somebody else behind an address.",
    )
    chosen = forms.BooleanField(required=False, initial=True, label="Send it. What is not chosen is not sent")
    reason = forms.CharField(
        max_length=500, label="Reason", help_text="Why it is sent, or why it is held back."
    )
    field_order = (
        *("title", "category", "content", "occurred_at", "occurred_zone"),
        *("provenance", "basis", "chosen", "reason"),
    )

    def __init__(self, *args: Any, likely_zones: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["occurred_zone"].choices = zones(likely_zones)  # type: ignore[attr-defined]
        self.fields["basis"].when_needed = "needed before it is submitted, if it is sent"  # type: ignore[attr-defined]

    @property
    def taken(self) -> bool:
        """Whether it starts from something on the case: then the page shows it open."""
        return bool(self.initial.get("content"))

    def clean(self) -> dict[str, Any]:
        """Put the zone to the time."""
        data = super().clean()
        zone, figures = data.get("occurred_zone", ""), data.get("occurred_at")
        if figures is None:
            return {**data, "occurred_zone": ""}
        if not zone:
            self.add_error("occurred_zone", "A time needs its zone.")
            return data
        try:
            data["occurred_at"] = at_place(figures, zone)
        except forms.ValidationError as error:
            self.add_error("occurred_at", error)
        return data


class FactForm(Disclosure):
    """One thing said about the subject or the target."""

    about = forms.ChoiceField(choices=[("subject", "the subject"), ("target", "the target")])
    label = forms.CharField(max_length=100, label="What")
    value = forms.CharField(label="Value")
    confidence = forms.CharField(max_length=60, required=False)
    place_source = forms.ChoiceField(
        label="For a place: how it is known",
        choices=[("", "not a place"), *PlaceSource.choices],
        required=False,
    )
    place_confidence = forms.IntegerField(
        label="For a place: how surely, in per cent", min_value=0, max_value=100, required=False
    )
    possible_proxy = forms.BooleanField(label="For a network address: a proxy is possible", required=False)
    field_order = (
        *("about", "label", "value", "category", "provenance", "confidence"),
        *("place_source", "place_confidence", "possible_proxy", "basis"),
    )


def zones(likely: Iterable[str]) -> list[Any]:
    """Return the zones to choose from: the likely ones first, the desk's own and UTC; then by continent."""
    here = timezone.get_current_timezone_name()
    first = dict.fromkeys(each for each in (*likely, here, "UTC") if each in clock.zones())
    return [("", "choose the zone"), ("Likely", [(name, _written(name)) for name in first]), *_continents()]


@cache
def _continents() -> list[Any]:
    parts: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(clock.zones()):
        continent, _, place = name.partition("/")
        if place and continent not in _NO_PLACE:
            parts.setdefault(continent, []).append((name, _written(name)))
    return [*parts.items()]


def _written(name: str) -> str:
    return name.replace("_", " ")


def _reaches(basis: Any, classes: Iterable[str]) -> bool:
    return set(classes) <= set(basis.recipient_classes)


def _mark(basis: Any) -> str:
    marks = (
        (basis.requires_consent, "needs a consent on record"),
        (basis.needs_counsel, "counsel approves"),
        (basis.counsel_confirm, "have counsel confirm"),
    )
    said = ", ".join(words for applies, words in marks if applies)
    return f" ({said})" if said else ""
