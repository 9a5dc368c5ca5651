"""Checking what a person wrote about a partner."""

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from coordination.core.errors import InvalidInput
from coordination.core.telephones import is_number
from coordination.partners.domains import domain_of

MOST_OF_A_DOMAIN = 200
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


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
    """Return an ISO 3166-1 alpha-2 code in capitals; raise InvalidInput for one that no country has."""
    code = value.strip().upper()
    if code not in _countries():
        raise InvalidInput("country", "A country is the two letters that ISO 3166-1 gives it, as in US.")
    return code


def telephone(value: str) -> str:
    """Return the number as it was written; raise InvalidInput where it cannot be one (ITU-T E.164)."""
    number = value.strip()
    if not is_number(number):
        raise InvalidInput("phone", "A telephone number in full, such as +1 970 555 0123.")
    return number


def domain_name(value: str) -> str:
    """Return a registered domain as requests are matched with it, or ""; raise InvalidInput for no domain."""
    text = value.strip()
    if not text:
        return ""
    name = domain_of(text)
    if "@" in text or not _DOMAIN.fullmatch(name) or len(name) > MOST_OF_A_DOMAIN:
        raise InvalidInput("domain", "A domain as it stands behind the @, such as police.example.")
    return name


def mail_address(value: str) -> str:
    """Return an address of mail, or ""; raise InvalidInput where it cannot be one."""
    text = value.strip()
    try:
        if text:
            validate_email(text)
    except ValidationError:
        raise InvalidInput("mailbox", "An address such as records@police.example.") from None
    return text


@cache
def _countries() -> frozenset[str]:
    """Return the codes of ISO 3166-1, as the time zone database lists them."""
    table = resources.files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text("utf-8")
    return frozenset(line.split("\t")[0] for line in table.splitlines() if line and line[0] != "#")


def zone(value: str) -> str:
    """Return the name of a time zone."""
    try:
        return ZoneInfo(value.strip()).key
    except (KeyError, ValueError, OSError):
        raise InvalidInput("time_zone", "A time zone is named as in America/Chicago.") from None
