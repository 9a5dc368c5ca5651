"""What people fill in about a flag."""

from django import forms

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
    reasons = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}), help_text="Target, means and timing, one by one."
    )
    reopens_when = forms.CharField(
        label="What would re-open it", max_length=300, help_text="A returning account always does."
    )
    monitor_until = forms.DateField(
        required=False, label="Monitor until", widget=forms.DateInput(attrs={"type": "date"})
    )


class ReopenForm(forms.Form):
    """Why a decided flag waits again."""

    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}))
