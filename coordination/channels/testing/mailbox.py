# ruff: noqa: ARG002 - aiosmtpd calls with more than is needed
"""A mailbox that is a real SMTP server on loopback, and refuses, fails, hangs or drops the line on order."""

import asyncio
import socket
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, ClassVar, Self

from coordination.channels.testing.situations import Situation

REPLIES = {
    Situation.FAILS: "451 4.3.0 try again later",
    Situation.REFUSES: "550 5.1.1 no such mailbox",
}


class FakeMailbox:
    """Keeps the mails that came, as `messages`, with their envelopes, as `envelopes`."""

    situations: ClassVar[frozenset[Situation]] = frozenset(Situation) - {Situation.BUSY, Situation.REDIRECTS}

    def __init__(self, port: int = 0) -> None:
        from aiosmtpd.controller import Controller

        self.messages: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.contacts = 0
        self.situation = Situation.ACCEPTS
        self._controller: Any = Controller(self, hostname="127.0.0.1", port=port or _free_port())

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._controller.port)

    @property
    def address(self) -> str:
        """The address of the mailbox."""
        return "counsel@firm.example"

    @property
    def effects(self) -> list[str]:
        """The ids that are in the Message-ID of each mail: mail servers drop no second copy."""
        return [str(each["Message-ID"]).strip("<>").partition("@")[0] for each in self.messages]

    def be(self, situation: Situation) -> None:
        """Behave so from now on; DOWN closes the port for good."""
        self.situation = situation
        if situation is Situation.DOWN:
            self._controller.stop()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take or refuse one recipient."""
        envelope.rcpt_tos.append(address)
        return REPLIES.get(self.situation, "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take the mail, and behave."""
        self.contacts += 1
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append(parsed)
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        if self.situation is Situation.HANGS:
            await asyncio.sleep(5)
        if self.situation is Situation.RESETS:
            server.transport.abort()
        return "250 OK"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.situation is not Situation.DOWN:
            self._controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
