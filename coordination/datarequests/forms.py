"""What people fill in about a data request. The services check; a form only gathers and explains."""

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from coordination.access import markup
from coordination.datarequests.workflow import (
    PATHS,
    Closure,
    EmergencyKind,
    IdentifierKind,
    Path,
    Protected,
    Rejection,
    Way,
)
from coordination.partners import selectors as partners
from coordination.policy.workflow import ProcessData

EMERGENCY_ONLY: Final = "needed in an emergency"


def words(values: Iterable[Any], *, first: str = "") -> list[tuple[str, str]]:
    """Return choices in words, with one that is none in front where `first` says what it means."""
    found = [(str(each), markup.words(each)) for each in values]
    return [("", first), *found] if first else found


def text(label: str, help_text: str = "", *, required: bool = True, when: str = "") -> forms.CharField:
    """Return a field for some lines of text."""
    area = forms.Textarea(attrs={"rows": 2})
    field = forms.CharField(label=label, help_text=help_text, required=required and not when, widget=area)
    field.when_needed = when  # type: ignore[attr-defined]
    return field


def day(label: str, help_text: str = "") -> forms.DateField:
    """Return a field for a day that may be left out."""
    return forms.DateField(
        label=label, help_text=help_text, required=False, widget=forms.DateInput(attrs={"type": "date"})
    )


def line(label: str, help_text: str = "", *, longest: int = 200, when: str = "") -> forms.CharField:
    """Return a field for one line that may be left out."""
    field = forms.CharField(label=label, help_text=help_text, max_length=longest, required=False)
    field.when_needed = when  # type: ignore[attr-defined]
    return field


class ReasonForm(forms.Form):
    """Why."""

    reason = text("Reason")


class FaceForm(forms.Form):
    """What stands on the face of the process."""

    authority = line("Legal authority cited", "The statute or rule.")
    court = line("Court or authority, and its number there")
    signed_by = line("Signed by")
    signed_on = day("Signed on")
    addressed_to = line("Addressed to", "The legal entity, as it stands there.")
    offence = text("Offence", required=False)
    nexus = text("Nexus", "What the named accounts have to do with it.", required=False)
    return_on = day("Return date", "Where there is one it is the deadline.")
    expires_on = day("Last day in force")
    categories = forms.MultipleChoiceField(
        label="Data categories asked for",
        choices=words(ProcessData),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    range_from = day("Date range, first day")
    range_until = day("Date range, last day")
    non_disclosure = forms.BooleanField(label="Non-disclosure is ordered", required=False)
    non_disclosure_until = day("Non-disclosure until", "Empty: it has no end, and binds.")
    is_sealed = forms.BooleanField(label="The court's file is under seal", required=False)
    usernames = text("User names", "One a line.", required=False)
    user_ids = text("User ids", "One a line.", required=False)
    emails = text("E-mail addresses", "One a line.", required=False)
    phones = text("Telephone numbers", "With the country code, one a line.", required=False)

    def accounts(self) -> list[tuple[str, str]]:
        """Return the named accounts, by kind."""
        kinds = {
            "usernames": IdentifierKind.USERNAME,
            "user_ids": IdentifierKind.USER_ID,
            "emails": IdentifierKind.EMAIL,
            "phones": IdentifierKind.PHONE,
        }
        return [
            (kind.value, each.strip())
            for name, kind in kinds.items()
            for each in self.cleaned_data[name].splitlines()
            if each.strip()
        ]


class GroundsForm(forms.Form):
    """What an emergency request states."""

    officer_name = line("Officer's name", when=EMERGENCY_ONLY)
    officer_rank = line("Rank", when=EMERGENCY_ONLY)
    officer_badge = line("Badge number", when=EMERGENCY_ONLY)
    is_sworn = forms.BooleanField(label="The officer states it under oath", required=False)
    agency_address = line("Agency's address", when=EMERGENCY_ONLY)
    agency_domain = line("Agency's official domain", when=EMERGENCY_ONLY)
    agency_phone = line(
        "Telephone, as the request says", "It is kept and never called back.", when=EMERGENCY_ONLY
    )
    person_in_danger = text("The person in danger", when=EMERGENCY_ONLY)
    nature = text("What the emergency is", when=EMERGENCY_ONLY)
    since_when = line("Since when", when=EMERGENCY_ONLY)
    data_and_why = text("Which data, and why it averts the harm", when=EMERGENCY_ONLY)
    why_not_process = text("Why ordinary process is too slow", when=EMERGENCY_ONLY)


class IntakeForm(FaceForm, GroundsForm):
    """A request that came by post, fax or mail."""

    process = forms.ChoiceField(
        label="Process",
        choices=words((each for each, path in PATHS.items() if path is not Path.POINTER), first="choose"),
        help_text="National-security process is never entered: hand it to the cleared custodian, unread.",
    )
    emergency_kind = forms.ChoiceField(
        label="Kind of emergency", choices=words(EmergencyKind, first="none"), required=False
    )
    agency: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        queryset=None, label="Agency", help_text="From our directory. It is called back on our number."
    )
    requester = forms.CharField(
        label="Who asks, as the request says", max_length=500, help_text="Name, rank, contact."
    )
    way = forms.ChoiceField(label="How it came", choices=words((Way.POST, Way.FAX, Way.EMAIL, Way.IN_PERSON)))
    zone = forms.CharField(
        label="Time zone of its dates", max_length=60, help_text="Its name, as in America/Denver."
    )
    scan = forms.FileField(label="The process itself, scanned", required=False)
    field_order = ("process", "emergency_kind", "agency", "requester", "way", "zone", "scan")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].queryset = partners.agencies()  # type: ignore[attr-defined]


class VerifyForm(forms.Form):
    """What the call back found."""

    officer = forms.ChoiceField(
        label="Officer", required=False, help_text="Of this agency, verified. An emergency needs one."
    )
    how = text("Whom you reached, on which number, and what they said")

    def __init__(self, *args: Any, officers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["officer"].choices = [("", "as the request says"), *officers]  # type: ignore[attr-defined]


class CheckForm(forms.Form):
    """A person's word on whom it is addressed to."""

    addressed = forms.ChoiceField(
        label="Is it addressed to our legal entity?",
        choices=[("", "not said"), ("yes", "yes"), ("no", "no")],
        required=False,
    )


class ScanForm(forms.Form):
    """The process as it was served."""

    file = forms.FileField(label="The process itself, scanned")


class NarrowForm(ReasonForm):
    """What becomes less."""

    categories = forms.MultipleChoiceField(
        label="Categories that stay", widget=forms.CheckboxSelectMultiple, required=False
    )
    range_from = day("First day")
    range_until = day("Last day")
    strike = forms.MultipleChoiceField(
        label="Accounts that are struck", widget=forms.CheckboxSelectMultiple, required=False
    )
    field_order = ("categories", "range_from", "range_until", "strike", "reason")

    def __init__(
        self, *args: Any, categories: list[str], accounts: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["categories"].choices = words(categories)  # type: ignore[attr-defined]
        self.fields["categories"].initial = categories
        self.fields["strike"].choices = accounts  # type: ignore[attr-defined]


class AcceptForm(forms.Form):
    """The word that the process is good."""

    reason = text("Note", required=False)


class RejectForm(ReasonForm):
    """Why it is rejected."""

    rejection = forms.ChoiceField(label="Why", choices=words(Rejection))
    field_order = ("rejection", "reason")


class BecauseForm(forms.Form):
    """The reason where it is not ordered."""

    because = text("Why", "Not needed while an order stands.", required=False)


class CandidatesForm(forms.Form):
    """Which of our accounts an identifier leads to."""

    candidates = text("Accounts that it leads to", "One a line, as the platform names them.")


class ChooseForm(forms.Form):
    """Which account is named, and by what it is known."""

    choice = forms.CharField(label="The named account", max_length=200)
    because = text("By what you know it")


class ProtectForm(forms.Form):
    """Why counsel looks first."""

    protected = forms.ChoiceField(label="It is", choices=words(Protected))


class ClearForm(forms.Form):
    """Counsel's word."""

    because = text("Why it may be collected")


class CollectedForm(forms.Form):
    """What every item says."""

    account = forms.ChoiceField(label="Named account")
    category = forms.ChoiceField(label="Data category")
    exhibit = forms.ChoiceField(label="Exhibit of the case")
    relates = text("How it relates to the emergency", when=EMERGENCY_ONLY)

    def __init__(self, *args: Any, chosen: Mapping[str, list[tuple[str, str]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in chosen.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]


class Figures(forms.DateTimeField):
    """A time as the clock of the request's zone showed it."""

    def __init__(self, label: str) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"})
        super().__init__(label=label, required=False, widget=widget, help_text="By the request's time zone.")

    def clean(self, value: Any) -> Any:
        """Return the figures, of no zone yet."""
        with timezone.override(UTC):
            found = super().clean(value)
        return found.replace(tzinfo=None) if found else None


class ItemForm(CollectedForm):
    """One exhibit that goes out as it is."""

    earliest, latest = Figures("From"), Figures("To")
    redactions = forms.IntegerField(label="Places redacted", min_value=0, required=False)
    nobody_elses = forms.BooleanField(label="Nobody else's words are in it", required=False)

    def span(self, zone: str) -> dict[str, Any]:
        """Return from when to when it is, in UTC."""
        there = ZoneInfo(zone)
        return {
            name: figures.replace(tzinfo=there).astimezone(UTC) if figures else None
            for name in ("earliest", "latest")
            for figures in [self.cleaned_data[name]]
        }


class ExtractForm(CollectedForm):
    """An export of which the lines of the date range go out."""

    speakers = text(
        "Speakers whose words stay", "For content: as the transcript names them, one a line.", required=False
    )
    strike = text("Words to redact", "Names of others, say; one a line.", required=False)


class DigestForm(forms.Form):
    """The word for exactly the package that was shown."""

    read = forms.BooleanField(label="I have looked at every item of this package")
    digest = forms.CharField(widget=forms.HiddenInput)


class AcknowledgeForm(forms.Form):
    """What the requester said."""

    reference = line("Their reference")


class ExtendForm(forms.Form):
    """The later return date."""

    return_on = forms.DateField(label="New return date", widget=forms.DateInput(attrs={"type": "date"}))
    because = text("Who extended it, and how")


class CloseForm(forms.Form):
    """How it ended."""

    closure = forms.ChoiceField(label="How it ended")
    note = text("Note", required=False)

    def __init__(self, *args: Any, closures: Iterable[Closure], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["closure"].choices = words(sorted(closures))  # type: ignore[attr-defined]
