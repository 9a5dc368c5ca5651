"""The contract, and what is this channel's own."""

from coordination.channels.testing import ChannelContract
from plugins.signed_webhook.channel import SignedWebhook


class TestSignedWebhook(ChannelContract):
    channel_class = SignedWebhook
    config = {"endpoint": "{partner}", "signing_secret": "secret:PARTNER", "callback_secret": ""}
    secrets = {"PARTNER": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
