"""The contract of a channel: one abstract class, and powers that are found by what a class implements."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol, runtime_checkable

from django.forms import Form

from coordination.channels.messages import Attempt, Message, MessageKind, Rendered
from coordination.channels.receipts import Receipt

API_VERSION = "1.0"


@dataclass(frozen=True, kw_only=True)
class ChannelInfo:
    """What a channel says of itself.

    `deduplicates`: the receiver drops a message id that it has seen. `max_concurrency`: how many deliveries
    the receiver takes at once. `deadline_seconds`: when one delivery is given up. `sends_mail`: its host is
    given the mail settings; no other host is.
    """

    slug: str
    title: str
    kinds: frozenset[MessageKind]
    deduplicates: bool
    version: str = "1"
    api_version: str = API_VERSION
    max_concurrency: int = 16
    deadline_seconds: float = 20.0
    sends_mail: bool = False


class Channel(ABC):
    """A way out. Stateless; built from the cleaned data of its `config_form`, secrets already looked up."""

    info: ClassVar[ChannelInfo]
    config_form: ClassVar[type[Form]]

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config

    @abstractmethod
    def render(self, message: Message) -> Rendered:
        """Return what will leave: pure, deterministic.

        Raises UnsupportedFeature rather than drop anything.
        """

    @abstractmethod
    def deliver(self, rendered: Rendered, attempt: Attempt) -> Receipt:
        """Send it. Raises TemporaryFailure, PermanentFailure or OutcomeUnknown."""


@runtime_checkable
class TracksStatus(Protocol):
    """The partner can be asked what became of a message."""

    def fetch_status(self, message_id: str, receipt: Receipt) -> Receipt | None:
        """Return the newest receipt, None where nothing is new."""


@dataclass(frozen=True, kw_only=True)
class InboundRequest:
    """An HTTP request from a partner, as it came: verify first, then parse."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """One thing that a partner said.

    `id` is the partner's own and stable; the same id twice has one effect.
    """

    id: str
    receipt: Receipt | None = None
    kind: str = "receipt"
    payload: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class ReceivesInbound(Protocol):
    """The partner calls us back."""

    def parse_inbound(self, request: InboundRequest) -> Sequence[Inbound]:
        """Verify, then parse. Raises InauthenticInbound (400) or any DeliveryError (500: send it again)."""


@runtime_checkable
class Recalls(Protocol):
    """A message that was sent can be called back."""

    def recall(self, message_id: str, receipt: Receipt, reason: str) -> Receipt:
        """Ask for the message back."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """Whether the way is open, and what was seen."""

    healthy: bool
    detail: str = ""


@runtime_checkable
class ChecksHealth(Protocol):
    """The way can be tried without sending anything."""

    def check_health(self) -> Health:
        """Try the way."""


class InauthenticInbound(Exception):
    """The signature, time or sender of an inbound message does not hold."""
