"""E017-E022: what leaves a production names it and nobody else: no fictional default counts there."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error

from coordination.core.telephones import is_number

# Names that never lead anywhere (RFC 2606, RFC 6761).
RESERVED = ("example", "invalid", "test", "localhost")
FICTIONAL_NAME = "lanternchat"
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def platform_is_named(**_: Any) -> list[CheckMessage]:
    """E017: messages say whose platform it is."""
    return _demand(
        "PLATFORM_NAME",
        lambda value: bool(value.strip()) and value.strip().lower() != FICTIONAL_NAME,
        hint="Set PLATFORM_NAME to the name that partners know you by.",
        id="coordination.E017",
    )


def domain_is_real(**_: Any) -> list[CheckMessage]:
    """E018: messages say which domain is the platform's."""
    return _demand(
        "PLATFORM_DOMAIN",
        _is_domain,
        hint="Set PLATFORM_DOMAIN to the platform's own domain, such as platform.com.",
        id="coordination.E018",
    )


def public_url_is_real(**_: Any) -> list[CheckMessage]:
    """E019: links lead to this desk, encrypted."""
    return _demand(
        "PUBLIC_URL",
        _is_public_url,
        hint="Set PUBLIC_URL to the desk's address, such as https://desk.platform.com",
        id="coordination.E019",
    )


def somebody_can_be_called(**_: Any) -> list[CheckMessage]:
    """E020: a partner with a danger to life in hand telephones."""
    return _demand(
        "CONTACT_PHONE",
        is_number,
        hint="Set CONTACT_PHONE to the number that is answered at any hour, such as +1 970 555 0123.",
        id="coordination.E020",
    )


def mail_server_is_named(**_: Any) -> list[CheckMessage]:
    """E021: letters leave through a server that somebody chose, be it this machine's own."""
    return _demand(
        "EMAIL_HOST",
        lambda value: bool(value.strip()),
        hint="Set EMAIL_HOST to your mail server; 127.0.0.1 where one runs here.",
        id="coordination.E021",
    )


def mail_has_a_sender(**_: Any) -> list[CheckMessage]:
    """E022: letters come from an address that exists."""
    return _demand(
        "DEFAULT_FROM_EMAIL",
        lambda value: value.count("@") == 1 and _is_domain(value.rstrip(">").rpartition("@")[2]),
        hint="Set DEFAULT_FROM_EMAIL to one address on your domain, such as desk@platform.com",
        id="coordination.E022",
    )


CHECKS = (
    platform_is_named,
    domain_is_real,
    public_url_is_real,
    somebody_can_be_called,
    mail_server_is_named,
    mail_has_a_sender,
)


def _demand(name: str, accepts: Callable[[str], bool], *, hint: str, id: str) -> list[CheckMessage]:  # noqa: A002 - Django's name
    value = getattr(settings, name)
    if not settings.PRODUCTION or accepts(value):
        return []
    what = "is not set" if not value.strip() else "is not fit for production"
    return [Error(f"{name} {what}.", hint=hint, id=id)]


def _is_domain(value: str) -> bool:
    labels = value.lower().split(".")
    well_spelt = len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)
    return well_spelt and labels[-1] not in RESERVED and not labels[-1].isdecimal()


def _is_public_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises where it is none
    except ValueError:
        return False
    return parts.scheme == "https" and _is_domain(parts.hostname or "") and not parts.query
