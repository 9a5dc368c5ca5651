"""Checks of the settings alone. Production is refused anything that development makes for itself."""

import ipaddress
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured

from coordination.core import clock, sealing
from coordination.core.embedded.addresses import EMBEDDED_ENGINE

PROFILES = ("production", "development")
# Django's own advice (security.W009).
SECRET_KEY_LENGTH = 50
LONGEST_SEALING_DAYS = 366


def profile_is_known(**_: Any) -> list[CheckMessage]:
    """E001: a misspelt PROFILE would mean development on a machine that is believed to be in production."""
    if settings.PROFILE in PROFILES:
        return []
    return [
        Error(
            f"PROFILE is {settings.PROFILE!r}, which is neither production nor development.",
            hint="Set PROFILE=production, or leave it out on a developer's machine.",
            id="coordination.E001",
        )
    ]


def secret_key_is_set(**_: Any) -> list[CheckMessage]:
    """E002: sessions and signatures rest on SECRET_KEY."""
    try:
        length = len(settings.SECRET_KEY)
    except ImproperlyConfigured:  # Django raises on reading an empty one
        length = 0
    if length >= SECRET_KEY_LENGTH or not settings.PRODUCTION:
        return []
    return [
        Error(
            f"SECRET_KEY is missing or shorter than {SECRET_KEY_LENGTH} characters.",
            hint="Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
            id="coordination.E002",
        )
    ]


def sealing_keys_are_usable(**_: Any) -> list[CheckMessage]:
    """E003: without a key no sealed column can be read or written."""
    return _usable(
        sealing.ring,
        hint="Set SEALING_KEYS to id:base64 of 32 random bytes, newest first:"
        " k$(date +%Y%m%d):$(openssl rand -base64 32)",
        id="coordination.E003",
    )


def sealing_key_is_young(**_: Any) -> list[CheckMessage]:
    """W002: a key whose id ends with the day it was made seals for a year (docs/security.md)."""
    if not settings.PRODUCTION or not settings.SEALING_KEYS:
        return []
    key_id = settings.SEALING_KEYS[0].partition(":")[0]
    dated = re.search(r"(20[0-9]{2})([01][0-9])([0-3][0-9])$", key_id)
    try:
        made = date(*map(int, dated.groups())) if dated else None
    except ValueError:
        made = None
    age = (clock.now().date() - made).days if made else 0
    if age <= LONGEST_SEALING_DAYS:
        return []
    return [
        Warning(
            f"The sealing key {key_id} is {age} days old.",
            hint="Put a new one in front and run manage.py rotate_keys: docs/operations.md.",
            id="coordination.W002",
        )
    ]


def blind_index_key_is_usable(**_: Any) -> list[CheckMessage]:
    """E004: without the key nobody is found by a sealed identifier; an old one has to be a key too."""
    return _usable(
        lambda: sealing.blind_indexes("check", ""),
        hint="Set BLIND_INDEX_KEY (while it is replaced, BLIND_INDEX_OLD_KEY too) to base64 of 32 random"
        " bytes: openssl rand -base64 32",
        id="coordination.E004",
    )


def debug_is_off(**_: Any) -> list[CheckMessage]:
    """E005: debug pages show settings and personal data to whoever provokes an error."""
    if not (settings.PRODUCTION and settings.DEBUG):
        return []
    return [Error("DEBUG is on in production.", hint="Unset DEBUG.", id="coordination.E005")]


def hosts_are_named(**_: Any) -> list[CheckMessage]:
    """E006: with any host allowed, a forged Host header decides where links in messages lead."""
    if not settings.PRODUCTION or (settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS):
        return []
    return [
        Error(
            "ALLOWED_HOSTS is empty or allows every host.",
            hint="Set ALLOWED_HOSTS to the names of this site, separated by commas.",
            id="coordination.E006",
        )
    ]


def database_is_not_embedded(**_: Any) -> list[CheckMessage]:
    """E007: the embedded database has no backup, no replica and its passwords beside it."""
    if not settings.PRODUCTION or settings.DATABASES["default"]["ENGINE"] != EMBEDDED_ENGINE:
        return []
    return [
        Error(
            "The embedded database is for development, the demo and tests.",
            hint="Set DATABASE_URL to a PostgreSQL 15 or newer, with the application's role.",
            id="coordination.E007",
        )
    ]


def database_is_reached_by_tls(**_: Any) -> list[CheckMessage]:
    """E023: libpq's own default goes on without TLS where somebody in between says there is none."""
    each_database = settings.DATABASES.items()
    found = [alias for alias, each in each_database if _is_remote(each) and not _is_verified(each)]
    if not settings.PRODUCTION or not found:
        return []
    names = " and ".join("DATABASE_URL" if each == "default" else "DATABASE_OWNER_URL" for each in found)
    return [
        Error(
            f"{names} leads to another machine without verified TLS.",
            hint="End it with ?sslmode=verify-full (and &sslrootcert=… for an authority of your own).",
            id="coordination.E023",
        )
    ]


CHECKS = (
    profile_is_known,
    secret_key_is_set,
    sealing_keys_are_usable,
    sealing_key_is_young,
    blind_index_key_is_usable,
    debug_is_off,
    hosts_are_named,
    database_is_not_embedded,
    database_is_reached_by_tls,
)


def _is_remote(database: dict[str, Any]) -> bool:
    """Tell whether any host of a database is another machine: neither a socket's directory nor loopback."""
    # What follows the ? of the URL wins over what stands before it, in libpq too.
    options = database.get("OPTIONS", {})
    named = str(options.get("hostaddr") or options.get("host") or database.get("HOST", ""))
    return any(not _is_here(each.strip()) for each in named.split(","))


def _is_here(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_verified(database: dict[str, Any]) -> bool:
    return bool(database.get("OPTIONS", {}).get("sslmode") == "verify-full")


def _usable(use: Callable[[], object], *, hint: str, id: str) -> list[CheckMessage]:  # noqa: A002 - Django's name
    try:
        use()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint=hint, id=id)]
    return []
