"""What an administrator says about the platform's endpoint for commands."""

from django import forms

from coordination.channels import EndpointField, SecretReferenceField


class PlatformActionsForm(forms.Form):
    """The configuration of the platform's own destination."""

    endpoint = EndpointField(help_text="Where commands are posted: https://…")
    status_endpoint = EndpointField(
        required=False,
        help_text="Where the platform says what became of a command: https://…. Without it it is not asked.",
    )
    signing_secret = SecretReferenceField(
        help_text="secret:NAME of our whsec_ or whsk_ keys, the old one beside the new until they have it."
    )
    callback_secret = SecretReferenceField(
        required=False,
        help_text="secret:NAME of the platform's whsec_ or whpk_ keys. Without it the signing secret counts.",
    )
