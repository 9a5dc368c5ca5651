"""What templates say of the doors."""

from typing import Any

from django import template
from django.conf import settings

from coordination.access import kept, selectors
from coordination.access.services import BreakGlass, User

register = template.Library()


@register.simple_tag
def idle_seconds() -> int:
    """After how long without a click a page hides what it shows."""
    return int(settings.IDLE_LOCK.total_seconds())


@register.simple_tag
def made_for(user: Any) -> str:
    """For whom a page is made, signed: what is sent from it is kept for nobody else (access/kept.py)."""
    return kept.mark(user)


@register.simple_tag
def sign_on_banner() -> str:
    """What everybody reads before they sign in."""
    return str(settings.SIGN_ON_BANNER)


@register.simple_tag
def open_glass(user: Any) -> BreakGlass | None:
    """The break-glass under which the reader acts alone now: every page says so."""
    return selectors.open_glass_of(user) if isinstance(user, User) else None
