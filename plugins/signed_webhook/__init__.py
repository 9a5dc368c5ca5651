"""Signed webhooks: JSON over HTTPS, signed as Standard Webhooks says. The reference to copy."""

from coordination.channels import Channel, hookimpl


@hookimpl
def register_channels() -> list[type[Channel]]:
    """Name the one channel of this plugin."""
    from plugins.signed_webhook.channel import SignedWebhook

    return [SignedWebhook]
