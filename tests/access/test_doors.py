"""Signing in: password, then a second factor; what locks, what stays open, and what the ledger says of it."""

import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib.sessions.models import Session
from django.test import Client

from coordination.access import links, selectors, services
from coordination.access.services import User
from coordination.access.sessionstore import digest
from coordination.cases import selectors as cases
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from tests.doors import MODEL_BACKEND, SignIn, give_way_in, signed_in
from tests.people import PASSWORD, Cast

LOGIN, SECOND, HOME = "/account/login/", "/account/mfa/authenticate/", "/admin/"
ENROL = "/account/enrol/"

# Setting up tells its receivers after the commit.
pytestmark = pytest.mark.django_db(transaction=True)


def _password(browser: Client, user: User, password: str = PASSWORD) -> Any:
    return browser.post(LOGIN, {"login": user.username, "password": password})


def _sign_in(browser: Client, user: User) -> Any:
    code = give_way_in(user)
    _password(browser, user)
    return browser.post(SECOND, {"code": code})


def _is_in(browser: Client) -> bool:
    return bool(browser.get(HOME).status_code == 200)


def _said(user: User) -> list[str]:
    return [leaf.action for leaf in ledger.entries_about(f"user:{user.pk}")]


def _code_of(user: User, *, steps: int = 0) -> str:
    factor = Authenticator.objects.get(user=user, type="totp")
    counter = int(time.time()) // 30 + steps
    return str(totp.format_hotp_value(totp.hotp_value(totp.decrypt(factor.data["secret"]), counter)))


def test_password_and_code_open_the_desk_and_the_ledger_says_so(client: Client, liaison: User) -> None:
    answer = _sign_in(client, liaison)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert _is_in(client)
    entry = list(ledger.entries_about(f"user:{liaison.pk}"))[-1].data
    assert entry["action"] == "access.signed_in"
    assert entry["details"]["methods"] == ["password", "totp"]
    assert len(entry["at"].rpartition(".")[2]) == 3, "hundredths of a second, UTC"


def test_a_password_alone_opens_nothing(client: Client, liaison: User) -> None:
    give_way_in(liaison)
    assert _password(client, liaison)["Location"] == SECOND
    assert not _is_in(client)


def test_where_one_wanted_to_go_is_where_one_arrives(client: Client, liaison: User) -> None:
    door = client.get("/admin/cases/case/", follow=True)
    assert door.request["PATH_INFO"] == LOGIN
    code = give_way_in(liaison)
    client.post(LOGIN, {"login": liaison.username, "password": PASSWORD, "next": "/admin/cases/case/"})
    assert client.post(SECOND, {"code": code})["Location"] == "/admin/cases/case/"


def test_the_banner_stands_before_the_form(client: Client, settings: Any) -> None:
    settings.SIGN_ON_BANNER = "Property of the platform. You are recorded."
    shown = client.get(LOGIN).content.decode()
    assert shown.index("You are recorded") < shown.index('name="password"')


def test_the_first_sign_in_reaches_set_up_alone_and_ends_at_the_desk(client: Client, liaison: User) -> None:
    services.set_password(liaison, password=PASSWORD)
    _password(client, liaison)
    assert client.get("/admin/cases/case/")["Location"] == "/account/mfa/"
    assert "Set up your second factor" in client.get("/account/mfa/").content.decode()
    client.get("/account/mfa/totp/activate/")
    code = totp.format_hotp_value(
        totp.hotp_value(client.session["mfa.totp.secret"], next(totp.yield_hotp_counters_from_time()))
    )
    answer = client.post("/account/mfa/totp/activate/", {"code": code}, follow=True)
    shown = answer.content.decode()
    assert answer.request["PATH_INFO"] == "/account/mfa/recovery-codes/"
    assert shown.count("<li><code>") == 10
    assert "<li><code>" not in client.get("/account/mfa/recovery-codes/").content.decode()
    assert _is_in(client)
    assert {"access.factor_added", "access.confirmed"} <= set(_said(liaison))


def test_secrets_of_factors_and_of_sessions_are_sealed_in_the_database(client: Client, liaison: User) -> None:
    services.set_password(liaison, password=PASSWORD)
    _password(client, liaison)
    client.get("/account/mfa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    stored = Session.objects.get(pk=digest(str(client.session.session_key)))
    assert secret not in stored.session_data
    services.give_totp(liaison)
    kept = Authenticator.objects.get(user=liaison).data["secret"]
    assert totp.decrypt(kept) not in kept


def test_a_session_without_the_factor_that_its_person_has_sets_up_no_other(
    client: Client, liaison: User
) -> None:
    services.give_totp(liaison)
    client.force_login(liaison, backend=MODEL_BACKEND)
    assert client.get("/account/mfa/webauthn/add/")["Location"].startswith(LOGIN)
    assert not selectors.sessions_of(liaison).exists()


def test_nobody_signs_up_and_no_password_is_reset_by_mail(client: Client) -> None:
    for address in ("signup/", "password/reset/", "email/", "mfa/webauthn/signup/", "login/code/"):
        assert client.get(f"/account/{address}").status_code == 404, address


def test_a_partner_does_not_sign_in_even_with_a_password(client: Client, police_officer: User) -> None:
    services.set_password(police_officer, password=PASSWORD)
    assert _password(client, police_officer)["Location"] == "/account/inactive/"
    assert "_auth_user_id" not in client.session


def test_AUT_01_the_sixth_password_is_refused_though_it_is_right_until_an_administrator_releases_it(
    client: Client, liaison: User, administrator: User, sign_in: SignIn
) -> None:
    code = give_way_in(liaison)
    for _ in range(5):
        answer = _password(client, liaison, "wrong")
    assert answer.status_code == 403
    assert "locked" in answer.content.decode()
    answer = _password(client, liaison)
    assert answer.status_code == 403
    with clock.frozen(clock.now() + timedelta(days=3)):
        assert _password(client, liaison).status_code == 403, "no time releases it"
    task = cases.open_task("lock_out", f"access.user:{liaison.pk}")
    assert task is not None
    assert task.role == "administrator"
    desk = sign_in(administrator)
    page = f"/admin/access/user/{liaison.pk}/"
    assert f"/admin/access/user/at/{liaison.pk}/" in desk.get(HOME).content.decode()
    assert "Locked out" in desk.get(f"{page}change/").content.decode()
    assert "This field is required" in desk.post(f"{page}do/release/", {"reason": ""}).content.decode()
    desk.post(f"{page}do/release/", {"reason": "She telephoned; a new keyboard."})
    assert cases.open_task("lock_out", f"access.user:{liaison.pk}") is None
    assert _password(client, liaison)["Location"] == SECOND
    client.post(SECOND, {"code": code})
    assert _is_in(client)
    said = _said(liaison)
    assert said.count("access.sign_in_failed") == 7
    assert [each for each in said if "lock" in each] == ["access.locked_out", "access.lock_released"]


def test_failures_count_within_fifteen_minutes_and_a_sign_in_forgets_them(
    client: Client, liaison: User
) -> None:
    now = clock.now()
    for minutes in (0, 5, 10, 14):
        with clock.frozen(now + timedelta(minutes=minutes)):
            assert not services.count_failure(liaison.username, kind="password")
    with clock.frozen(now + timedelta(minutes=16)):
        assert not services.count_failure(liaison.username, kind="password"), "the first is too old"
    _sign_in(client, liaison)
    assert not services.count_failure(liaison.username, kind="password")


def test_codes_count_as_passwords_do(client: Client, liaison: User) -> None:
    code = give_way_in(liaison)
    _password(client, liaison)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        client.post(SECOND, {"code": wrong})
    answer = client.post(SECOND, {"code": code})
    assert "locked until an administrator" in answer.content.decode()
    assert not _is_in(client)
    assert _password(Client(), liaison).status_code == 403


def test_a_name_that_nobody_has_locks_in_the_same_words(client: Client, liaison: User) -> None:
    give_way_in(liaison)
    answers = []
    for name in (liaison.username, "no.such.person"):
        found = [client.post(LOGIN, {"login": name, "password": "wrong"}) for _ in range(6)]
        answers.append([(each.status_code, each.content.replace(name.encode(), b"")) for each in found])
    ours, nobodys = [[(code, len(text)) for code, text in each] for each in answers]
    assert ours == nobodys


def test_nobody_but_an_administrator_releases_and_nobody_themselves(
    cast: Cast, liaison: User, reviewer: User, administrator: User
) -> None:
    for _ in range(5):
        services.count_failure(administrator.username, kind="password")
    with pytest.raises(NotPermitted):
        services.release(administrator, by=reviewer, reason="please")
    with pytest.raises(Refused):
        services.release(administrator, by=administrator, reason="please")
    with pytest.raises(Conflict):
        services.release(liaison, by=administrator, reason="nothing is locked")
    other = cast("administrator", username="another")
    with pytest.raises(InvalidInput):
        services.release(administrator, by=other, reason=" ")
    services.release(administrator, by=other, reason="He telephoned.")
    assert not services.is_locked(administrator.username)


def test_AUT_04_a_code_works_once_and_the_one_before_it_not_at_all(liaison: User) -> None:
    code = give_way_in(liaison)
    first, second = Client(), Client()
    for browser in (first, second):
        _password(browser, liaison)
    first.post(SECOND, {"code": code})
    assert _is_in(first)
    second.post(SECOND, {"code": code})
    assert not _is_in(second)
    second.post(SECOND, {"code": _code_of(liaison, steps=-1)})
    assert not _is_in(second)


def test_a_recovery_code_opens_the_desk_once(liaison: User) -> None:
    give_way_in(liaison)
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    code = RecoveryCodes.activate(liaison).generate_codes()[0]
    first, second = Client(), Client()
    for browser in (first, second):
        _password(browser, liaison)
        browser.post(SECOND, {"code": code})
    assert (_is_in(first), _is_in(second)) == (True, False)


def test_AUT_06_the_way_in_is_built_from_our_address_whatever_host_was_asked(
    settings: Any, sign_in: SignIn, administrator: User, liaison: User, cast: Cast
) -> None:
    settings.PUBLIC_URL = "https://desk.lanternchat.example"
    settings.ALLOWED_HOSTS = ["testserver", "desk.internal"]
    desk = sign_in(administrator)
    change = services.propose_way_in(liaison, by=cast("administrator", username="other"), reason="New.")
    page, said = f"/admin/access/rolechange/{change.pk}/do/approve_way_in/", {"reason": "Seen."}
    assert desk.post(page, said, headers={"host": "evil.example"}).status_code == 400
    shown = desk.post(page, said, headers={"host": "desk.internal"})
    assert "no-store" in shown["Cache-Control"]
    assert "https://desk.lanternchat.example/account/enrol/#" in shown.content.decode()
    assert Client().get(LOGIN, headers={"host": "evil.example"}).status_code == 400


def test_a_way_in_sets_the_password_once_and_not_for_long(liaison: User, administrator: User) -> None:
    _, plain = services.issue_enrolment(liaison)
    browser, given = Client(), {"way_in": plain}
    assert liaison.username in browser.post(ENROL, given).content.decode()
    wrong = {"password": PASSWORD, "again": "other"}
    assert "not the same" in browser.post(ENROL, given | wrong).content.decode()
    short = {"password": "short", "again": "short"}
    assert "too short" in browser.post(ENROL, given | short).content.decode()
    right = {"password": PASSWORD, "again": PASSWORD}
    assert browser.post(ENROL, given | right)["Location"] == LOGIN
    liaison.refresh_from_db()
    assert liaison.check_password(PASSWORD)
    assert browser.post(ENROL, given).status_code == 404
    assert browser.post(ENROL, {"way_in": "nothing"}).status_code == 404
    _, plain = services.issue_enrolment(liaison)
    _, newer = services.issue_enrolment(liaison)
    assert browser.post(ENROL, {"way_in": plain}).status_code == 404, "the newer one ended it"
    with clock.frozen(clock.now() + timedelta(hours=73)):
        assert browser.post(ENROL, {"way_in": newer}).status_code == 404


def test_V14_2_1_no_address_of_ours_carries_a_way_in(liaison: User) -> None:
    _, plain = services.issue_enrolment(liaison)
    link = urlsplit(links.enrolment(plain))
    assert (plain in link.path + link.query, link.fragment) == (False, plain)
    assert Client().get(f"/account/enrol/{plain}/").status_code == 404
    shown = Client().get(ENROL, {"way_in": plain})
    assert (liaison.username in shown.content.decode(), "access/wayin.js" in shown.content.decode()) == (
        False,
        True,
    )


def test_who_lost_their_devices_starts_anew(liaison: User, administrator: User, sign_in: SignIn) -> None:
    browser = Client()
    _sign_in(browser, liaison)
    page = f"/admin/access/user/{liaison.pk}/do/start_anew/"
    sign_in(administrator).post(page, {"reason": "She telephoned; a new laptop."})
    liaison.refresh_from_db()
    assert not liaison.has_usable_password()
    assert not selectors.factors_of(liaison).exists()
    assert not _is_in(browser)
    assert _said(liaison).count("access.factor_removed") == 1


def test_V7_4_3_a_factor_that_is_added_or_removed_ends_the_other_sessions(liaison: User) -> None:
    code = give_way_in(liaison)
    here = Client()
    _password(here, liaison)
    here.post(SECOND, {"code": code})
    there = signed_in(liaison)
    key = Authenticator.objects.create(user=liaison, type="webauthn", data={})
    removed = here.post("/account/mfa/totp/deactivate/")
    assert removed.status_code == 302
    assert (_is_in(here), _is_in(there)) == (True, False)
    there = signed_in(liaison)
    here.get("/account/mfa/totp/activate/")
    secret = here.session["mfa.totp.secret"]
    shows = totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))
    here.post("/account/mfa/totp/activate/", {"code": shows})
    assert (_is_in(here), _is_in(there)) == (True, False)
    assert selectors.factors_of(liaison).filter(pk=key.pk).exists()


def test_the_last_factor_stays(client: Client, liaison: User) -> None:
    _sign_in(client, liaison)
    client.post("/account/mfa/totp/deactivate/")
    assert selectors.has_factor(liaison)


def test_a_password_is_changed_for_the_current_one_alone(client: Client, liaison: User) -> None:
    _sign_in(client, liaison)
    new = "another horse another battery"
    wrong = client.post("/account/password/", {"current": "guess", "password": new, "again": new})
    assert "not your password" in wrong.content.decode()
    assert _said(liaison)[-1] == "access.sign_in_failed"
    right = client.post("/account/password/", {"current": PASSWORD, "password": new, "again": new})
    assert right["Location"] == LOGIN
    assert not _is_in(client)
    liaison.refresh_from_db()
    assert liaison.check_password(new)


def test_no_code_is_shown_outside_the_demo(client: Client, liaison: User, settings: Any) -> None:
    code = give_way_in(liaison)
    _password(client, liaison)
    assert code not in client.get(SECOND).content.decode()
    settings.DEMO_SHOW_CODES = True
    assert services.current_code(liaison) in client.get(SECOND).content.decode()
    settings.PRODUCTION = True
    assert "demo-code" not in client.get(SECOND, secure=True).content.decode()
    with pytest.raises(Refused):
        services.current_code(liaison)
    with pytest.raises(Refused):
        services.give_totp(liaison)


def test_unused_accounts_are_disabled_and_the_last_administrator_is_not(
    cast: Cast, administrator: User, liaison: User, reviewer: User, police_officer: User
) -> None:
    User.objects.update(date_joined=clock.now() - timedelta(days=120))
    User.objects.filter(pk=reviewer.pk).update(last_login=clock.now() - timedelta(days=89))
    assert services.disable_unused() == 1
    state = dict(User.objects.values_list("username", "is_active"))
    assert state == {"administrator": True, "liaison": False, "reviewer": True, "police_officer": True}
    assert _said(liaison)[-1] == "access.person_disabled"
