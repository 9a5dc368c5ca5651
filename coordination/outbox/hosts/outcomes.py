"""What a host makes of a message, in the parent's words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coordination.channels.messages import Attempt, Rendered
from coordination.channels.receipts import Receipt


class Kind(StrEnum):
    """How one message fared in a host."""

    RECEIPT = "receipt"  # the partner answered
    TEMPORARY = "temporary"  # it did not arrive; trying again may help
    PERMANENT = "permanent"  # it did not arrive, and trying again will not help
    UNKNOWN = "unknown"  # the channel does not know whether it arrived
    BROKE = "broke"  # the channel raised something else, or answered nonsense
    HUNG = "hung"  # started, and not finished at its deadline
    CRASHED = "crashed"  # started when the host died
    RETURNED = "returned"  # never started


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One message for a host. The preview stays behind: approval does not bind it, so it must not leave."""

    rendered: Rendered
    attempt: Attempt


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one try. `error` holds no secret: known ones are struck out."""

    message_id: str
    kind: Kind
    finished_at: datetime
    started_at: datetime | None = None
    receipt: Receipt | None = None
    retry_after: float | None = None
    error: str = ""


class HostFailed(Exception):
    """The host did not start, died or did not answer in time."""


class ChannelBroke(Exception):
    """The channel raised something that the kit does not name, or answered nonsense."""
