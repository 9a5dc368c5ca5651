"""Checking what a person wrote about a partner."""

import re
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from coordination.core.errors import InvalidInput

_COUNTRY = re.compile(r"[A-Z]{2}")


def said(field: str, value: str, *, longest: int) -> str:
    """Return `value` stripped; raise InvalidInput naming `field` where it is empty or too long."""
    text = value.strip()
    if not text or "\x00" in text:
        raise InvalidInput(field, "Something has to stand here.")
    if len(text) > longest:
        raise InvalidInput(field, f"At most {longest} characters.")
    return text


def chosen(field: str, value: str, choices: Iterable[str]) -> str:
    """Return `value` if it is one of `choices`; raise InvalidInput naming `field`."""
    known = list(choices)
    if value not in known:
        raise InvalidInput(field, f"One of {', '.join(known)}.")
    return value


def country_code(value: str) -> str:
    """Return an ISO 3166-1 alpha-2 code in capitals."""
    code = value.strip().upper()
    if not _COUNTRY.fullmatch(code):
        raise InvalidInput("country", "A country is two letters, as in US (ISO 3166-1).")
    return code


def zone(value: str) -> str:
    """Return the name of a time zone."""
    try:
        return ZoneInfo(value.strip()).key
    except (KeyError, ValueError, OSError):
        raise InvalidInput("time_zone", "A time zone is named as in America/Chicago.") from None
