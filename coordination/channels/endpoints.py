"""Where a channel may connect: the spelling of a URL, and every address behind its name.

Refused at save and again at connect (OWASP ASVS 1.3.6). Connections are pinned to the address that was
checked, so a name that changes its answer between the check and the connect gains nothing.
"""

import contextlib
import ipaddress
import re
import socket
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from django import forms

from coordination.channels.kit import current

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
# An IPv4 address in any of the spellings that a C library takes: 127.1, 0x7f.1, 2130706433, 0177.0.0.1.
ENDS_IN_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
# Public by number, not by nature: a cloud's own server, and addresses that wrap another one.
NEVER: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)
# All that is assigned for the public so far. NAT64, SRv6, site-local and whatever wraps IPv4 lie outside.
PUBLIC_V6: Final = ipaddress.ip_network("2000::/3")
PORTS: Final = {"https": 443, "http": 80}
LONGEST_NAME: Final = 253
LOOK_UP_SECONDS: Final = 3.0


class EndpointRefused(Exception):
    """This address is not one that a channel may connect to."""


class NameNotFound(OSError):
    """The name has no address now."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A URL that was taken apart and found well spelt."""

    scheme: str
    host: str
    port: int
    target: str  # path and query, as they go on the request line

    @property
    def authority(self) -> str:
        """The host and, where it is not the usual one, the port: the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if PORTS[self.scheme] == self.port else f"{host}:{self.port}"


def validate_url(url: str) -> Endpoint:
    """Return the endpoint if a channel may be pointed at it. Raises EndpointRefused.

    A name that has no address now passes: it is checked again, with its addresses, at each connect.
    """
    endpoint = parse(url)
    with contextlib.suppress(NameNotFound):
        addresses(endpoint.host, endpoint.port)
    return endpoint


def parse(url: str) -> Endpoint:
    """Return the parts of a URL, its spelling checked. Raises EndpointRefused."""
    endpoint = _parse(url)
    if endpoint.scheme == "http" and not current().allow_plain_http:
        raise EndpointRefused("http:// is not allowed here: use https://")
    return endpoint


@lru_cache(maxsize=256)
def _parse(url: str) -> Endpoint:
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise EndpointRefused("the URL holds a character that has no place in one")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EndpointRefused("this is not a URL") from error
    if parts.scheme not in PORTS:
        raise EndpointRefused("only https:// URLs are taken")
    if parts.username is not None or parts.password is not None or "#" in url:
        raise EndpointRefused("a URL with a user name, a password or a fragment is not taken")
    if port == 0:
        raise EndpointRefused("port 0 is not one")
    host = _host(parts.hostname or "")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(
        scheme=parts.scheme, host=host, port=PORTS[parts.scheme] if port is None else port, target=target
    )


def _host(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    if ENDS_IN_NUMBER.fullmatch(host):
        raise EndpointRefused("an address is written as four decimal numbers or as IPv6")
    if len(host) > LONGEST_NAME or not all(LABEL.fullmatch(label) for label in host.split(".")):
        raise EndpointRefused("this host name is not one (no trailing dot, no empty label)")
    return host


def addresses(host: str, port: int, seconds: float = LOOK_UP_SECONDS) -> list[str]:
    """Return every address of the host, each one allowed. Raises EndpointRefused or NameNotFound."""
    found = _look_up(host, port, seconds)
    for each in found:
        if not is_allowed(ipaddress.ip_address(each)):
            raise EndpointRefused(
                f"{each} is not an address that channels may reach; CHANNELS_ALLOWED_NETWORKS opens it"
            )
    return found


def is_allowed(address: Address) -> bool:
    """Tell whether channels may connect to the address: public, or in a network that the settings allow."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if any(address in network for network in _networks(current().allowed_networks)):
        return True
    if any(address in network for network in NEVER):
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return address in PUBLIC_V6 and address.is_global and not address.scope_id
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return address.is_global and not special


@lru_cache(maxsize=8)
def _networks(names: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(name) for name in names)


def _look_up(host: str, port: int, seconds: float) -> list[str]:
    """Ask the resolver, and wait no longer than `seconds`: it has no deadline of its own."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.append(error)

    thread = threading.Thread(target=ask, daemon=True, name="look-up")
    thread.start()
    thread.join(seconds)
    if not answer or isinstance(answer[0], Exception):
        raise NameNotFound("the name has no address now")
    return list(dict.fromkeys(str(entry[4][0]) for entry in answer[0]))


class EndpointField(forms.CharField):
    """A URL that a channel may connect to."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 2000, **options})

    def clean(self, value: Any) -> Any:
        """Return the URL as it was written, if a channel may be pointed at it."""
        url = super().clean(value)
        if url:
            try:
                validate_url(url)
            except EndpointRefused as refused:
                raise forms.ValidationError(str(refused), code="endpoint") from refused
        return url
