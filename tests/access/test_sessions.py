"""Sessions: they lock after a pause, end after twelve hours, and are over at once when something changes."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client

from coordination.access import selectors, services
from coordination.access.services import User
from coordination.core import clock
from coordination.ledger import selectors as ledger
from tests.doors import SignIn, code_of, signed_in
from tests.people import PASSWORD, Cast

HOME = "/admin/"


def _later(**span: float) -> Any:
    return clock.frozen(clock.now() + timedelta(**span))


def _at_the_door(browser: Client, address: str = HOME) -> bool:
    answer = browser.get(address)
    return answer.status_code == 302 and "login" in answer["Location"]


def test_AUT_03_after_half_an_hour_the_page_is_hidden_until_the_factor_is_shown_again(
    liaison: User, sign_in: SignIn
) -> None:
    services.give_totp(liaison)
    browser = sign_in(liaison)
    assert "Waiting for me" in browser.get(HOME).content.decode()
    with _later(minutes=31):
        hidden = browser.get(HOME)
        assert hidden.status_code == 403
        assert "Waiting for me" not in hidden.content.decode()
        assert "Confirm that it is you" in hidden.content.decode()
        assert "no-store" in hidden["Cache-Control"]
        wrong = browser.post(HOME, {"confirm-code": "000000", "confirm-resume": "get"})
        assert wrong.status_code == 403
        code = code_of(liaison)
        right = browser.post(HOME, {"confirm-code": code, "confirm-resume": "get"})
        assert (right.status_code, right["Location"]) == (302, HOME)
        assert "Waiting for me" in browser.get(HOME).content.decode()


def test_AUT_03_after_twelve_hours_one_signs_in_anew_and_is_back_where_one_was(
    liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    start = clock.now()
    for minutes in range(20, 12 * 60, 20):
        with clock.frozen(start + timedelta(minutes=minutes)):
            assert browser.get(HOME).status_code == 200
    with clock.frozen(start + timedelta(hours=12)):
        answer = browser.get("/admin/cases/case/?state=open")
    assert answer["Location"] == "/account/login/?next=/admin/cases/case/%3Fstate%3Dopen"
    assert not selectors.sessions_of(liaison).exists()


def test_clicks_keep_a_session_awake(liaison: User, sign_in: SignIn) -> None:
    browser = sign_in(liaison)
    start = clock.now()
    for minutes in (20, 40, 60):
        with clock.frozen(start + timedelta(minutes=minutes)):
            assert browser.get(HOME).status_code == 200


def test_every_page_carries_the_script_that_hides_it(liaison: User, sign_in: SignIn) -> None:
    shown = sign_in(liaison).get(HOME).content.decode()
    assert 'access/idle.js" data-idle-seconds="1800"' in shown


def test_AUT_05_a_session_from_before_signing_in_is_not_the_one_after_it(
    client: Client, liaison: User
) -> None:
    client.get("/account/login/")
    services.set_password(liaison, password=PASSWORD)
    client.post("/account/login/", {"login": "nobody", "password": "x"})
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    before = session.session_key
    client.post("/account/login/", {"login": liaison.username, "password": PASSWORD})
    assert client.session.session_key != before
    planted = Client()
    planted.cookies[configured.SESSION_COOKIE_NAME] = before
    assert _at_the_door(planted)


def test_AUT_05_a_cookie_opens_nothing_after_signing_out(liaison: User, sign_in: SignIn) -> None:
    browser = sign_in(liaison)
    stolen = Client()
    stolen.cookies[configured.SESSION_COOKIE_NAME] = browser.cookies[configured.SESSION_COOKIE_NAME].value
    assert stolen.get(HOME).status_code == 200
    browser.post("/admin/logout/")
    assert _at_the_door(stolen)
    assert [leaf.action for leaf in ledger.entries_about(f"user:{liaison.pk}")][-1] == "access.signed_out"


@pytest.mark.parametrize("change", ["password", "disabled", "roles", "ended"])
def test_AUT_05_a_session_is_over_at_once_when_something_changes(
    cast: Cast, liaison: User, administrator: User, change: str
) -> None:
    browser = signed_in(liaison)
    assert browser.get(HOME).status_code == 200
    if change == "password":
        services.set_password(liaison, password=PASSWORD)
    elif change == "disabled":
        services.change_person(liaison, by=administrator, alias="", is_active=False)
    elif change == "roles":
        services.set_roles(liaison, [], by=administrator)
    else:
        services.end_all(liaison, why="ended by an administrator", by=administrator)
    assert _at_the_door(browser)
    entry = [leaf.data for leaf in ledger.entries_about(f"user:{liaison.pk}")]
    ended = [each for each in entry if each["action"] == "access.session_ended"]
    assert [each["by"] for each in ended] == ["system" if change == "password" else administrator.pk]


def test_a_person_sees_their_sessions_and_ends_one(liaison: User, reviewer: User) -> None:
    services.give_totp(liaison)
    here, there, foreign = signed_in(liaison), signed_in(liaison), signed_in(reviewer)
    shown = here.get("/account/mfa/").content.decode()
    assert shown.count("this session") == 1
    assert shown.count("another session") == 1
    other = selectors.live_session(there.session.session_key)
    assert other is not None
    assert foreign.post(f"/account/sessions/{other.pk}/end/").status_code == 404
    here.post(f"/account/sessions/{other.pk}/end/")
    assert _at_the_door(there)
    assert here.get(HOME).status_code == 200


def test_an_administrator_ends_the_sessions_of_others(
    liaison: User, administrator: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    sign_in(administrator).post(f"/admin/access/user/{liaison.pk}/do/end_sessions/")
    assert _at_the_door(browser)


def test_V7_5_2_ending_a_session_asks_for_the_factor_again(liaison: User) -> None:
    services.give_totp(liaison)
    here, there = signed_in(liaison), signed_in(liaison)
    other = selectors.live_session(there.session.session_key)
    assert other is not None
    address = f"/account/sessions/{other.pk}/end/"
    with _later(minutes=6):
        asked = here.post(address)
        assert asked.status_code == 403
        assert "Confirm that it is you" in asked.content.decode()
        assert there.get(HOME).status_code == 200
        here.post(address, {"confirm-code": code_of(liaison), "confirm-resume": "post"})
        assert _at_the_door(there)


@pytest.mark.parametrize("minutes", [6, 31], ids=["step-up", "pause"])
def test_V7_2_4_the_factor_shown_again_draws_a_new_key_and_loses_nothing(
    reviewer: User, administrator: User, sign_in: SignIn, minutes: int
) -> None:
    services.give_totp(administrator)
    browser = sign_in(administrator)
    before = selectors.live_session(browser.session.session_key)
    old = browser.cookies[configured.SESSION_COOKIE_NAME].value
    address = f"/admin/access/user/{reviewer.pk}/do/change_roles/"
    with _later(minutes=minutes):
        posted = {**STEP, "confirm-resume": "post"}
        wrong = browser.post(address, {**posted, "confirm-code": "000000"})
        assert wrong.status_code == 403
        assert browser.session.session_key == old, "a wrong code draws none"
        done = browser.post(address, {**posted, "confirm-code": code_of(administrator)})
        assert done.status_code == 302
        new = browser.cookies[configured.SESSION_COOKIE_NAME].value
        assert new != old
        assert selectors.waiting_change_of(reviewer) is not None
        assert selectors.live_session(new) == before, "the session goes on"
        assert browser.get(HOME).status_code == 200
        copied = Client()
        copied.cookies[configured.SESSION_COOKIE_NAME] = old
        assert _at_the_door(copied)
    assert selectors.sessions_of(administrator).count() == 1


FORGET = '"cache", "storage"'


@pytest.mark.parametrize("address", ["/admin/logout/", "/account/logout/"])
def test_V14_3_1_whoever_signs_out_leaves_nothing_in_the_browser(
    liaison: User, sign_in: SignIn, address: str
) -> None:
    browser = sign_in(liaison)
    assert "Clear-Site-Data" not in browser.get(HOME).headers
    assert browser.post(address)["Clear-Site-Data"] == FORGET


def test_V14_3_1_a_session_that_has_ended_leaves_nothing_either(
    liaison: User, administrator: User, sign_in: SignIn
) -> None:
    browser, old = sign_in(liaison), sign_in(liaison)
    services.end_all(liaison, why="ended by an administrator", by=administrator)
    assert browser.get(HOME)["Clear-Site-Data"] == FORGET
    old.cookies[configured.SESSION_COOKIE_NAME] = "a-cookie-that-stands-for-nothing"
    assert old.get("/account/login/")["Clear-Site-Data"] == FORGET
    browser = sign_in(liaison)
    with _later(hours=13):
        assert browser.get(HOME)["Clear-Site-Data"] == FORGET
    assert "Clear-Site-Data" not in Client().get("/account/login/").headers


def test_a_session_of_nobodys_row_is_none(liaison: User, sign_in: SignIn) -> None:
    browser = sign_in(liaison)
    services.forget_sessions(clock.now() + timedelta(days=1))
    assert _at_the_door(browser)


STEP = {"roles": ["senior_reviewer"], "reason": "Passed the course."}


def test_a_weighty_act_asks_for_the_factor_and_loses_nothing(
    reviewer: User, administrator: User, sign_in: SignIn
) -> None:
    services.give_totp(administrator)
    browser = sign_in(administrator)
    address = f"/admin/access/user/{reviewer.pk}/do/change_roles/"
    with _later(minutes=6):
        asked = browser.post(address, STEP)
        shown = asked.content.decode()
        assert asked.status_code == 403
        assert 'name="roles"' in shown
        assert "senior_reviewer</textarea>" in shown
        assert User.objects.get(pk=reviewer.pk).role_names == ["reviewer"]
        assert "Incorrect" in browser.post(address, {**STEP, "confirm-code": "000000"}).content.decode()
        code = code_of(administrator)
        done = browser.post(address, {**STEP, "confirm-code": code, "confirm-resume": "post"})
        assert done.status_code == 302
    change = selectors.waiting_change_of(reviewer)
    assert change is not None
    assert change.roles == ["senior_reviewer"]
    said = [leaf.data["details"] for leaf in ledger.entries_about(f"user:{administrator.pk}")]
    assert said[-1]["during"] == "confirmation"


def test_a_factor_shown_just_now_is_enough(reviewer: User, administrator: User, sign_in: SignIn) -> None:
    browser = sign_in(administrator)
    with _later(minutes=4):
        assert browser.post(f"/admin/access/user/{reviewer.pk}/do/change_roles/", STEP).status_code == 302


def test_a_form_that_is_sent_after_the_pause_is_kept_too(
    reviewer: User, administrator: User, sign_in: SignIn
) -> None:
    services.give_totp(administrator)
    browser = sign_in(administrator)
    address = f"/admin/access/user/{reviewer.pk}/do/change_alias/"
    with _later(minutes=40):
        asked = browser.post(address, {"alias": "R. <at> the desk"})
        assert asked.status_code == 403
        assert "R. &lt;at&gt; the desk</textarea>" in asked.content.decode()
        code = code_of(administrator)
        browser.post(address, {"alias": "R. <at> the desk", "confirm-code": code, "confirm-resume": "post"})
    assert User.objects.get(pk=reviewer.pk).alias == "R. <at> the desk"
