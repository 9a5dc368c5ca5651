"""What people fill in about a flag."""

from typing import Any

from django import forms

from coordination.triage import judgingforms
from coordination.triage.workflow import Outcome

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

    def __init__(self, *args: Any, own: bool = False, minor: bool = False, **kwargs: Any) -> None:
        """Ask for an assessment too where the decider makes it themselves (`own`)."""
        super().__init__(*args, **kwargs)
        self.judging = own
        if own:
            self.fields.update(judgingforms.fields())
            self.fields["minor"].initial = minor


class DissentForm(forms.Form):
    """Why a decision is held to be wrong."""

    reasons = forms.CharField(
        label="What is wrong with the decision, and why", widget=forms.Textarea(attrs={"rows": 3})
    )


class ReopenForm(forms.Form):
    """Why a decided flag waits again."""

    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}))
