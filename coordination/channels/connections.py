"""One connection of the HTTP client: pinned to an address that was checked, under one deadline."""

import hashlib
import http.client
import io
import re
import select
import socket
import ssl
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from coordination.channels.endpoints import Endpoint
from coordination.channels.kit import current
from coordination.channels.receipts import OutcomeUnknown, PermanentFailure, TemporaryFailure

# Shorter than the keep-alive of common servers (Node closes after 5 s): an idle connection is not worth an
# UNKNOWN.
IDLE_SECONDS: Final = 4.0
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


class _Wire(io.RawIOBase):
    """A socket under one deadline for the whole exchange: to drip a byte a second gains nothing."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.deadline = 0.0
        self.request = b""
        self.sent = False
        self.ended = False

    def start(self, deadline: float) -> None:
        self.deadline, self.request, self.sent, self.ended = deadline, b"", False, False

    def sendall(self, data: bytes) -> None:
        """Keep it: head and body leave together, in one call, when the answer is asked for."""
        self.request += data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._wait()
        count = self.sock.recv_into(buffer)
        self.ended = count == 0
        return count

    def makefile(self, *_: Any) -> io.BufferedReader:
        self._wait()
        self.sent = True
        self.sock.sendall(self.request)
        return io.BufferedReader(self)

    def close(self) -> None:
        """Do nothing: http.client closes the file after each answer, and the connection outlives it."""

    def _wait(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)


class Connection:
    """One connection; carries one exchange at a time."""

    def __init__(self, sock: socket.socket, endpoint: Endpoint) -> None:
        self.sock = sock
        self.wire = _Wire(sock)
        self.idle_since = 0.0
        self.client = http.client.HTTPConnection(endpoint.host, endpoint.port)
        self.client.auto_open = 0  # never a connection that was not checked
        self.client.sock = self.wire
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
        self.wire.start(deadline)
        complete = False
        try:
            self._send(request)
            raw = self.client.getresponse()
            if self.wire.ended:  # http.client takes the end of the connection for the end of the headers
                raise http.client.IncompleteRead(b"")
            answer = self._read(raw, largest)
            complete = True
        except (OSError, ValueError, http.client.HTTPException) as error:
            if self.wire.sent:
                raise OutcomeUnknown(f"no whole answer: {type(error).__name__}") from error
            if isinstance(error, ValueError):
                raise PermanentFailure("a header holds a character that has no place in one") from error
            raise TemporaryFailure(f"nothing was sent: {type(error).__name__}") from error
        finally:
            reusable = complete and not answer.truncated and not raw.will_close
            if not reusable:
                self.close()
        return answer, reusable

    def _send(self, request: Request) -> None:
        client = self.client
        client.putrequest(request.method, request.endpoint.target, skip_host=True, skip_accept_encoding=True)
        client.putheader("Host", request.endpoint.authority)
        for name, value in request.headers.items():
            if not FIELD_NAME.fullmatch(name) or not FIELD_VALUE.fullmatch(value):
                raise ValueError(name)  # http.client itself lets a folded line pass
            client.putheader(name, value)
        if request.body is not None:
            client.putheader("Content-Length", str(len(request.body)))
        client.endheaders(request.body)

    def _read(self, raw: http.client.HTTPResponse, largest: int) -> HttpResponse:
        body = raw.read(largest + 1)
        if len(body) <= largest and raw.length:
            raise http.client.IncompleteRead(body, raw.length)
        return HttpResponse(
            status=raw.status,
            headers={name.lower(): value for name, value in raw.getheaders()},
            body=body[:largest],
            wire_digest="sha256:" + hashlib.sha256(self.wire.request).hexdigest(),
            truncated=len(body) > largest,
        )
