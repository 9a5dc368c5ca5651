"""Letters to outside counsel: a PDF by e-mail, to exactly one recipient."""

from coordination.channels import Channel, hookimpl


@hookimpl
def register_channels() -> list[type[Channel]]:
    """Name the one channel of this plugin."""
    from plugins.counsel_email.channel import CounselEmail

    return [CounselEmail]
