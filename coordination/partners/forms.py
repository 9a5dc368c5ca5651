"""What an administrator fills in about a partner. A destination asks for what its channel needs."""

import copy
from collections.abc import Collection, Iterator
from typing import Any

from django import forms
from django.forms.utils import pretty_name

from coordination.access.forms import TokenForm
from coordination.access.services import Scope
from coordination.channels import registry
from coordination.core.errors import InvalidInput
from coordination.partners import selectors, services
from coordination.partners.agencylist import COLUMNS, MOST_BYTES
from coordination.partners.kinds import RECIPIENT_CLASSES, AgencyKind
from coordination.partners.models import Agency
from coordination.partners.workflow import CallOutcome, Contact

# The channel's fields are kept apart from ours: both may have a `title`.
CONFIG = "config_"


class HowVerifiedForm(forms.Form):
    """How we know."""

    how_verified = forms.CharField(
        max_length=300,
        label="How we know",
        help_text="Whom you called, on which number of ours, and what they confirmed.",
    )


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 2}))


class AgencyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new agency. Its number is asked for: whoever verifies it calls there."""

    phone = forms.CharField(
        max_length=40,
        label="Telephone",
        help_text="From our own directory, never from a request: another administrator calls it.",
    )

    class Meta:
        model = Agency
        fields = [
            "name",
            "identifier",
            "kind",
            "recipient_class",
            "country",
            "region",
            "time_zone",
            "domain",
            "mailbox",
            "address",
            "phone",
        ]

    def _post_clean(self) -> None:
        """Leave the checks on a whole record to the service, which locks."""


class ContactsForm(forms.Form):
    """What somebody found out about an agency that is only listed, or not verified yet."""

    kind = forms.ChoiceField(choices=AgencyKind.choices)
    recipient_class = forms.ChoiceField(choices=RECIPIENT_CLASSES)
    time_zone = forms.CharField(max_length=60, help_text="As in America/Chicago.")
    domain = forms.CharField(
        max_length=200, required=False, help_text="What stands behind the @ of its mail."
    )
    mailbox = forms.EmailField(required=False, help_text="Told when a contact is to change.")
    address = forms.CharField(max_length=300, required=False)
    phone = forms.CharField(
        max_length=40,
        label="Telephone",
        help_text="From our own directory, never from a request: another administrator calls it.",
    )


class ImportForm(forms.Form):
    """A list of agencies."""

    button = "Take the list in"
    file = forms.FileField(
        label="List (CSV, UTF-8)",
        help_text=f"The first line names the columns: {', '.join(COLUMNS)}. All is taken in, or nothing.",
    )
    country = forms.CharField(max_length=2, initial="US", help_text="ISO 3166-1 alpha-2.")
    skip_bad = forms.BooleanField(required=False, label="Leave bad rows out, and take the others")

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(f"At most {MOST_BYTES // 1024 // 1024} MB.")
        return file


class OfficerForm(forms.Form):
    """A person at an agency."""

    name = forms.CharField(max_length=200)
    username = forms.CharField(
        max_length=150, label="User name", help_text="For their token; never their mailbox."
    )
    rank = forms.CharField(max_length=100, required=False)
    badge = forms.CharField(max_length=60, required=False)
    contact = forms.CharField(max_length=300, required=False, help_text="Sealed. From our own directory.")
    is_system = forms.BooleanField(
        required=False,
        label="The agency's own system",
        help_text="Its token is the agency's: their portal calls with it, and what it says names the person.",
    )


class OfficerCallForm(forms.Form):
    """What a call to an agency came to; about an officer it verifies them, or shuts them out."""

    outcome = forms.ChoiceField(
        choices=[("", "choose"), *((each.value, each.value.replace("_", " ")) for each in CallOutcome)]
    )
    spoke_with = forms.CharField(
        max_length=200, required=False, label="Whom you spoke with", help_text="Name and post. Sealed."
    )
    words = forms.CharField(
        max_length=2_000,
        required=False,
        label="What they said",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Sealed. Not needed where nobody was reached.",
    )


class CallForm(OfficerCallForm):
    """What a call about a request came to: what they deny is cut off."""

    suspend = forms.BooleanField(
        required=False,
        initial=True,
        label="If they know of no such officer or case, suspend the agency at once",
        help_text="Nothing goes there then, and its officers open nothing until it is verified anew.",
    )


class ContactForm(forms.Form):
    """Another contact of an agency, and how it became known."""

    contact = forms.ChoiceField(
        choices=[
            (each.value, each.value)
            for each in (Contact.PHONE, Contact.DOMAIN, Contact.MAILBOX, Contact.ADDRESS)
        ]
    )
    new = forms.CharField(max_length=300, label="What it shall be")
    reason = forms.CharField(
        label="How it became known",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Nothing changes now: you call the number that stands, and another administrator makes it.",
    )


class OfficerContactForm(forms.Form):
    """Another contact of an officer, and how it became known."""

    new = forms.CharField(max_length=300, label="What it shall be", help_text="Sealed.")
    reason = forms.CharField(label="How it became known", widget=forms.Textarea(attrs={"rows": 2}))


class AskCallForm(forms.Form):
    """What somebody has to call the agency about."""

    about = forms.CharField(max_length=80, label="About", help_text="The reference of the request.")
    officer = forms.ChoiceField(required=False, help_text="Whose name stands on it, if we know them.")

    def __init__(self, *args: Any, officers: Collection[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["officer"].choices = [("", "nobody whom we know"), *officers]  # type: ignore[attr-defined]


class KeyForm(forms.Form):
    """A public key that an agency gave us."""

    public_key = forms.CharField(
        label="Public key (Ed25519)",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="PEM, or its 32 bytes in base64. Never the private one.",
    )
    how_known = forms.CharField(
        max_length=300,
        label="How we know that this key is theirs",
        help_text="Who gave it, and who read its id back to you on a call to a number of ours.",
    )


class HowConfirmedForm(forms.Form):
    """The second look at a key."""

    how_confirmed = forms.CharField(
        max_length=300,
        label="How you know",
        help_text="You are the second: say with whom of theirs, on which number of ours, you compared it.",
    )


class ConfirmWayForm(HowConfirmedForm):
    """The second look at where commands to the platform go; it confirms what was seen, and nothing later."""

    fingerprint = forms.CharField(max_length=71, widget=forms.HiddenInput)


class ShortReasonForm(forms.Form):
    """Why, in a line."""

    reason = forms.CharField(max_length=300, label="Reason")


class AgencyTokenForm(TokenForm):
    """A token for an agency: with what the API lets an agency do."""

    scopes = forms.MultipleChoiceField(
        choices=[(each.value, each.label) for each in (Scope.READ, Scope.RESPOND)],
        widget=forms.CheckboxSelectMultiple,
    )


class WayForm(forms.Form):
    """Which agency, by which channel: what the rest of a destination's form depends on."""

    agency = forms.ModelChoiceField(Agency.objects.none())
    channel = forms.ChoiceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].queryset = selectors.taken_up()  # type: ignore[attr-defined]
        self.fields["channel"].choices = [  # type: ignore[attr-defined]
            (slug, channel.info.title) for slug, channel in sorted(registry.channels().items())
        ]


class DestinationForm(forms.Form):
    """A destination: what is ours to say, and what its channel asks for."""

    title = forms.CharField(max_length=200)
    how_known = forms.CharField(
        max_length=300,
        label="How we know that this is theirs",
        help_text="Who confirmed the address, on a call to which number of ours.",
    )
    checked_on = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, channel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channel = channel
        for name, field in registry.channel(channel).config_form.base_fields.items():
            self.fields[CONFIG + name] = own = copy.deepcopy(field)
            own.label = own.label or pretty_name(name)

    def _post_clean(self) -> None:
        """Refuse a secret where a reference has to stand, and do not send it back to be shown."""
        for name, field in self.fields.items():
            value = self.data.get(name)
            if not name.startswith(CONFIG) or not services.is_secret(name.removeprefix(CONFIG), value, field):
                continue
            if name not in self.errors:
                self.add_error(name, services.REFERENCE_ONLY)
            shown: Any = copy.copy(self.data)  # of a QueryDict this is one that can be changed
            shown[name] = ""
            self.data = shown

    def config_fields(self) -> Iterator[forms.BoundField]:
        """Yield the channel's own fields."""
        return (self[name] for name in self.fields if name.startswith(CONFIG))


def split(data: dict[str, Any]) -> dict[str, Any]:
    """Return cleaned data as the arguments of the services: the channel's fields together under `config`."""
    config = {name.removeprefix(CONFIG): value for name, value in data.items() if name.startswith(CONFIG)}
    own = {name: data[name] for name in ("title", "how_known", "checked_on")}
    return {**own, "config": config}


def at_its_field(error: InvalidInput, form: type[forms.Form], channel: str) -> InvalidInput:
    """Return the error under the name that its field has in `form`."""
    theirs = registry.channel(channel).config_form.base_fields
    if error.field in theirs and error.field not in form.base_fields:
        return InvalidInput(CONFIG + error.field, str(error))
    return error
