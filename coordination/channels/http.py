"""The HTTP client of the channels: synchronous, pooled, for many threads. It follows no redirect.

A socket and a parser of HTTP/1; why, and what else was measured: docs/decisions/0002-http-client.md. Whatever
goes wrong is told in the words of receipts.py, by one rule: before the first byte of the request has left it
is a TemporaryFailure, after that and without a whole answer it is OutcomeUnknown.
"""

import threading
import time
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from coordination.channels.connections import Connection, HttpResponse, Request, open_socket
from coordination.channels.endpoints import Endpoint, EndpointRefused, NameNotFound, addresses, parse
from coordination.channels.kit import current
from coordination.channels.receipts import OutcomeUnknown, PermanentFailure, TemporaryFailure

__all__ = ["HttpClient", "HttpResponse", "retry_after"]

CONNECT_SECONDS: Final = 5.0
LARGEST_ANSWER: Final = 64 * 1024
LONGEST_RETRY_AFTER: Final = 86_400.0
TRY_AGAIN: Final = frozenset({408, 425, 429})


@dataclass
class HttpClient:
    """Sends to endpoints that were checked. One client may be shared by many threads."""

    connect_timeout: float = CONNECT_SECONDS
    total_timeout: float | None = None  # None takes the kit's
    largest_answer: int = LARGEST_ANSWER
    _idle: dict[tuple[str, str, int], deque[Connection]] = field(default_factory=dict, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        accept: Collection[int] = (),
    ) -> HttpResponse:
        """Fetch. Returns a 2xx or a status in `accept`; all else raises one of the three delivery errors."""
        return self._exchange(Request("GET", _endpoint(url), headers or {}), timeout, accept)

    def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        accept: Collection[int] = (),
    ) -> HttpResponse:
        """Send. Returns a 2xx or a status in `accept`; all else raises one of the three delivery errors."""
        return self._exchange(Request("POST", _endpoint(url), headers or {}, body), timeout, accept)

    def probe(self, url: str) -> None:
        """Connect, with TLS where the URL says so, and send nothing. Raises as `post` does."""
        self._connect(_endpoint(url), self._deadline(None)).close()

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connection in (each for line in idle.values() for each in line):
            connection.close()

    def _exchange(self, request: Request, timeout: float | None, accept: Collection[int]) -> HttpResponse:
        deadline = self._deadline(timeout)
        connection = self._take(request.endpoint) or self._connect(request.endpoint, deadline)
        answer, reusable = connection.exchange(request, deadline, self.largest_answer)
        if reusable:
            self._give_back(request.endpoint, connection)
        _judge(answer, accept)
        return answer

    def _deadline(self, timeout: float | None) -> float:
        return time.monotonic() + (timeout or self.total_timeout or current().http_seconds)

    def _take(self, endpoint: Endpoint) -> Connection | None:
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

    def _give_back(self, endpoint: Endpoint, connection: Connection) -> None:
        connection.idle_since = time.monotonic()
        with self._lock:
            key = (endpoint.scheme, endpoint.host, endpoint.port)
            self._idle.setdefault(key, deque()).append(connection)

    def _connect(self, endpoint: Endpoint, deadline: float) -> Connection:
        until = min(deadline, time.monotonic() + self.connect_timeout)
        try:
            found = addresses(endpoint.host, endpoint.port, max(until - time.monotonic(), 0.001))
        except EndpointRefused as error:
            raise PermanentFailure(f"refused: {error}") from error
        except NameNotFound as error:
            raise TemporaryFailure("the name has no address now") from error
        return Connection(open_socket(endpoint, found, until))


def _endpoint(url: str) -> Endpoint:
    try:
        return parse(url)
    except EndpointRefused as error:
        raise PermanentFailure(f"refused: {error}") from error


def _judge(answer: HttpResponse, accept: Collection[int]) -> None:
    status = answer.status
    kind = status // 100
    if kind == 2 or status in accept:  # noqa: PLR2004 - the class of a status
        return
    if kind == 3:  # noqa: PLR2004
        raise PermanentFailure(f"redirect: HTTP {status}, not followed")
    if status in TRY_AGAIN or kind == 5:  # noqa: PLR2004
        raise TemporaryFailure(
            f"HTTP {status}", retry_after=retry_after(answer.headers.get("retry-after", ""))
        )
    if kind == 4:  # noqa: PLR2004
        raise PermanentFailure(f"HTTP {status}")
    raise OutcomeUnknown(f"HTTP {status}")


def retry_after(value: str) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110, section 10.2.3), at most a day."""
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_RETRY_AFTER)
