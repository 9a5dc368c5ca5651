"""One connection of the HTTP client: pinned to an address that was checked, under one deadline."""

import hashlib
import re
import select
import socket
import ssl
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from coordination.channels.answers import HeadTooLarge, Incoming, NotHttp
from coordination.channels.endpoints import Endpoint
from coordination.channels.kit import current
from coordination.channels.receipts import OutcomeUnknown, PermanentFailure, TemporaryFailure

# Shorter than the keep-alive of common servers (Node closes after 5 s): an idle connection is not worth an
# UNKNOWN.
IDLE_SECONDS: Final = 4.0
CHUNK: Final = 64 * 1024
FIELD_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
FIELD_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")


@dataclass(frozen=True)
class Request:
    """What goes out."""

    method: str
    endpoint: Endpoint
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """An answer. Names of headers are in lower case; `wire_digest` covers every byte of the request."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    wire_digest: str
    truncated: bool = False


def open_socket(endpoint: Endpoint, found: list[str], until: float) -> socket.socket:
    """Return a connected socket: to an address that was checked, under the name that was asked for."""
    failed: Exception | None = None
    for address in found:
        try:
            plain = socket.create_connection((address, endpoint.port), max(until - time.monotonic(), 0.001))
        except OSError as error:
            failed = error
            continue
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return plain if endpoint.scheme == "http" else _secure(plain, endpoint.host, until)
    raise TemporaryFailure(f"no connection: {type(failed).__name__}") from failed


def _secure(plain: socket.socket, host: str, until: float) -> ssl.SSLSocket:
    try:
        plain.settimeout(max(until - time.monotonic(), 0.001))
        return _tls(current().ca_file).wrap_socket(plain, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        plain.close()
        # Nothing was sent. A human must look: the partner's certificate ran out, or this is not the partner.
        raise PermanentFailure(f"the certificate does not hold: {error.verify_message}") from error
    except OSError as error:
        plain.close()
        raise TemporaryFailure(f"no TLS: {type(error).__name__}") from error


@lru_cache(maxsize=4)
def _tls(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


class Connection:
    """One connection; carries one exchange at a time, under one deadline: to drip bytes gains nothing."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.idle_since = 0.0
        weakref.finalize(self, sock.close)  # a client that is dropped leaves no open socket behind

    def is_fresh(self) -> bool:
        """Tell whether it may carry another request: not idle for long, not closed by the other side."""
        if time.monotonic() - self.idle_since > IDLE_SECONDS:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN | select.POLLHUP)
        return not poll.poll(0)

    def close(self) -> None:
        self.sock.close()

    def exchange(self, request: Request, deadline: float, largest: int) -> tuple[HttpResponse, bool]:
        """Send the request and read the answer; also tell whether the connection may be used again."""
        reusable = False
        try:
            wire = _wire(request)
            self._send(wire, deadline)
            incoming = self._receive(largest, deadline)
            reusable = incoming.reusable
        finally:
            if not reusable:
                self.close()
        answer = HttpResponse(
            status=incoming.status,
            headers=incoming.headers,
            body=bytes(incoming.body[:largest]),
            wire_digest="sha256:" + hashlib.sha256(wire).hexdigest(),
            truncated=incoming.truncated,
        )
        return answer, reusable

    def _send(self, wire: bytes, deadline: float) -> None:
        """Let head and body leave together, in one call."""
        try:
            self._wait(deadline)
        except TimeoutError as error:
            raise TemporaryFailure("nothing was sent: TimeoutError") from error
        try:
            self.sock.sendall(wire)
        except OSError as error:
            raise OutcomeUnknown(f"no whole answer: {type(error).__name__}") from error

    def _receive(self, largest: int, deadline: float) -> Incoming:
        incoming = Incoming(largest)
        try:
            while not incoming.ended:
                self._wait(deadline)
                incoming.feed(self.sock.recv(CHUNK))
        except (OSError, HeadTooLarge, NotHttp) as error:
            raise OutcomeUnknown(f"no whole answer: {type(error).__name__}") from error
        return incoming

    def _wait(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)


def _wire(request: Request) -> bytes:
    """Return the bytes of a request; raise PermanentFailure for what would break out of its line."""
    lines = [f"{request.method} {request.endpoint.target} HTTP/1.1", f"Host: {request.endpoint.authority}"]
    for name, value in request.headers.items():
        if not FIELD_NAME.fullmatch(name) or not FIELD_VALUE.fullmatch(value):
            raise PermanentFailure("a header holds a character that has no place in one")
        lines.append(f"{name}: {value}")
    if request.body is not None:
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + (request.body or b"")
