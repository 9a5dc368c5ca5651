"""A partner that is a real HTTP server on loopback: answers, fails, hangs, flaps or resets on order."""

import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self

from coordination.channels.testing.certificate import write_certificate
from coordination.channels.testing.situations import RETRY_AFTER, Situation

HANG_SECONDS = 30.0
ID_HEADERS = ("webhook-id", "idempotency-key")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What came. Names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What to do with a request once its body is read. `takes`: the partner acts on the message."""

    status: int = 200
    body: bytes = b'{"reference": "P-1"}'
    headers: Mapping[str, str] = field(default_factory=dict)
    takes: bool = True
    hangs: bool = False
    resets: bool = False


ANSWERS: dict[Situation, Answer] = {
    Situation.ACCEPTS: Answer(),
    Situation.FAILS: Answer(status=500, body=b"", takes=False),
    Situation.BUSY: Answer(status=429, body=b"", headers={"Retry-After": str(RETRY_AFTER)}, takes=False),
    Situation.REFUSES: Answer(status=400, body=b"", takes=False),
    Situation.REDIRECTS: Answer(status=307, body=b"", headers={"Location": "/elsewhere"}, takes=False),
    Situation.HANGS: Answer(hangs=True),
    Situation.RESETS: Answer(resets=True),
}


class FakePartner:
    """Records requests, and drops a message id (one of ID_HEADERS) that it has acted on.

    `will(…)` queues answers, one for each request; `always` is given when the queue is empty. With `tls=True`
    it serves under a certificate of its own for localhost and 127.0.0.1, or for `names`; `ca_file` is what a
    client must trust.
    """

    situations: ClassVar[frozenset[Situation]] = frozenset(Situation)

    def __init__(self, *, tls: bool = False, names: tuple[str, ...] = (), port: int = 0) -> None:
        self.always = Answer()
        self.requests: list[Request] = []
        self.tls = tls
        self.names = names
        self.ca_file = ""
        self._effects: dict[str, None] = {}
        self._queue: deque[Answer] = deque()
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.partner = self
        self._port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._port}/in"

    address = url

    @property
    def effects(self) -> list[str]:
        """The ids of the messages that it acted on, each once."""
        return list(self._effects)

    @property
    def contacts(self) -> int:
        """How many requests came."""
        return len(self.requests)

    def will(self, *answers: Answer) -> None:
        """Give these answers to the next requests, one each."""
        with self._lock:
            self._queue.extend(answers)

    def fail(self, times: int, status: int = 500) -> None:
        """Fail the next requests, then behave as before."""
        self.will(*[Answer(status=status, body=b"", takes=False)] * times)

    def flap(self, times: int) -> None:
        """Fail every second one of the next requests."""
        self.will(*[Answer(status=503, body=b"", takes=False), self.always] * (times // 2))

    def be(self, situation: Situation) -> None:
        """Behave so from now on; DOWN closes the port for good."""
        if situation is Situation.DOWN:
            self.stop()
        else:
            self.always = ANSWERS[situation]

    def stop(self) -> None:
        """Stop listening, and let hanging requests go."""
        self._released.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def take(self, request: Request) -> Answer:
        """Record a request and return what to do with it."""
        with self._lock:
            self.requests.append(request)
            answer = self._queue.popleft() if self._queue else self.always
            message_id = next((request.headers[name] for name in ID_HEADERS if name in request.headers), "")
            if answer.takes and message_id:
                self._effects.setdefault(message_id)
            return answer

    def wait(self) -> None:
        """Hang until the partner stops."""
        self._released.wait(HANG_SECONDS)

    def __enter__(self) -> Self:
        if self.tls:
            certificate, key = write_certificate(*self.names)
            self.ca_file = certificate
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self._server.tls = context
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    partner: FakePartner
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        try:
            with self.tls.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        except OSError:
            return  # the client did not like our certificate: that is what the test is about

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that break off are what this server is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._answer(self.rfile.read(length))

    def do_GET(self) -> None:
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(method=self.command, path=self.path, headers=headers, body=body)
        answer = self.server.partner.take(request)
        if answer.hangs:
            self.server.partner.wait()
        if answer.hangs or answer.resets:
            self.close_connection = True
            # Without lingering the close sends a reset, as a crashed partner's machine does.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Log nothing: requests are recorded."""
