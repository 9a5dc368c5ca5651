"""System checks of who is woken. What to do about each stands in docs/operations.md."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from coordination.channels.endpoints import EndpointRefused, parse
from coordination.oncall import selectors, ways
from coordination.policy import selectors as policy

_PLACES = (*ways.GATEWAYS.values(), ("WATCHDOG_PING_URL", ""))


@register(Tags.security)
def somebody_is_told(**_: Any) -> list[CheckMessage]:
    """W001: with nobody to tell, the watchdog sees that the bus stands still and keeps it to itself."""
    if not settings.PRODUCTION or any(settings.WATCHDOG[way] for way in ("email", "sms", "webhook")):
        return []
    return [
        Warning(
            "The watchdog has nobody to tell: nobody learns that the bus stands still.",
            hint="Set WATCHDOG_EMAIL, WATCHDOG_SMS or WATCHDOG_WEBHOOK: docs/operations.md, Waking people.",
            id="coordination.oncall.W001",
        )
    ]


@register(Tags.security)
def gateways_are_usable(**_: Any) -> list[CheckMessage]:
    """E001: a gateway that cannot be reached, or whose posts cannot be signed, wakes nobody."""
    wrong = [each for each in map(_wrong, _PLACES) if each]
    if not wrong:
        return []
    hint = "An https:// address, and a whsec_ key: docs/operations.md, Waking people."
    return [Error(" ".join(wrong), hint=hint, id="coordination.oncall.E001")]


@register(Tags.database)
def somebody_is_woken(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """W002: policy wakes people for a danger to life, and nobody who is on call can be reached."""
    if not settings.PRODUCTION or "default" not in (databases or ()):
        return []
    try:
        pages, reachable = policy.escalations().exists(), selectors.reachable_on_call()
    except (DatabaseError, ImproperlyConfigured):
        return []  # not reached, not migrated or embedded: core's checks say so
    if not pages or reachable:
        return []
    return [
        Warning(
            "Policy wakes people for a danger to life, and nobody who is on call now can be reached.",
            hint="Open a schedule, and have its people verify an address: docs/administrators.md, On call.",
            id="coordination.oncall.W002",
        )
    ]


def _wrong(names: tuple[str, str]) -> str:
    place, key = names
    url = settings.WATCHDOG["ping_url"] if place == "WATCHDOG_PING_URL" else getattr(settings, place)
    if not url:
        return ""
    try:
        parse(url)
    except EndpointRefused as error:
        return f"{place}: {error}."
    if key and not ways.can_sign(getattr(settings, key)):
        return f"{key} is no whsec_ key."
    return ""
