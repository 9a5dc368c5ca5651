"""Asking clamd about content as it streams in: its INSTREAM command, no library and no copy on disk."""

import socket
from contextlib import suppress

from django.conf import settings

from coordination.evidence.workflow import Scan

TIMEOUT = 30.0
LONGEST_ANSWER = 4096


class Scanner:
    """One conversation with clamd. Whatever goes wrong in it is an answer too: the scanner is down."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self.asked = bool(settings.CLAMD)
        if self.asked:
            with suppress(OSError):
                self._socket = _connect(settings.CLAMD)
                self._socket.sendall(b"zINSTREAM\x00")

    def feed(self, piece: bytes) -> None:
        """Send a piece of the content."""
        if self._socket is not None:
            try:
                self._socket.sendall(len(piece).to_bytes(4) + piece)
            except OSError:
                self._hang_up()

    def verdict(self) -> Scan:
        """End the conversation and return what clamd said."""
        if not self.asked:
            return Scan.NOT_SCANNED
        answer = b""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.sendall(b"\x00" * 4)
                while len(answer) < LONGEST_ANSWER and (more := self._socket.recv(LONGEST_ANSWER)):
                    answer += more
            self._hang_up()
        answer = answer.strip(b"\x00\n ")
        if answer == b"stream: OK":
            return Scan.CLEAN
        return Scan.INFECTED if answer.endswith(b" FOUND") else Scan.SCANNER_DOWN

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _connect(address: str) -> socket.socket:
    if address.startswith("/"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(TIMEOUT)
        try:
            connection.connect(address)
        except OSError:
            connection.close()
            raise
        return connection
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=TIMEOUT)
