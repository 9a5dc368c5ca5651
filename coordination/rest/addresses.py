"""Where a request comes from, as far as limits need it: a keyed index, for an address is personal data."""

import ipaddress
from typing import Any

from django.conf import settings

from coordination.core import sealing


def key_of(request: Any) -> str:
    """Return what stands for the caller's address in a limit: one for each IPv4 address and IPv6 /64.

    Behind our own proxy it is the last entry of X-Forwarded-For, which the proxy wrote; what stands before it
    is the caller's to invent.
    """
    given = str(request.META.get("REMOTE_ADDR", ""))
    if settings.BEHIND_PROXY:
        given = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip() or given
    return sealing.blind_index("address", _network(given)).hex()


def _network(given: str) -> str:
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
