"""Frames on the socket between a process and its host: four bytes of length, then JSON. For both sides."""

import json
import socket
import struct
import threading
from collections.abc import Mapping
from typing import Any, Final

LENGTH: Final = struct.Struct(">I")
LARGEST: Final = 64 * 1024 * 1024
CHUNK: Final = 256 * 1024


class BadFrame(Exception):
    """The other side sent something that is not a frame."""


class Gone(Exception):
    """The other side closed the connection."""


class Wire:
    """One end. Any thread may send; one thread receives."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = bytearray()
        self._sending = threading.Lock()

    def send(self, frame: Mapping[str, Any], seconds: float | None = None) -> None:
        """Send a frame. Raises TimeoutError if the other side does not read for `seconds`, or Gone."""
        data = json.dumps(frame, separators=(",", ":")).encode()
        if len(data) > LARGEST:
            raise BadFrame("a frame is too large")
        with self._sending:
            self.sock.settimeout(seconds)
            try:
                self.sock.sendall(LENGTH.pack(len(data)) + data)
            except TimeoutError:
                raise
            except OSError as error:
                raise Gone from error

    def receive(self, seconds: float | None = None) -> dict[str, Any]:
        """Return the next frame. Raises TimeoutError (what was read so far is kept), Gone or BadFrame."""
        size = LENGTH.unpack(self._take(LENGTH.size, seconds, peek=True))[0]
        if size > LARGEST:
            raise BadFrame("a frame is too large")
        data = self._take(LENGTH.size + size, seconds)[LENGTH.size :]
        try:
            frame = json.loads(data)
        except ValueError as error:
            raise BadFrame("a frame is not JSON") from error
        if not isinstance(frame, dict):
            raise BadFrame("a frame is not an object")
        return frame

    @property
    def is_empty(self) -> bool:
        """Whether nothing that was received is left to take."""
        return not self._buffer

    def close(self) -> None:
        """Close this end."""
        self.sock.close()

    def _take(self, size: int, seconds: float | None, *, peek: bool = False) -> bytes:
        while len(self._buffer) < size:
            self._fill(seconds)
        taken = bytes(self._buffer[:size])
        if not peek:
            del self._buffer[:size]
        return taken

    def _fill(self, seconds: float | None) -> None:
        # Zero would mean "do not block" and raise another error than a timeout.
        self.sock.settimeout(None if seconds is None else max(seconds, 0.001))
        try:
            data = self.sock.recv(CHUNK)
        except TimeoutError:
            raise
        except OSError as error:
            raise Gone from error
        if not data:
            raise Gone
        self._buffer += data
