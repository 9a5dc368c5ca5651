"""What people fill in on a delivery."""

from django import forms

LEVELS = [
    ("accepted", "their system took it"),
    ("delivered", "it reached the person or the queue"),
    ("acknowledged", "a named human confirmed it"),
    ("rejected", "they will not take it"),
    ("failed", "it did not arrive"),
]


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 2}))


class ResolveForm(ReasonForm):
    """What a human found out about a delivery whose outcome is unknown."""

    level = forms.ChoiceField(label="What became of it", choices=LEVELS)
    reference = forms.CharField(max_length=120, required=False, label="Their reference")
    field_order = ("level", "reference", "reason")
