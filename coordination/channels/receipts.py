"""Who knows what: the words in which every partner's answer is told, and the ways a delivery fails."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class ReceiptLevel(StrEnum):
    """What is known, and by whom."""

    ACCEPTED = "accepted"  # their system took it
    DELIVERED = "delivered"  # it reached the person or the queue
    ACKNOWLEDGED = "acknowledged"  # a named human confirmed
    REJECTED = "rejected"  # they will not take it


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A partner's answer.

    A receipt with a lower `sequence` than one already recorded is late news and loses. Of a command to the
    platform, ACKNOWLEDGED says that it was carried out.
    """

    message_id: str
    level: ReceiptLevel
    occurred_at: datetime
    sequence: int = 0
    reference: str = ""
    detail: str = ""
    proof: bytes = b""
    wire_digest: str = ""  # sha256:… of the bytes that went over the wire, envelope included

    def __post_init__(self) -> None:
        """Refuse a receipt that could not be put in order: no zone, or a sequence below nought."""
        if self.occurred_at.tzinfo is None or self.sequence < 0:
            raise ValueError("a receipt has a time with a zone and a sequence from 0 upwards")


IN_FORCE: Final = "in force: "
NOTHING_IN_FORCE: Final = "nothing"


def tell_in_force(step: str) -> str:
    """Return the `detail` in which a receipt says which step the platform has in force, "" for none."""
    return f"{IN_FORCE}{step or NOTHING_IN_FORCE}"


def read_in_force(detail: str) -> str | None:
    """Return the step that a receipt's `detail` says is in force, "" for none; None where it says nothing."""
    if not detail.startswith(IN_FORCE):
        return None
    said = detail.removeprefix(IN_FORCE).strip()
    return "" if said == NOTHING_IN_FORCE else said


class DeliveryError(Exception):
    """The base of the three ways in which a delivery does not end in a receipt."""


class TemporaryFailure(DeliveryError):
    """It did not arrive; trying again may help.

    `retry_after` is in seconds, None leaves it to the dispatcher.
    """

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentFailure(DeliveryError):
    """It did not arrive, and trying again will not help: a human must act."""


class OutcomeUnknown(DeliveryError):
    """We do not know whether it arrived. Never retried by itself on a channel that does not deduplicate."""


class UnsupportedFeature(Exception):
    """The channel cannot carry this, and says so at render time rather than drop it."""
