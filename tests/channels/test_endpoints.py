"""Abuse case HKO-01: an endpoint that is ours or a neighbour's is refused at save and at connect."""

import ipaddress
import socket
from typing import Any

import pytest
from django import forms

from coordination.channels import EndpointField, EndpointRefused, HttpClient, PermanentFailure, validate_url
from coordination.channels.endpoints import addresses, is_allowed
from coordination.channels.testing import FakePartner
from tests.channels.conftest import Configure

SPELLINGS = [
    "https://127.0.0.1/",
    "https://127.1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.0.0.1.0x0/",
    "https://169.254.169.254/latest/meta-data/",
    "https://168.63.129.16/",
    "https://100.100.100.200/",
    "https://10.0.0.8/",
    "https://172.16.3.4/",
    "https://192.168.1.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://240.0.0.1/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001::1]/",
    "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "https://[2001:2::1]/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    "https://[fec0::1]/",
    "https://[feff::1]/",
    "https://[5f00::1]/",
    "https://[100::1]/",
    "https://[::ffff:10.0.0.8]/",
    "https://[::ffff:0:10.0.0.8]/",
    "https://[64:ff9b:1::a00:8]/",
    "https://192.0.0.9/",
    "https://192.0.2.1/",
    "https://192.88.99.1/",
    "https://198.18.0.1/",
    "https://198.51.100.1/",
    "https://203.0.113.1/",
    "https://localhost/",
    "https://localhost./",
    "https://LOCALHOST/",
    "https://127.0.0.1./",
    "https://partner.example./",
    "https://①②⑦.0.0.1/",
    "https://127.0.0.1\\@partner.example/",
    "https://partner.example@127.0.0.1/",
    "https://user:password@partner.example/",
    "https://partner.example/#fragment",
    "https://partner.example\r\nHost: other/",
    "https://partner..example/",
    "https://-partner.example/",
    "https://partner.example:0/",
    "https://partner.example:000/",
    "https://partner.example:65536/",
    "https://partner.example:99999/",
    "https:///nowhere",
    "https://",
    "http://93.184.215.14/",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "file:///etc/passwd",
    "gopher://93.184.215.14/",
    "//93.184.215.14/",
    "partner.example",
    "",
]


@pytest.mark.parametrize("url", SPELLINGS)
def test_hko_01_is_refused_at_save(url: str) -> None:
    with pytest.raises(forms.ValidationError):
        EndpointField().clean(url)


@pytest.mark.parametrize("url", SPELLINGS)
def test_hko_01_is_refused_at_connect(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        pytest.fail("a connection was tried")

    monkeypatch.setattr(socket, "create_connection", never)
    with pytest.raises(PermanentFailure, match="refused"):
        HttpClient().post(url, b"{}")


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost."])
def test_a_network_that_is_allowed_does_not_excuse_a_trick_of_spelling(spelling: str, loopback: None) -> None:
    with pytest.raises(EndpointRefused):
        validate_url(f"http://{spelling}/")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8/in", "http://[::1]:8/in", "http://localhost:8/in"])
def test_development_may_send_to_loopback(url: str, loopback: None) -> None:
    assert validate_url(url).port == 8


def test_a_public_address_passes() -> None:
    endpoint = validate_url("https://93.184.215.14:8443/in?box=1")
    assert (endpoint.host, endpoint.port, endpoint.target) == ("93.184.215.14", 8443, "/in?box=1")
    assert endpoint.authority == "93.184.215.14:8443"


def test_a_name_that_has_no_address_yet_can_be_saved() -> None:
    assert validate_url("https://portal.harrow-sheriff.example/in").host == "portal.harrow-sheriff.example"


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Answer look-ups from a list of answers, the last for ever: a resolver in an attacker's hands."""
    answers: list[list[str]] = []
    real = socket.getaddrinfo

    def answer(host: str, port: int, *_: Any, **options: Any) -> Any:
        if not host.endswith(".example"):
            return real(host, port, *_, **options)
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        family = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [(family[ipaddress.ip_address(ip).version], 1, 6, "", (ip, port)) for ip in found]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return answers


def test_one_bad_address_among_good_ones_refuses_the_name(resolver: list[list[str]]) -> None:
    resolver.append(["93.184.215.14", "10.0.0.8"])
    with pytest.raises(EndpointRefused):
        addresses("mixed.example", 443)


def test_a_name_that_changes_its_answer_is_looked_up_once_and_pinned(
    resolver: list[list[str]], partner: FakePartner, kit: Configure
) -> None:
    kit(allowed_networks=("127.0.0.1/32",), allow_plain_http=True)
    resolver.extend([["127.0.0.1"], ["10.0.0.8"]])
    client = HttpClient()
    client.post(f"http://rebinding.example:{partner.port}/in", b"{}")
    assert partner.requests[0].headers["host"] == f"rebinding.example:{partner.port}"
    client.close()
    with pytest.raises(PermanentFailure, match="refused"):
        client.post(f"http://rebinding.example:{partner.port}/in", b"{}")
    assert partner.contacts == 1


def test_allowed_networks_open_exactly_themselves(kit: Configure) -> None:
    kit(allowed_networks=("10.20.0.0/16",))
    assert is_allowed(ipaddress.ip_address("10.20.3.4"))
    assert not is_allowed(ipaddress.ip_address("10.21.0.1"))
    assert is_allowed(ipaddress.ip_address("::ffff:10.20.3.4"))


def test_a_resolver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from coordination.channels.endpoints import NameNotFound

    gate = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: gate.wait(5) and [])
    with pytest.raises(NameNotFound):
        addresses("slow.example", 443, seconds=0.05)
    gate.set()
