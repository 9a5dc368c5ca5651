"""What people fill in about exhibits."""

from django import forms


class WhyForm(forms.Form):
    """Why somebody does something with an exhibit: it goes into its custody."""

    why = forms.CharField(
        label="Why",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the custody, with your name.",
    )


class TakeInForm(WhyForm):
    """A file and what is known of it."""

    file = forms.FileField(label="File", help_text="Larger files: manage.py exhibit_take_in.")
    what = forms.CharField(label="What it is", max_length=2_000, required=False)
    source = forms.CharField(label="From whom or where", max_length=2_000, required=False)
    transcript = forms.BooleanField(
        label="A conversation as JSON Lines, to be read and cited by line", required=False
    )
    field_order = ("file", "what", "source", "transcript", "why")


class RedactedForm(WhyForm):
    """A copy that somebody redacted."""

    file = forms.FileField(label="The redacted file")
    field_order = ("file", "why")
