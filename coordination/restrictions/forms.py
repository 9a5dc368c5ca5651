"""What people fill in about restrictions: a reason wherever somebody acts."""

from typing import Any

from django import forms

from coordination.policy.workflow import Step

STEPS = [(step.value, step.value.replace("_", " ")) for step in Step]


def _words(label: str, help_text: str = "", rows: int = 2, *, required: bool = True) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, help_text=help_text, required=required, widget=area)


def _moment(label: str, help_text: str = "", *, required: bool = True) -> forms.DateTimeField:
    box = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, help_text=help_text, required=required, widget=box)


class ReasonForm(forms.Form):
    """Why."""

    reason = _words("Reason")


class StepForm(forms.Form):
    """A step up the ladder."""

    step = forms.ChoiceField(choices=STEPS, help_text="A step up. A step down is a lift: ask for it below.")
    reason = _words("Reason", "What happened. It is sealed, and the user does not read it.")
    authority = forms.CharField(
        max_length=200, help_text="By which rule: a term of use, a policy row, an order."
    )
    expires_at = _moment(
        "Look at it again on", "Empty: by the clock of the step. Nothing ends by itself.", required=False
    )


class NoticeForm(forms.Form):
    """What the user reads in a statement of reasons."""

    facts = _words("The facts, as the user reads them", "No victim, no reporter, no method.", required=False)
    ground = _words("The ground, as the user reads it", "The law, or the term of use.", required=False)
    tips_off = forms.BooleanField(
        required=False,
        label="Telling would tip somebody off",
        help_text="Then counsel decides, and that is recorded.",
    )


class LinkForm(NoticeForm):
    """Whether the subject has a link to the Union, and with one what the user is told."""

    linked = forms.ChoiceField(
        label="Has the subject a link to the European Union?",
        choices=[("yes", "Yes: the user is told why"), ("no", "No: nothing is sent")],
        widget=forms.RadioSelect,
        help_text="They live there, or are there when they use the account.",
    )
    reason = _words("How you know", "It is sealed, and the user does not read it.")
    field_order = ["linked", "reason", "facts", "ground", "tips_off"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("facts", "ground"):
            self.fields[name].when_needed = "with a link"  # type: ignore[attr-defined]  # the template asks for it


class ImposeForm(StepForm, NoticeForm):
    """A restriction on one account of a case."""

    account = forms.ChoiceField(label="Account")
    eu_nexus = forms.BooleanField(
        required=False,
        label="The subject has a link to the European Union",
        help_text="Then the user is told why, at the latest now (Regulation (EU) 2022/2065 Art. 17).",
    )
    field_order = ["account", "step", "reason", "authority", "expires_at", "eu_nexus", "facts", "ground"]

    def __init__(self, *args: Any, accounts: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].choices = [(each, each) for each in accounts]  # type: ignore[attr-defined]


class AskLiftForm(forms.Form):
    """What is asked for."""

    to_step = forms.ChoiceField(
        required=False, label="Down to", choices=[("", "nothing: lift it all"), *STEPS[:-1]]
    )
    reason = _words("Reason", "Why now.")


class AssessForm(forms.Form):
    """A risk assessment: complete, it never changes."""

    findings = _words("Findings", "What is known of the threat today, fact by fact.", rows=4)
    protective_factors = _words("What protects", rows=3)
    reasons = _words("Reasons", "Why the restriction may go, or why a lighter one is enough.", rows=3)
    reopens_when = _words("What would re-open it")


class SignForm(forms.Form):
    """A signature under exactly what the page shows."""

    digest = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, seen: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["digest"].initial = seen


class HowForm(forms.Form):
    """What was done by hand."""

    how = _words("What you did", "In which of the platform's tools, and its number there.")


class AppealForm(forms.Form):
    """What the user says."""

    text = _words("What they say", rows=4)


class AnswerForm(forms.Form):
    """The answer to an appeal."""

    answer = _words(
        "Answer, with reasons", "It lifts nothing. Who finds that it should go asks for that.", rows=4
    )


class OrderForm(forms.Form):
    """A protective order."""

    court = forms.CharField(max_length=200)
    number = forms.CharField(max_length=100)
    valid_from = _moment("In force from")
    valid_until = _moment("Until", "Empty: until a court ends it.", required=False)
    exhibit = forms.CharField(max_length=80, required=False, help_text="The reference of its exhibit.")
    whole_case = forms.BooleanField(required=False, label="Against every account of the case")
