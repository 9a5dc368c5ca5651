"""Signing in with a real browser: a passkey of a virtual authenticator, codes, and the lock."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp

from coordination.access import selectors, services
from coordination.access.services import User
from tests.browser.conftest import Watched
from tests.doors import code_of
from tests.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SERIOUS = {"serious", "critical"}


@pytest.fixture
def page(chromium: Any, live_server: Any) -> Iterator[Any]:
    """A page of a person with a device: its authenticator asks for a fingerprint and is given it."""
    context = chromium.new_context(base_url=live_server.url)
    found = context.new_page()
    found.set_default_timeout(15_000)
    watched = Watched(live_server.url)
    watched.over(found)
    devices = context.new_cdp_session(found)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    yield found
    context.close()
    assert not watched.wrong


def _password(page: Any, user: User) -> None:
    services.set_password(user, password=PASSWORD)
    page.goto("/admin/")
    page.fill("#id_login", user.username)
    page.fill("#id_password", PASSWORD)
    page.click("text=Continue")


def _set_up_passkey(page: Any, user: User) -> None:
    _password(page, user)
    page.click("text=Set up a passkey")
    page.click("text=Set it up")
    page.wait_for_selector("ol.recovery")


def _sign_out(page: Any) -> None:
    page.goto("/admin/")
    page.click("#logout-form button")


def test_a_passkey_is_set_up_at_the_first_sign_in_and_opens_the_desk_alone(page: Any, liaison: User) -> None:
    _set_up_passkey(page, liaison)
    assert page.locator("ol.recovery li").count() == 10
    page.click("text=To the desk")
    page.wait_for_selector("#logout-form")
    _sign_out(page)
    page.goto("/admin/cases/case/")
    page.click("#passkey_login")
    page.wait_for_selector("#logout-form")
    assert page.url.endswith("/admin/cases/case/")


def test_V14_3_1_signing_out_empties_the_other_tabs_and_the_browser(page: Any, liaison: User) -> None:
    _set_up_passkey(page, liaison)
    page.goto("/admin/")
    other = page.context.new_page()
    other.goto("/admin/cases/case/")
    other.wait_for_selector("#logout-form")
    other.evaluate("localStorage.setItem('kept', 'by the desk')")
    _sign_out(page)
    page.wait_for_selector("#passkey_login")
    other.wait_for_selector("#passkey_login")
    assert other.locator("#logout-form").count() == 0
    assert page.evaluate("localStorage.getItem('kept')") is None
    page.goto("/admin/")
    page.click("#passkey_login")
    page.wait_for_selector("#logout-form")


def test_AUT_02_a_lock_out_does_not_keep_the_person_on_duty_from_the_desk(page: Any, liaison: User) -> None:
    _set_up_passkey(page, liaison)
    _sign_out(page)
    for _ in range(6):
        page.goto("/account/login/")
        page.fill("#id_login", liaison.username)
        page.fill("#id_password", "somebody guesses")
        page.click("text=Continue")
    assert "This account is locked" in page.inner_text("main")
    page.click("text=sign in with a passkey")
    page.click("#passkey_login")
    page.wait_for_selector("#logout-form")
    assert services.is_locked(liaison.username), "for whoever guesses, it stays locked"


def test_a_passkey_confirms_before_a_weighty_act_and_the_form_is_kept(
    page: Any, administrator: User, reviewer: User, settings: Any
) -> None:
    _set_up_passkey(page, administrator)
    settings.STEP_UP_WITHIN = settings.STEP_UP_WITHIN * 0
    page.goto(f"/admin/access/user/{reviewer.pk}/change/")
    page.click("summary:has-text('Change roles')")
    page.check("input[name=roles][value=senior_reviewer]")
    page.uncheck("input[name=roles][value=reviewer]")
    page.locator("textarea[name=reason]:visible").fill("She decides at night from now on.")
    page.click("button:has-text('Change roles')")
    assert "Confirm that it is you" in page.inner_text("main")
    page.click("#confirm_passkey")
    page.wait_for_selector(".messagelist")
    assert "Another administrator decides about the new roles" in page.inner_text(".messagelist")
    assert User.objects.get(pk=reviewer.pk).role_names == []


def test_an_application_is_set_up_at_the_first_sign_in(page: Any, liaison: User) -> None:
    _password(page, liaison)
    page.click("text=Set up an application")
    secret = page.inner_text("code.secret")
    assert page.locator("img.qr").evaluate("each => each.naturalWidth") > 0
    counter = next(totp.yield_hotp_counters_from_time())
    page.fill("#id_code", totp.format_hotp_value(totp.hotp_value(secret, counter)))
    page.click("button:text-is('Set it up')")
    page.wait_for_selector("ol.recovery")
    assert selectors.has_factor(liaison)


def test_a_page_that_nobody_uses_hides_itself_and_comes_back(page: Any, liaison: User, settings: Any) -> None:
    _set_up_passkey(page, liaison)
    settings.IDLE_LOCK = settings.IDLE_LOCK * 0 + settings.STEP_UP_WITHIN / 100  # three seconds
    page.goto("/admin/")
    page.wait_for_selector("#waiting")
    page.wait_for_selector("#confirm_passkey")
    assert page.locator("#waiting").count() == 0
    settings.IDLE_LOCK = settings.STEP_UP_WITHIN
    page.click("#confirm_passkey")
    page.wait_for_selector("#waiting")


def test_a_script_that_is_not_ours_does_not_run_on_the_doors(page: Any) -> None:
    answer = page.goto("/account/login/")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert re.search(r"script-src 'self'(;|$)", policy)
    assert page.locator("script:not([src]):not([type='application/json'])").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_doors_are_accessible(chromium: Any, live_server: Any, liaison: User, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    services.set_password(liaison, password=PASSWORD)
    context = chromium.new_context(base_url=live_server.url, color_scheme=scheme)
    page = context.new_page()

    def look() -> None:
        violations = axe.run(page).response["violations"]
        found = [
            f"{each['id']} at {page.url}: {[node['html'][:120] for node in each['nodes'][:2]]}"
            for each in violations
            if each["impact"] in SERIOUS
        ]
        assert not found

    page.goto("/admin/")
    look()
    page.fill("#id_login", liaison.username)
    page.fill("#id_password", PASSWORD)
    page.click("text=Continue")
    for address in ("mfa/", "mfa/totp/activate/", "mfa/webauthn/add/"):
        page.goto(f"/account/{address}")
        look()
    services.give_totp(liaison)
    page.goto("/admin/")
    page.fill("#id_login", liaison.username)
    page.fill("#id_password", PASSWORD)
    page.click("text=Continue")
    look()
    page.fill("#id_code", code_of(liaison))
    page.click("button:text-is('Sign in')")
    page.wait_for_selector("#logout-form")
    for address in ("mfa/", "password/", "mfa/recovery-codes/generate/"):
        page.goto(f"/account/{address}")
        look()
    context.close()
