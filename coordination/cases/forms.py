"""What people fill in on a case."""

from typing import Any

from django import forms

from coordination.access.roles import ROLES
from coordination.access.services import User


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
