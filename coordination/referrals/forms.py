"""What people fill in on a referral. The services check; a form only gathers and explains."""

from typing import Any

from django import forms

from coordination.access import markup
from coordination.partners import selectors as partners
from coordination.referrals.showing import channel_title
from coordination.referrals.workflow import Outcome

PRIORITIES = [("normal", "normal"), ("P0", "P0: danger to life now")]


def _text(
    label: str, help_text: str = "", *, required: bool = True, rows: int = 3, when_needed: str = ""
) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows})
    field = forms.CharField(
        label=label, help_text=help_text, required=required and not when_needed, widget=area
    )
    field.when_needed = when_needed  # type: ignore[attr-defined]
    return field


def _words(values: Any) -> list[tuple[str, str]]:
    return [(str(value), markup.words(value)) for value in values]


class DraftForm(forms.Form):
    """The referral's own fields."""

    title = forms.CharField(max_length=200, help_text="Neutral and short: no names, no identifiers.")
    priority = forms.ChoiceField(choices=PRIORITIES)
    danger_to_life = forms.BooleanField(required=False, label="Danger to life or safety")
    danger_reason = _text("Why there is a danger", when_needed="needed with a danger", rows=2)
    priority_reason = _text(
        "Why it can wait its turn", when_needed="needed with a danger at normal priority", rows=2
    )
    feared = _text("What is feared")
    feared_when = forms.CharField(max_length=200, required=False, label="When")
    why_suspicious = _text("Why it is suspicious")
    prior_reports = _text("Prior reports", required=False, rows=2)
    reporter = forms.CharField(max_length=120, required=False, help_text="An alias is allowed.")
    consent = _text("Consent on record", "Whose, when and how it was given.", required=False, rows=2)
    place_confirmed = _text(
        "How the place was confirmed",
        when_needed="needed where a network address alone points to it, weakly or behind a proxy",
        rows=2,
    )


class FileForm(DraftForm):
    """A new draft. Where the case has one already, a second is filed only by saying so."""

    another = forms.BooleanField(
        label="This is another referral, beside the draft that is there",
        error_messages={"required": "Continue the draft above, or say that this is another referral."},
    )

    def __init__(self, *args: Any, drafts: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Neither way is chosen beforehand: P0 is a person's word that a life is in danger.
        self.fields["priority"].choices = [("", "choose"), *PRIORITIES]  # type: ignore[attr-defined]
        if not drafts:
            del self.fields["another"]


class CorrectionDraftForm(forms.Form):
    """A correction's own fields."""

    correction_wrong = _text("What was wrong")
    correction_true = _text("What is true")


class RecipientField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A recipient by all that tells two of one name apart."""

    def label_from_instance(self, obj: Any) -> str:
        """Return name, identifier, place, destination and channel."""
        agency = obj.agency
        place = ", ".join(filter(None, (agency.region, agency.country)))
        way = channel_title(obj.channel)
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


class RecallForm(forms.Form):
    """Why recipients should give a referral back."""

    reason = _text(
        "Why they should give it back", "They are told this. A correction follows in any case.", rows=2
    )


class CorrectForm(forms.Form):
    """A correction to every recipient."""

    what_was_wrong = _text("What was wrong")
    what_is_true = _text("What is true")
