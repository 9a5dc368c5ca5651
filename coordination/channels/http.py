"""The HTTP client of the channels: synchronous, pooled, for many threads. It follows no redirect.

A thin layer over http.client; why, and what else was measured: docs/decisions/0002-http-client.md. Whatever goes
wrong is told in the words of receipts.py, by one rule: before the first byte of the request has left it is a
TemporaryFailure, after that and without a whole answer it is OutcomeUnknown.
"""

import hashlib
import http.client
import io
import re
import select
import socket
import ssl
import threading
import time
import weakref
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final

from coordination.channels.endpoints import Endpoint, EndpointRefused, NameNotFound, addresses, parse
from coordination.channels.kit import current
from coordination.channels.receipts import OutcomeUnknown, PermanentFailure, TemporaryFailure

CONNECT_SECONDS: Final = 5.0
LARGEST_ANSWER: Final = 64 * 1024
LONGEST_RETRY_AFTER: Final = 86_400.0
# Shorter than the keep-alive of common servers (Node closes after 5 s): an idle connection is not worth an UNKNOWN.
IDLE_SECONDS: Final = 4.0
FIELD_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
FIELD_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
TRY_AGAIN: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """An answer. Names of headers are in lower case; `wire_digest` covers every byte of the request."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    wire_digest: str
    truncated: bool = False


@dataclass
class HttpClient:
    """Sends to endpoints that were checked. One client may be shared by many threads."""

    connect_timeout: float = CONNECT_SECONDS
    total_timeout: float | None = None  # None takes the kit's
    largest_answer: int = LARGEST_ANSWER
    _idle: dict[tuple[str, str, int], deque["_Connection"]] = field(default_factory=dict, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        accept: Collection[int] = (),
    ) -> HttpResponse:
        """Fetch. Returns a 2xx, or a status in `accept`; raises one of the three delivery errors for all else."""
        return self._exchange("GET", url, None, headers or {}, timeout, accept)

    def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        accept: Collection[int] = (),
    ) -> HttpResponse:
        """Send. Returns a 2xx, or a status in `accept`; raises one of the three delivery errors for all else."""
        return self._exchange("POST", url, body, headers or {}, timeout, accept)

    def probe(self, url: str) -> None:
        """Connect, with TLS where the URL says so, and send nothing. Raises as `post` does."""
        self._connect(_endpoint(url), self._deadline(None)).close()

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connection in (each for line in idle.values() for each in line):
            connection.close()

    def _exchange(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout: float | None,
        accept: Collection[int],
    ) -> HttpResponse:
        endpoint = _endpoint(url)
        deadline = self._deadline(timeout)
        connection = self._take(endpoint) or self._connect(endpoint, deadline)
        answer, reusable = connection.exchange(method, endpoint, body, headers, deadline, self.largest_answer)
        if reusable:
            self._give_back(endpoint, connection)
        _judge(answer, accept)
        return answer

    def _deadline(self, timeout: float | None) -> float:
        return time.monotonic() + (timeout or self.total_timeout or current().http_seconds)

    def _take(self, endpoint: Endpoint) -> "_Connection | None":
        key = (endpoint.scheme, endpoint.host, endpoint.port)
        while True:
            with self._lock:
                line = self._idle.get(key)
                if not line:
                    return None
                connection = line.pop()
            if connection.is_fresh():
                return connection
            connection.close()

    def _give_back(self, endpoint: Endpoint, connection: "_Connection") -> None:
        connection.idle_since = time.monotonic()
        with self._lock:
            key = (endpoint.scheme, endpoint.host, endpoint.port)
            self._idle.setdefault(key, deque()).append(connection)

    def _connect(self, endpoint: Endpoint, deadline: float) -> "_Connection":
        until = min(deadline, time.monotonic() + self.connect_timeout)
        try:
            found = addresses(endpoint.host, endpoint.port, max(until - time.monotonic(), 0.001))
        except EndpointRefused as error:
            raise PermanentFailure(f"refused: {error}") from error
        except NameNotFound as error:
            raise TemporaryFailure("the name has no address now") from error
        return _Connection(_open(endpoint, found, until), endpoint)


def _endpoint(url: str) -> Endpoint:
    try:
        return parse(url)
    except EndpointRefused as error:
        raise PermanentFailure(f"refused: {error}") from error


def _open(endpoint: Endpoint, found: list[str], until: float) -> socket.socket:
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
    """A socket under one deadline for the whole exchange: a partner that drips a byte a second gains nothing."""

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


class _Connection:
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
        """Tell whether it may carry another request: not idle for long, and not closed from the other side."""
        if time.monotonic() - self.idle_since > IDLE_SECONDS:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN | select.POLLHUP)
        return not poll.poll(0)

    def close(self) -> None:
        self.sock.close()

    def exchange(
        self,
        method: str,
        endpoint: Endpoint,
        body: bytes | None,
        headers: Mapping[str, str],
        deadline: float,
        largest: int,
    ) -> tuple[HttpResponse, bool]:
        """Send the request and read the answer; also tell whether the connection may be used again."""
        self.wire.start(deadline)
        complete = False
        try:
            self._send(method, endpoint, body, headers)
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

    def _send(self, method: str, endpoint: Endpoint, body: bytes | None, headers: Mapping[str, str]) -> None:
        request = self.client
        request.putrequest(method, endpoint.target, skip_host=True, skip_accept_encoding=True)
        request.putheader("Host", endpoint.authority)
        for name, value in headers.items():
            if not FIELD_NAME.fullmatch(name) or not FIELD_VALUE.fullmatch(value):
                raise ValueError(name)  # http.client itself lets a folded line pass
            request.putheader(name, value)
        if body is not None:
            request.putheader("Content-Length", str(len(body)))
        request.endheaders(body)

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


def _judge(answer: HttpResponse, accept: Collection[int]) -> None:
    status = answer.status
    if 200 <= status < 300 or status in accept:
        return
    if 300 <= status < 400:
        raise PermanentFailure(f"redirect: HTTP {status}, not followed")
    if status in TRY_AGAIN or 500 <= status < 600:
        raise TemporaryFailure(
            f"HTTP {status}", retry_after=retry_after(answer.headers.get("retry-after", ""))
        )
    if 400 <= status < 500:
        raise PermanentFailure(f"HTTP {status}")
    raise OutcomeUnknown(f"HTTP {status}")


def retry_after(value: str) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110, section 10.2.3), at most a day."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_RETRY_AFTER)
