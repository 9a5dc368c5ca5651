"""The ways a partner behaves, and what a channel must say of each."""

from enum import StrEnum
from types import TracebackType
from typing import ClassVar, Final, Protocol, Self

from coordination.channels.receipts import DeliveryError, OutcomeUnknown, PermanentFailure, TemporaryFailure


class Situation(StrEnum):
    """How a partner behaves."""

    ACCEPTS = "accepts"
    FAILS = "fails"  # 500, or an SMTP 451
    BUSY = "busy"  # 429 with Retry-After
    REFUSES = "refuses"  # 400, or an SMTP 550
    REDIRECTS = "redirects"
    HANGS = "hangs"  # after it has the whole request
    RESETS = "resets"  # after it has the whole request
    DOWN = "down"  # nobody listens


EXPECTED: Final[dict[Situation, type[DeliveryError] | None]] = {
    Situation.ACCEPTS: None,
    Situation.FAILS: TemporaryFailure,
    Situation.BUSY: TemporaryFailure,
    Situation.REFUSES: PermanentFailure,
    Situation.REDIRECTS: PermanentFailure,
    Situation.HANGS: OutcomeUnknown,
    Situation.RESETS: OutcomeUnknown,
    Situation.DOWN: TemporaryFailure,
}
RETRY_AFTER: Final = 7


class Partner(Protocol):
    """A partner for tests: a real server on loopback. Use it as a context manager."""

    situations: ClassVar[frozenset[Situation]]

    @property
    def address(self) -> str:
        """What the configuration names: put in place of `{partner}`."""

    @property
    def port(self) -> int:
        """The port that it listens on."""

    @property
    def effects(self) -> list[str]:
        """The ids of the messages that it acted on, each once."""

    @property
    def contacts(self) -> int:
        """How often it was sent anything."""

    def be(self, situation: Situation) -> None:
        """Behave so from now on."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
