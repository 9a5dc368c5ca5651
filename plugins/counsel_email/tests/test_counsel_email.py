"""The contract, and what is this channel's own."""

from coordination.channels.testing import ChannelContract, FakeMailbox
from plugins.counsel_email.channel import CounselEmail


class TestCounselEmail(ChannelContract):
    channel_class = CounselEmail
    config = {"recipient": "{partner}"}
    partner_class = FakeMailbox
