"""What people fill in on a referral. The services check; a form only gathers and explains."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.utils import timezone

from coordination.access import markup
from coordination.partners import selectors as partners
from coordination.policy import selectors as policy
from coordination.policy.workflow import DataCategory
from coordination.referrals.models import PROVENANCE
from coordination.referrals.showing import channel_title
from coordination.referrals.workflow import Outcome

PRIORITIES = [("normal", "normal"), ("P0", "P0: danger to life now")]


def _text(label: str, help_text: str = "", *, required: bool = True, rows: int = 3) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, help_text=help_text, required=required, widget=area)


def _words(values: Any) -> list[tuple[str, str]]:
    return [(str(value), markup.words(value)) for value in values]


@cache
def _zones() -> list[Any]:
    """Return the zones to choose from: UTC first, then all by continent."""
    parts: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(available_timezones()):
        continent, _, place = name.partition("/")
        if place and continent not in ("Etc", "SystemV", "US", "posix", "right"):
            parts.setdefault(continent, []).append((name, name.replace("_", " ")))
    return [("", "choose the zone"), ("UTC", "UTC"), *parts.items()]


class DraftForm(forms.Form):
    """The referral's own fields."""

    title = forms.CharField(max_length=200, help_text="Neutral and short: no names, no identifiers.")
    priority = forms.ChoiceField(choices=PRIORITIES)
    danger_to_life = forms.BooleanField(required=False, label="There is a danger to life or safety")
    danger_reason = _text("Why there is a danger", required=False, rows=2)
    priority_reason = _text(
        "Why it can wait its turn",
        "Only where there is a danger to life and the priority is normal.",
        required=False,
        rows=2,
    )
    feared = _text("What is feared")
    feared_when = forms.CharField(max_length=200, required=False, label="When")
    why_suspicious = _text("Why it is suspicious")
    prior_reports = _text("Prior reports", required=False, rows=2)
    reporter = forms.CharField(max_length=120, required=False, help_text="An alias is allowed.")
    consent = _text("Consent on record", "Whose, when and how it was given.", required=False, rows=2)


class FileForm(DraftForm):
    """A new draft. Where the case has one already, a second is filed only by saying so."""

    another = forms.BooleanField(
        label="This is another referral, beside the draft that is there",
        error_messages={"required": "Continue the draft above, or say that this is another referral."},
    )

    def __init__(self, *args: Any, drafts: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not drafts:
            del self.fields["another"]


class CorrectionDraftForm(forms.Form):
    """A correction's own fields."""

    correction_wrong = _text("What was wrong")
    correction_true = _text("What is true")


class _Disclosure(forms.Form):
    """What an item and a fact have alike: data category, provenance, legal basis."""

    category = forms.ChoiceField(label="Data category", choices=_words(DataCategory))
    provenance = forms.ChoiceField(label="How it is known", choices=PROVENANCE)
    basis = forms.ChoiceField(label="Legal basis", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: dict[str, list[tuple[str, str]]] = {}
        for basis in policy.legal_bases():
            mark = " (have counsel confirm)" if basis.counsel_confirm else ""
            for category in basis.data_categories:
                group = groups.setdefault(f"For {markup.words(category)}", [])
                group.append((basis.code, f"{basis.citation}: {basis.title}{mark}"))
        choices = [("", "not named yet"), *groups.items()]
        self.fields["basis"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a basis that does not cover the category, and say which do."""
        data = super().clean() or {}
        category, code = data.get("category"), data.get("basis")
        if category and code and not policy.legal_bases(category).filter(code=code).exists():
            fitting = policy.legal_bases(category).values_list("citation", flat=True)
            said = ", ".join(dict.fromkeys(fitting)) or "none; ask counsel"
            self.add_error("basis", f"This basis is not for {markup.words(category)}. These are: {said}.")
        return data


class WallTime(forms.DateTimeField):
    """A time as a clock on a wall showed it: the zone is asked for beside it, never guessed."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the figures as they were written."""
        with timezone.override(UTC):
            return super().to_python(value)


class ItemForm(_Disclosure):
    """One thing that may be disclosed."""

    title = forms.CharField(max_length=200)
    content = _text("Content", "Exactly as it will be disclosed.")
    occurred_at = WallTime(
        required=False,
        label="When it occurred",
        help_text="As the clock of that place showed it. It is kept and shown in UTC too.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
    )
    occurred_zone = forms.ChoiceField(
        required=False,
        label="In which time zone",
        choices=_zones,
        help_text="Needed with a time: an hour can put somebody else behind an address.",
    )
    chosen = forms.BooleanField(required=False, initial=True, label="Send it. What is not chosen is not sent")
    reason = forms.CharField(
        max_length=500, label="Reason", help_text="Why it is sent, or why it is held back."
    )
    field_order = (
        *("title", "category", "content", "occurred_at", "occurred_zone"),
        *("provenance", "basis", "chosen", "reason"),
    )

    @property
    def taken(self) -> bool:
        """Whether it starts from something on the case: then the page shows it open."""
        return bool(self.initial.get("content"))

    def clean(self) -> dict[str, Any]:
        """Put the zone to the time."""
        data = super().clean()
        zone, figures = data.pop("occurred_zone", ""), data.get("occurred_at")
        if figures is None:
            return data
        if not zone:
            self.add_error("occurred_zone", "A time needs its zone.")
            return data
        there = figures.replace(tzinfo=ZoneInfo(zone))
        if there.astimezone(UTC).astimezone(there.tzinfo).replace(tzinfo=None) != figures.replace(
            tzinfo=None
        ):
            self.add_error("occurred_at", "Clocks were put forward there: this time did not exist.")
        data["occurred_at"] = there.astimezone(UTC)
        return data


class FactForm(_Disclosure):
    """One thing said about the subject or the target."""

    about = forms.ChoiceField(choices=[("subject", "the subject"), ("target", "the target")])
    label = forms.CharField(max_length=100, label="What")
    value = forms.CharField(label="Value")
    confidence = forms.CharField(max_length=60, required=False)
    field_order = ("about", "label", "value", "category", "provenance", "confidence", "basis")


class RecipientField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A recipient by all that tells two of one name apart."""

    def label_from_instance(self, obj: Any) -> str:
        """Return name, identifier, place, destination and channel."""
        agency = obj.agency
        place = ", ".join(filter(None, (agency.region, agency.country)))
        way = channel_title(obj.channel).lower()
        return f"{agency.name} · {agency.identifier} · {place} · {obj.title}, by {way}"


class AddresseeForm(forms.Form):
    """A recipient."""

    destination = RecipientField(
        queryset=None,
        label="Recipient",
        help_text="Name, identifier, place and channel. Destinations of verified agencies only.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["destination"].queryset = partners.destinations_open()  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """Why."""

    reason = _text("Reason", rows=2)


class ApproveForm(forms.Form):
    """The approver's word. The digests stand beside it in the page, one for each recipient."""

    read = forms.BooleanField(
        label="I have read what will leave, to whom, and on which legal basis",
        error_messages={"required": "Read what will leave, then say so here."},
    )


class BreakGlassForm(ApproveForm):
    """The word of one person who filed it too."""

    reason = _text("Why it cannot wait for another person", rows=2)


class AnswerForm(forms.Form):
    """The answer to a recipient's question."""

    text = _text("Answer", "It is frozen when you save it; another person approves it before it leaves.")


class ApproveAnswerForm(forms.Form):
    """The approver's word for an answer: the digest is that of the frozen answer shown."""

    read = forms.BooleanField(label="I have read the answer that will leave")
    digest = forms.CharField(widget=forms.HiddenInput)


class OutcomeForm(forms.Form):
    """What came of it."""

    outcome = forms.ChoiceField(choices=_words(Outcome))
    detail = _text("Detail", required=False, rows=2)


class ReviewForm(forms.Form):
    """The after-action review."""

    notes = _text("What went well, what did not, what changes")


class CorrectForm(forms.Form):
    """A correction to every recipient."""

    what_was_wrong = _text("What was wrong")
    what_is_true = _text("What is true")
