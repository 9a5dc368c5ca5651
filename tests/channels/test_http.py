"""The HTTP client against a real server: what it says of everything a partner can do."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from coordination.channels import HttpClient, OutcomeUnknown, PermanentFailure, TemporaryFailure
from coordination.channels.http import retry_after
from coordination.channels.testing import Answer, FakePartner, Situation
from tests.channels.conftest import Configure


@pytest.fixture
def client() -> Iterator[HttpClient]:
    made = HttpClient()
    yield made
    made.close()


def test_it_posts_and_reads_the_answer(client: HttpClient, partner: FakePartner) -> None:
    answer = client.post(partner.url, b'{"a": 1}', headers={"X-One": "1"})
    assert (answer.status, answer.body) == (200, b'{"reference": "P-1"}')
    request = partner.requests[0]
    assert (request.method, request.path, request.body) == ("POST", "/in", b'{"a": 1}')
    assert request.headers["x-one"] == "1"
    assert request.headers["host"] == f"127.0.0.1:{partner.port}"


def test_the_wire_digest_covers_headers_and_body(client: HttpClient, partner: FakePartner) -> None:
    first = client.post(partner.url, b"{}", headers={"X-One": "1"}).wire_digest
    assert client.post(partner.url, b"{}", headers={"X-One": "1"}).wire_digest == first
    assert client.post(partner.url, b"{}", headers={"X-One": "2"}).wire_digest != first
    assert client.post(partner.url, b"[]", headers={"X-One": "1"}).wire_digest != first


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_rec_08_a_redirect_is_not_followed_and_says_so(
    status: int, client: HttpClient, partner: FakePartner
) -> None:
    with FakePartner() as other:
        partner.always = Answer(status=status, body=b"", headers={"Location": other.url})
        with pytest.raises(PermanentFailure, match=f"redirect: HTTP {status}"):
            client.post(partner.url, b"{}")
        assert other.contacts == 0
    assert partner.contacts == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, PermanentFailure),
        (401, PermanentFailure),
        (404, PermanentFailure),
        (410, PermanentFailure),
        (408, TemporaryFailure),
        (425, TemporaryFailure),
        (429, TemporaryFailure),
        (500, TemporaryFailure),
        (503, TemporaryFailure),
        (599, TemporaryFailure),
        (600, OutcomeUnknown),
    ],
)
def test_each_status_has_its_meaning(
    status: int, expected: type[Exception], client: HttpClient, partner: FakePartner
) -> None:
    partner.always = Answer(status=status, body=b"why not")
    with pytest.raises(expected, match=f"HTTP {status}"):
        client.post(partner.url, b"{}")


def test_a_status_that_the_channel_understands_is_returned(client: HttpClient, partner: FakePartner) -> None:
    partner.always = Answer(status=409, body=b"seen")
    assert client.post(partner.url, b"{}", accept={409}).body == b"seen"


def test_retry_after_is_honoured_and_capped() -> None:
    assert retry_after("120") == 120
    assert retry_after("3600") == 3600
    assert retry_after("99999999999999999999") == 86_400
    later = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))
    assert later is not None
    assert 80 < later <= 90
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    for nonsense in ("", "soon", "-5", "1e9", "٣"):
        assert retry_after(nonsense) is None


def test_nobody_listens(client: HttpClient, partner: FakePartner) -> None:
    partner.be(Situation.DOWN)
    with pytest.raises(TemporaryFailure, match="ConnectionRefused"):
        client.post(partner.url, b"{}")


def test_a_name_without_an_address_is_tried_again(client: HttpClient) -> None:
    with pytest.raises(TemporaryFailure, match="no address"):
        client.post("https://portal.harrow-sheriff.invalid/in", b"{}")


@pytest.mark.parametrize("situation", [Situation.HANGS, Situation.RESETS])
def test_after_the_request_has_left_the_outcome_is_unknown(
    situation: Situation, client: HttpClient, partner: FakePartner
) -> None:
    partner.be(situation)
    with pytest.raises(OutcomeUnknown):
        client.post(partner.url, b"{}", timeout=0.2)
    assert partner.contacts == 1, "it is never sent twice"


RAW = {
    "nonsense": b"what?\r\n\r\n",
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    "no body": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab",
    "endless head": b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 500 + b"\r\n",
    "long line": b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 200_000 + b"\r\n\r\n",
    "folded line": b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Changed\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "interim answers alone": b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\n" * 3,
}


@pytest.mark.parametrize("name", RAW)
def test_an_answer_that_breaks_off_or_makes_no_sense_is_unknown(
    name: str, client: HttpClient, loopback: None
) -> None:
    with raw_server(RAW[name]) as port, pytest.raises(OutcomeUnknown):
        client.post(f"http://127.0.0.1:{port}/", b"{}")


WHOLE = {
    "until the connection ends": b"HTTP/1.1 200 OK\r\n\r\nfound",
    "of HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nfound",
    "after interim answers": b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Early\r\nContent-Length: 9\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfound",
    "with trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nfound\r\n0\r\nStatus: 500\r\n\r\n",
    "with more behind it": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfoundHTTP/1.1 500 No\r\n\r\n",
    "with nonsense behind it": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfound\x00\x01",
}


@pytest.mark.parametrize("name", WHOLE)
def test_an_answer_in_each_form_is_read_whole(name: str, client: HttpClient, loopback: None) -> None:
    with raw_server(WHOLE[name]) as port:
        answer = client.post(f"http://127.0.0.1:{port}/", b"{}")
    assert (answer.status, answer.body, answer.headers.get("status")) == (200, b"found", None)


def test_an_answer_that_drips_is_given_up_at_the_deadline(client: HttpClient, loopback: None) -> None:
    drip = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + b"x" * 50
    with raw_server(drip, pause=0.03) as port, pytest.raises(OutcomeUnknown):
        client.post(f"http://127.0.0.1:{port}/", b"{}", timeout=0.3)


def test_a_body_is_cut_at_the_cap(partner: FakePartner) -> None:
    partner.always = Answer(body=b"x" * 5000)
    client = HttpClient(largest_answer=100)
    answer = client.post(partner.url, b"{}")
    assert (len(answer.body), answer.truncated) == (100, True)
    assert not client.post(partner.url, b"{}").body.strip(b"x"), "and the next answer is its own"
    client.close()


def test_a_chunked_answer_is_read_and_the_connection_used_again(client: HttpClient, loopback: None) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    with raw_server(chunked, times=2) as port:
        for _ in range(2):
            assert client.post(f"http://127.0.0.1:{port}/", b"{}").body == b"ok"


@pytest.mark.parametrize("value", ["a\r\nBcc: other", "a\r\n Bcc: folded", "a\nb", "a\rb", "a\0b", "ü"])
def test_rec_03_a_line_break_in_a_header_is_refused_and_nothing_leaves(
    value: str, client: HttpClient, partner: FakePartner
) -> None:
    with pytest.raises(PermanentFailure, match="header"):
        client.post(partner.url, b"{}", headers={"X-Reference": value})
    assert partner.contacts == 0


def test_connections_are_kept_and_shared_by_threads(client: HttpClient, partner: FakePartner) -> None:
    before = threading.active_count()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: client.post(partner.url, str(n).encode()), range(200)))
    assert sorted(int(each.body) for each in partner.requests) == list(range(200))
    # The partner serves each connection in a thread of its own: 200 requests came over a handful.
    assert threading.active_count() - before <= 16


def test_a_connection_that_the_partner_closed_is_not_used_again(client: HttpClient, loopback: None) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with raw_server(answer, times=1, connections=2) as port:
        for _ in range(2):
            assert client.post(f"http://127.0.0.1:{port}/", b"{}").body == b"ok"
            time.sleep(0.1)  # for the close to arrive


def test_tls_holds_the_name_and_the_chain(client: HttpClient, kit: Configure) -> None:
    with FakePartner(tls=True) as partner:
        kit(allowed_networks=("127.0.0.0/8", "::1/128"), ca_file=partner.ca_file, http_seconds=2)
        assert client.post(partner.url, b"{}").status == 200
        assert client.post(f"https://localhost:{partner.port}/in", b"{}").status == 200
        kit(allowed_networks=("127.0.0.0/8",))
        client.close()
        with pytest.raises(PermanentFailure, match="certificate"):
            client.post(partner.url, b"{}")
        assert partner.contacts == 2
    with FakePartner(tls=True, names=("other.example",)) as partner:
        kit(allowed_networks=("127.0.0.0/8",), ca_file=partner.ca_file)
        with pytest.raises(PermanentFailure, match="certificate"):
            client.post(partner.url, b"{}")
        assert partner.contacts == 0


def test_tls_with_a_partner_that_speaks_none_is_tried_again(client: HttpClient, partner: FakePartner) -> None:
    with pytest.raises(TemporaryFailure, match="no TLS"):
        client.post(partner.url.replace("http:", "https:"), b"{}")


def test_a_probe_connects_and_sends_nothing(client: HttpClient, partner: FakePartner) -> None:
    client.probe(partner.url)
    assert partner.contacts == 0
    partner.be(Situation.DOWN)
    with pytest.raises(TemporaryFailure):
        client.probe(partner.url)


class raw_server:  # noqa: N801 - used like a function
    """Give these bytes to each request, and close."""

    def __init__(self, answer: bytes, *, pause: float = 0, times: int = 1, connections: int = 1) -> None:
        self.answer, self.pause, self.times, self.connections = answer, pause, times, connections
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self) -> None:
        for _ in range(self.connections):
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            with connection:
                for _ in range(self.times):
                    connection.recv(65536)
                    self.send(connection)

    def send(self, connection: socket.socket) -> None:
        try:
            if not self.pause:
                connection.sendall(self.answer)
            for byte in self.answer if self.pause else b"":
                connection.sendall(bytes([byte]))
                threading.Event().wait(self.pause)
        except OSError:
            return

    def __enter__(self) -> int:
        self.thread.start()
        return int(self.listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes a thread that still waits to accept
        self.thread.join(5)
        self.listener.close()
