"""What people fill in about a flag."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms

from coordination.cases.services import Case
from coordination.triage import judgingforms
from coordination.triage.workflow import EventKind, Outcome

OUTCOMES = [
    (Outcome.REFER_POLICE, "refer to police"),
    (Outcome.REFER_CRISIS, "refer to crisis responders"),
    (Outcome.WARN_TARGET, "warn the threatened person"),
    (Outcome.MONITOR, "monitor until a date"),
    (Outcome.NO_ACTION, "no action (stands alone)"),
]


class DecideForm(forms.Form):
    """A decision: to refer, or not to, equally recorded."""

    outcomes = forms.MultipleChoiceField(
        label="Decision", choices=OUTCOMES, widget=forms.CheckboxSelectMultiple
    )
    reasons = forms.CharField(widget=forms.Textarea(attrs={"rows": 4}))
    reopens_when = forms.CharField(
        label="What would re-open it", max_length=300, help_text="A returning account always does."
    )
    monitor_until = forms.DateField(
        required=False, label="Monitor until", widget=forms.DateInput(attrs={"type": "date"})
    )
    departure = forms.CharField(
        label="Why a rule is departed from",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Asked where one is: police for danger to self alone, one way for danger to both, a minor, "
        "fiction that is referred.",
    )

    reports = forms.MultipleChoiceField(
        label="Mandated reports that apply",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="For our own critical incidents. What a user threatens is none by itself.",
    )

    def __init__(
        self,
        *args: Any,
        own: bool = False,
        minor: bool = False,
        reports: Sequence[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        """Ask for an assessment too where the decider makes it themselves (`own`)."""
        super().__init__(*args, **kwargs)
        self.fields["reports"].choices = reports  # type: ignore[attr-defined]  # a field with choices
        self.judging = own
        if own:
            self.fields.update(judgingforms.fields())
            self.fields["minor"].initial = minor


class DissentForm(forms.Form):
    """Why a decision is held to be wrong."""

    reasons = forms.CharField(
        label="What is wrong with the decision, and why", widget=forms.Textarea(attrs={"rows": 3})
    )


class JoinForm(forms.Form):
    """Which case a flag belongs to, and what shows it."""

    case = forms.ChoiceField(label="Case")
    reason = forms.CharField(label="What shows it", widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, cases: Iterable[Case] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["case"]
        field.choices = [(each.reference, f"{each.reference} {each.title}") for each in cases]


class ApartForm(forms.Form):
    """What shows that it is somebody else."""

    reason = forms.CharField(label="What shows it", widget=forms.Textarea(attrs={"rows": 2}))


class ReopenForm(forms.Form):
    """Why a decided flag waits again."""

    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}))


def _area(label: str, rows: int = 2) -> forms.CharField:
    return forms.CharField(label=label, widget=forms.Textarea(attrs={"rows": rows}))


def _moment(label: str, help_text: str = "") -> forms.DateTimeField:
    shown = forms.DateTimeInput(attrs={"type": "datetime-local"})
    return forms.DateTimeField(label=label, help_text=help_text, widget=shown)


class FiledForm(forms.Form):
    """That a mandated report was filed."""

    number = forms.CharField(label="Their number of the report", max_length=120)
    at = _moment("Filed at")


class AskCounselForm(forms.Form):
    """What counsel is asked."""

    question = _area("What counsel is asked")


class CounselForm(forms.Form):
    """Counsel's word."""

    reasons = _area("Why", rows=3)


class DeconflictForm(forms.Form):
    """That police ask not to act yet."""

    asked_by = forms.CharField(
        label="Who asked", max_length=500, help_text="With the number on which you called them back."
    )
    reason = _area("What they told you")
    until = _moment("Until", "At most as long as the policy allows; then somebody acts, or hears them again.")


class TargetForm(forms.Form):
    """The threatened person's own account."""

    account = forms.CharField(label="The threatened person's own account", max_length=500)


class EventForm(forms.Form):
    """What happened outside."""

    kind = forms.ChoiceField(
        label="What happened", choices=[(each.value, each.replace("_", " ")) for each in EventKind]
    )
    happened_at = _moment("When")
    told_by = forms.CharField(label="Who told us", max_length=500)
    source = forms.CharField(
        label="Where it stands", max_length=500, help_text="A docket number, a page, a document."
    )
    note = forms.CharField(
        label="What else", required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )
