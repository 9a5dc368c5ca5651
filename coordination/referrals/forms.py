"""What people fill in on a referral. The services check; a form only gathers and explains."""

from typing import Any

from django import forms

from coordination.partners import selectors as partners
from coordination.policy import selectors as policy
from coordination.policy.workflow import DataCategory
from coordination.referrals.models import PROVENANCE
from coordination.referrals.workflow import Outcome

PRIORITIES = [("normal", "normal"), ("P0", "P0: danger to life now")]


def _text(label: str, help_text: str = "", *, required: bool = True, rows: int = 3) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, help_text=help_text, required=required, widget=area)


def _words(values: Any) -> list[tuple[str, str]]:
    return [(str(value), str(value).replace("_", " ")) for value in values]


class DraftForm(forms.Form):
    """The referral's own fields."""

    title = forms.CharField(max_length=200, help_text="Neutral and short: no names, no identifiers.")
    priority = forms.ChoiceField(choices=PRIORITIES)
    danger_to_life = forms.BooleanField(required=False, label="There is a danger to life or safety")
    danger_reason = _text("Why there is a danger", required=False, rows=2)
    feared = _text("What is feared")
    feared_when = forms.CharField(max_length=200, required=False, label="When")
    why_suspicious = _text("Why it is suspicious")
    prior_reports = _text("Prior reports", required=False, rows=2)
    reporter = forms.CharField(max_length=120, required=False, help_text="An alias is allowed.")
    consent = _text("Consent on record", "Whose, when and how it was given.", required=False, rows=2)


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
        choices = [("", "not named yet")]
        for basis in policy.legal_bases():
            mark = " (have counsel confirm)" if basis.counsel_confirm else ""
            choices.append((basis.code, f"{basis.citation}: {basis.title}{mark}"))
        self.fields["basis"].choices = choices  # type: ignore[attr-defined]


class ItemForm(_Disclosure):
    """One thing that may be disclosed."""

    title = forms.CharField(max_length=200)
    content = _text("Content", "Exactly as it will be disclosed.")
    occurred_at = forms.DateTimeField(
        required=False,
        label="When it occurred",
        help_text="In the desk's time zone.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    chosen = forms.BooleanField(required=False, initial=True, label="Send it. What is not chosen is not sent")
    reason = forms.CharField(
        max_length=500, label="Reason", help_text="Why it is sent, or why it is held back."
    )
    field_order = ("title", "category", "content", "occurred_at", "provenance", "basis", "chosen", "reason")


class FactForm(_Disclosure):
    """One thing said about the subject or the target."""

    about = forms.ChoiceField(choices=[("subject", "the subject"), ("target", "the target")])
    label = forms.CharField(max_length=100, label="What")
    value = forms.CharField(label="Value")
    confidence = forms.CharField(max_length=60, required=False)
    field_order = ("about", "label", "value", "category", "provenance", "confidence", "basis")


class AddresseeForm(forms.Form):
    """A recipient."""

    destination: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        queryset=None, label="Recipient", help_text="Destinations of verified agencies only."
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
