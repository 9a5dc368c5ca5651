"""What an integrator tests with: the contract, partners that misbehave on order, and a message of every kind.

Needs pytest, and aiosmtpd for `FakeMailbox`. Nothing here is imported in production.
"""

from coordination.channels.testing import assertions  # noqa: F401 - before the contract is imported
from coordination.channels.testing.callbacks import RecordedContent, SignedCallbacks, signed_callback
from coordination.channels.testing.contract import ChannelContract
from coordination.channels.testing.mailbox import FakeMailbox
from coordination.channels.testing.partner import Answer, FakePartner, Request
from coordination.channels.testing.samples import attempt, message, messages
from coordination.channels.testing.situations import Partner, Situation

__all__ = [
    "Answer",
    "ChannelContract",
    "FakeMailbox",
    "FakePartner",
    "Partner",
    "RecordedContent",
    "Request",
    "SignedCallbacks",
    "Situation",
    "attempt",
    "message",
    "messages",
    "signed_callback",
]
