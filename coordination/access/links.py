"""Links that leave the desk: built from PUBLIC_URL, never from the Host header of whoever asks."""

from django.conf import settings
from django.urls import reverse


def enrolment(plain: str) -> str:
    """Return the one-time link by which a person sets a password."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('account_enrol', args=[plain])}"


def desk() -> str:
    """Return the address of the desk."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('admin:index')}"
