"""System checks of the doors. What to do about each stands in docs/operations.md."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


def no_code_is_shown(**_: Any) -> list[CheckMessage]:
    """E001: the demo shows codes that nobody has an application for; in production that would be a way in."""
    if not (settings.PRODUCTION and settings.DEMO_SHOW_CODES):
        return []
    return [
        Error(
            "DEMO_SHOW_CODES is on in production: the sign-in page would show second factors.",
            hint="Unset DEMO_SHOW_CODES.",
            id="coordination.access.E001",
        )
    ]


def connect() -> None:
    """Tell Django about the checks."""
    register(no_code_is_shown, Tags.security)
