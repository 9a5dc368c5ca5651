"""Links that leave the desk: built from PUBLIC_URL, never from the Host header of whoever asks."""

from django.conf import settings
from django.urls import reverse


def enrolment(plain: str) -> str:
    """Return the one-time link by which a person sets a password.

    What opens stands behind the #: browsers keep that to themselves, so that no log or proxy has it (ASVS
    V14.2.1); the page hands it over in a form.
    """
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('account_enrol')}#{plain}"


def desk() -> str:
    """Return the address of the desk."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('admin:index')}"
