"""Signing in, in one place: browsers whose session showed its second factor, and codes of a telephone."""

import time
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from coordination.access import selectors, services
from coordination.access.services import User
from tests.people import PASSWORD

SignIn = Callable[[User], Client]
STEP, TYPED_WITHIN = 30.0, 5.0
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in(user: User, client: Client | None = None) -> Client:
    """Return a browser in which somebody is signed in and showed a second factor just now."""
    browser = client or Client()
    browser.force_login(user, backend=MODEL_BACKEND)
    session = selectors.live_session(browser.session.session_key)
    assert session is not None
    services.confirm_session(session, kind="totp", during="test")
    return browser


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """Give each person a browser of their own: `sign_in(reviewer).get("/admin/")`."""
    return signed_in


def give_way_in(user: User) -> str:
    """Give a person the password of the tests and an application; return the code that it shows."""
    services.set_password(user, password=PASSWORD)
    services.give_totp(user)
    return code_of(user)


def fresh_code_of(user: User) -> str:
    """Return a code that this person has not used yet; the next one comes within half a minute."""
    code = code_of(user)
    while cache.get(f"allauth.mfa.totp.used?user={user.pk}&code={code}"):
        time.sleep(STEP - time.time() % STEP + 0.1)
        code = services.current_code(user)
    return code


def code_of(user: User) -> str:
    """Return the code that a person's application shows, once it lasts long enough to be typed in."""
    left = STEP - time.time() % STEP
    if left < TYPED_WITHIN:
        time.sleep(left)
    return services.current_code(user)
