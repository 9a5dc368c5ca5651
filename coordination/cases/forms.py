"""What people fill in on a case."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from coordination.access.roles import ROLES
from coordination.access.services import User
from coordination.cases.workflow import Compartment


class NoteForm(forms.Form):
    """A note: added, never changed."""

    text = forms.CharField(
        label="Note", widget=forms.Textarea(attrs={"rows": 3}), help_text="Kept for good, with your name."
    )


class OutcomeForm(forms.Form):
    """What came of a task."""

    outcome = forms.CharField(label="What came of it", widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 2}))


class _UntilForm(forms.Form):
    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 2}))
    until = forms.DateField(
        label="Until the end of",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The day after which they do not see the case any more, a year from now at most.",
    )

    def clean_until(self) -> datetime:
        """Take the whole day, in the time of the desk."""
        day: date = self.cleaned_data["until"]
        return timezone.make_aware(datetime.combine(day, time.max))


class CompartmentForm(_UntilForm):
    """For whose eyes a case is from now on, and how long its first member stays."""

    compartment = forms.ChoiceField(
        label="Compartment", choices=[(each.value, each.label) for each in Compartment]
    )
    field_order = ("compartment", "reason", "until")


class AdmitForm(_UntilForm):
    """Whom to let in."""

    person = forms.ModelChoiceField(User.objects.none(), label="Person")
    field_order = ("person", "reason", "until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True, is_staff=True).order_by("first_name", "username")
        self.fields["person"].queryset = people  # type: ignore[attr-defined]


class AssignForm(forms.Form):
    """Who has the case, and as what."""

    user = forms.ModelChoiceField(User.objects.none(), label="Person")
    role = forms.ChoiceField(
        label="As",
        choices=[
            ("owner", "owner"),
            *((role.value, role.value.replace("_", " ")) for role, rights in ROLES.items() if rights.staff),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True, is_staff=True).order_by("first_name", "username")
        self.fields["user"].queryset = people  # type: ignore[attr-defined]
