"""Showing the factor again: Cancel leads back and nowhere else; who guesses loses the session, no account."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from coordination.access import selectors, services
from coordination.access.models import SignInFailure
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from tests.doors import SignIn, code_of, fresh_code_of, signed_in
from tests.people import Cast

HOME = "/admin/"
REASON = {"roles": ["senior_reviewer"], "reason": "Passed the course."}


@pytest.fixture
def address(reviewer: User, administrator: User) -> str:
    """Where the administrator, who has an application, changes roles: an act that asks for the factor."""
    services.give_totp(administrator)
    return f"/admin/access/user/{reviewer.pk}/do/change_roles/"


def _later(**span: float) -> Any:
    return clock.frozen(clock.now() + timedelta(**span))


def _wrong(user: User) -> str:
    return f"{(int(code_of(user)) + 1) % 1_000_000:06}"


def _cancel(answer: Any) -> str:
    found = re.search(r'href="([^"]+)">Cancel</a>', answer.content.decode())
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("came_from", "leads_to"),
    [
        ("http://testserver/admin/access/user/7/change/?tab=doors", "/admin/access/user/7/change/?tab=doors"),
        ("/admin/access/user/7/change/", "/admin/access/user/7/change/"),
        ("https://evil.example/admin/", HOME),
        ("//evil.example/admin/", HOME),
        ("http://testserver//evil.example/", HOME),
        ("/\\evil.example/", HOME),
        ("javascript:alert(1)", HOME),
        ("", HOME),
    ],
)
def test_cancel_leads_back_to_where_one_came_from_on_this_host_alone(
    address: str, administrator: User, sign_in: SignIn, came_from: str, leads_to: str
) -> None:
    browser = sign_in(administrator)
    with _later(minutes=6):
        assert _cancel(browser.post(address, REASON, headers={"referer": came_from})) == leads_to
        again = {**REASON, "confirm-code": _wrong(administrator), "confirm-back": came_from}
        assert _cancel(browser.post(address, again)) == leads_to


def test_a_page_that_hid_itself_has_no_way_back_and_the_pages_of_factors_have(
    administrator: User, sign_in: SignIn
) -> None:
    services.give_totp(administrator)
    browser = sign_in(administrator)
    with _later(minutes=6):
        asked = browser.get("/account/mfa/totp/deactivate/", follow=True)
        assert _cancel(asked) == "/account/mfa/"
    with _later(minutes=40):
        hidden = browser.get(HOME)
        assert "Confirm that it is you" in hidden.content.decode()
        assert _cancel(hidden) == ""


@pytest.mark.parametrize("minutes", [6, 31], ids=["step-up", "pause"])
def test_AUT_01_five_wrong_codes_end_the_session_and_lock_nobody(
    address: str, administrator: User, sign_in: SignIn, minutes: int
) -> None:
    laptop, other = sign_in(administrator), signed_in(administrator)
    with _later(minutes=minutes):
        posted = {**REASON, "confirm-code": _wrong(administrator)}
        for _ in range(4):
            assert laptop.post(address, posted).status_code == 403
        over = laptop.post(address, posted)
        assert over["Location"].startswith("/account/login/?next=")
        assert "Five wrong codes ended this session" in laptop.get(over["Location"]).content.decode()
        assert laptop.get(HOME).status_code == 302
        assert selectors.sessions_of(administrator).count() == 1
        assert not services.is_locked(administrator.username)
        done = other.post(address, {**REASON, "confirm-code": fresh_code_of(administrator)})
        assert done.status_code == 302
        assert not done["Location"].startswith("/account/")
    said = [leaf.data for leaf in ledger.entries_about(f"user:{administrator.pk}")]
    wrong = [each["details"] for each in said if each["action"] == "access.sign_in_failed"]
    assert [each["during"] for each in wrong] == ["confirmation"] * 5
    (ended,) = [each["details"] for each in said if each["action"] == "access.session_ended"]
    assert ended["why"] == "wrong codes"
    task = cases.open_task("codes_guessed", f"access.user:{administrator.pk}")
    assert task is not None
    assert task.role == "administrator"


def test_a_right_code_in_between_takes_nothing_off_the_count_and_a_quarter_of_an_hour_does(
    address: str, administrator: User, sign_in: SignIn
) -> None:
    browser = sign_in(administrator)
    session = selectors.live_session(browser.session.session_key)
    assert session is not None
    start = clock.now()
    for minutes in (0, 5, 10, 14):
        with clock.frozen(start + timedelta(minutes=minutes)):
            assert not services.count_wrong_code(session, kind="totp")
    with clock.frozen(start + timedelta(minutes=14.5)):
        browser.post(address, {**REASON, "confirm-code": fresh_code_of(administrator)})
        assert SignInFailure.objects.count() == 4
    with clock.frozen(start + timedelta(minutes=16)):
        assert not services.count_wrong_code(session, kind="totp"), "the first is too old"
        assert services.count_wrong_code(session, kind="totp")


def test_the_page_before_a_factor_changes_counts_too(administrator: User, sign_in: SignIn) -> None:
    services.give_totp(administrator)
    browser = sign_in(administrator)
    with _later(minutes=6):
        for _ in range(5):
            answer = browser.post("/account/mfa/reauthenticate/", {"code": _wrong(administrator)})
        assert answer["Location"].startswith("/account/login/")
    assert not selectors.sessions_of(administrator).exists()
    assert not services.is_locked(administrator.username)


def test_AUT_02_a_lock_out_at_the_door_takes_nothing_from_a_session_that_is_open(
    address: str, administrator: User, reviewer: User, sign_in: SignIn
) -> None:
    browser = sign_in(administrator)
    for _ in range(5):
        services.count_failure(administrator.username, kind="password")
    assert services.is_locked(administrator.username)
    with _later(minutes=6):
        done = browser.post(address, {**REASON, "confirm-code": fresh_code_of(administrator)})
        assert done.status_code == 302
    assert selectors.waiting_change_of(reviewer) is not None


def test_the_demo_shows_no_code_that_was_used_and_says_from_when_the_next_works(
    administrator: User, settings: Any
) -> None:
    services.give_totp(administrator)
    settings.DEMO_SHOW_CODES = True
    now = fresh_code_of(administrator)
    both = services.coming_codes(administrator)
    assert both[0].code == now
    assert both[0].starts_in == 0
    assert 0 < both[0].ends_in == both[1].starts_in <= 30
    assert both[1].ends_in == both[1].starts_in + 30
    browser = signed_in(administrator)
    with _later(minutes=31):
        shown = browser.get(HOME).content.decode()
        assert f"{now}</strong> works now" in shown
        browser.post(HOME, {"confirm-code": now, "confirm-resume": "get"})
        (left,) = services.coming_codes(administrator)
        assert left.code == both[1].code
    with _later(minutes=31 + 31):
        shown = browser.get(HOME).content.decode()
        assert now not in shown
        assert re.search(rf"{left.code}</strong> works in \d+ seconds", shown)


def test_somebody_with_a_passkey_alone_is_shown_no_code_in_the_demo(
    administrator: User, settings: Any
) -> None:
    settings.DEMO_SHOW_CODES = True
    browser = signed_in(administrator)
    with _later(minutes=31):
        assert "demo-code" not in browser.get(HOME).content.decode()
    assert Client().get("/account/login/").status_code == 200


def test_an_administrator_records_what_the_guesses_were_and_the_task_ends(
    liaison: User, administrator: User, sign_in: SignIn, cast: Cast
) -> None:
    session = selectors.live_session(signed_in(liaison).session.session_key)
    assert session is not None
    for _ in range(5):
        services.count_wrong_code(session, kind="totp")
    page = f"/admin/access/user/{liaison.pk}/"
    desk = sign_in(administrator)
    assert "Five wrong codes" in desk.get(f"{page}change/").content.decode()
    desk.post(f"{page}do/look_into/", {"reason": "She telephoned: her own mistyping, gloves."})
    assert cases.open_task("codes_guessed", f"access.user:{liaison.pk}") is None
    assert "Five wrong codes" not in desk.get(f"{page}change/").content.decode()
    with pytest.raises(Conflict):
        services.look_into_guess(liaison, by=administrator, reason="Once more.")
    with pytest.raises(Refused):
        services.look_into_guess(administrator, by=administrator, reason="It was me.")
    with pytest.raises(NotPermitted):
        services.look_into_guess(liaison, by=cast("reviewer"), reason="It was her.")
    with pytest.raises(InvalidInput):
        services.look_into_guess(liaison, by=administrator, reason=" ")
