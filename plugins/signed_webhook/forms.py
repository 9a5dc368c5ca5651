"""What an administrator says about a partner's endpoint."""

from django import forms

from coordination.channels import EndpointField, SecretReferenceField


class SignedWebhookForm(forms.Form):
    """The configuration of one destination."""

    endpoint = EndpointField(help_text="Where messages are posted: https://…")
    signing_secret = SecretReferenceField(
        help_text="secret:NAME of our whsec_ or whsk_ keys, the old one beside the new until they have it."
    )
    callback_secret = SecretReferenceField(
        required=False,
        help_text="secret:NAME of the partner's whsec_ or whpk_ keys. Without it the signing secret counts.",
    )
