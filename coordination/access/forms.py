"""What an administrator fills in."""

from django import forms

from coordination.access.models import Scope
from coordination.access.roles import ROLES, Role

ROLE_CHOICES = [(role.value, f"{role.value.replace('_', ' ')}: {ROLES[role].purpose}") for role in Role]


class RolesForm(forms.Form):
    """The roles a person has from now on."""

    roles = forms.MultipleChoiceField(
        choices=ROLE_CHOICES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What is not ticked is taken away at once. What is new waits for another administrator.",
    )
    reason = forms.CharField(
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Why they need a new role: another administrator decides by it.",
    )


class NewPersonForm(RolesForm):
    """A person who did not exist. They choose their password themselves: “Propose a way in” on their page."""

    username = forms.CharField(max_length=150)
    first_name = forms.CharField(max_length=150, required=False)
    last_name = forms.CharField(max_length=150, required=False)
    email = forms.EmailField(required=False)
    alias = forms.CharField(max_length=60, required=False, help_text="Shown outside instead of the name.")
    field_order = ("username", "first_name", "last_name", "email", "alias", "roles", "reason")


class AliasForm(forms.Form):
    """The name that partners and victims see."""

    alias = forms.CharField(max_length=60, required=False)


class TokenForm(forms.Form):
    """A token to issue."""

    name = forms.CharField(max_length=80, help_text="What uses it, for whoever revokes it one day.")
    scopes = forms.MultipleChoiceField(choices=Scope.choices, widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(min_value=1, max_value=366, initial=90, help_text="How long it lives.")


class FoundForm(forms.Form):
    """What somebody found out."""

    reason = forms.CharField(
        max_length=300, widget=forms.Textarea, help_text="Whom you asked, on which line, and what it was."
    )


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        max_length=300, widget=forms.Textarea, help_text="Who asked, and how you know that it was them."
    )


class IdentityForm(forms.Form):
    """How a second administrator, too, knows whom they let in."""

    reason = forms.CharField(
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="How you know that it is them: seen, or called back on a number that we had before.",
    )


class WhyForm(forms.Form):
    """Why not."""

    reason = forms.CharField(max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class GlassForm(forms.Form):
    """Why one person has to act alone."""

    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What the danger is, and why nobody else can be waited for. No names.",
    )


class OutcomeForm(forms.Form):
    """What a review came to."""

    outcome = forms.CharField(max_length=1_000, widget=forms.Textarea(attrs={"rows": 3}))


class WayInForm(forms.Form):
    """What a one-time link carries behind its #."""

    way_in = forms.CharField(
        max_length=100,
        label="Your one-time way in",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


class EnrolForm(forms.Form):
    """A new password, twice."""

    password = forms.CharField(
        label="New password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters; a few words that do not belong together are good.",
    )
    again = forms.CharField(
        label="Once more",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        """See that both are the same."""
        if self.cleaned_data["again"] != self.cleaned_data.get("password"):
            raise forms.ValidationError("The two are not the same.")
        return str(self.cleaned_data["again"])


class PasswordForm(EnrolForm):
    """A new password for the current one."""

    current = forms.CharField(
        label="Your password now",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("current", "password", "again")


class RotateForm(forms.Form):
    """A token to replace by another."""

    overlap_days = forms.IntegerField(
        min_value=0,
        max_value=14,
        initial=1,
        label="Days that both live",
        help_text="0 ends the old one now; otherwise the partner has so long to change over.",
    )


class HeldForm(forms.Form):
    """How we know who holds a token."""

    reason = forms.CharField(
        max_length=300,
        label="How we know",
        help_text="Whom you called, on which number of ours, and that they have the token.",
    )


class RevokeForm(forms.Form):
    """A token to end."""

    reason = forms.CharField(max_length=300, help_text="Kept with the token; for whoever asks why it ended.")
