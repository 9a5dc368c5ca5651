"""What templates say of the doors."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def idle_seconds() -> int:
    """After how long without a click a page hides what it shows."""
    return int(settings.IDLE_LOCK.total_seconds())


@register.simple_tag
def sign_on_banner() -> str:
    """What everybody reads before they sign in."""
    return str(settings.SIGN_ON_BANNER)
