"""Passwords: any characters, as typed, none that everybody uses; fields that password managers find."""

import re
from urllib.parse import urlencode

import pytest
from django.test import Client

from coordination.access import services
from coordination.access.services import User
from coordination.core.errors import InvalidInput
from tests.doors import signed_in
from tests.people import PASSWORD

LOGIN = "/account/login/"
ODD = ["  Schlüssel für Äpfel  ", "1111222233334444", "🐎🔋📎 " + "x Y" * 42]
COMMON = ["q1w2e3r4t5y6", "Qwerty123456"]


def _way_in(user: User, administrator: User) -> str:
    _, plain = services.issue_enrolment(user, by=administrator)
    return f"/account/enrol/{plain}/"


@pytest.mark.parametrize("password", ODD)
@pytest.mark.django_db(transaction=True)
def test_any_characters_make_a_password_and_none_is_cut_or_changed(
    liaison: User, administrator: User, password: str
) -> None:
    address = _way_in(liaison, administrator)
    assert Client().post(address, {"password": password, "again": password})["Location"] == LOGIN
    liaison.refresh_from_db()
    assert liaison.check_password(password)
    for other in {password.strip(), password[:-1], password.swapcase()} - {password}:
        assert Client().post(LOGIN, {"login": liaison.username, "password": other}).status_code == 200
    taken = Client().post(LOGIN, {"login": liaison.username, "password": password})
    assert (taken.status_code, taken["Location"]) == (302, "/admin/")


@pytest.mark.parametrize("common", COMMON)
@pytest.mark.django_db(transaction=True)
def test_a_common_password_is_refused_wherever_one_is_set(
    liaison: User, administrator: User, common: str
) -> None:
    shown = Client().post(_way_in(liaison, administrator), {"password": common, "again": common})
    assert "too common" in shown.content.decode()
    with pytest.raises(InvalidInput, match="too common"):
        services.create_person("somebody.new", by=None, password=common)
    services.set_password(liaison, by=None, password=PASSWORD)
    with pytest.raises(InvalidInput, match="too common"):
        services.change_password(liaison, current=PASSWORD, password=common)


@pytest.mark.django_db(transaction=True)
def test_every_field_for_a_password_is_masked_and_open_to_password_managers(
    liaison: User, administrator: User
) -> None:
    browser = signed_in(liaison)
    pages = [
        Client().get(LOGIN),
        Client().get(_way_in(liaison, administrator)),
        browser.get("/account/password/"),
    ]
    fields = [field for page in pages for field in re.findall(r"<input[^>]*>", page.content.decode())]
    passwords = [field for field in fields if re.search(r'name="(password|again|current)"', field)]
    assert len(passwords) == 6
    for field in passwords:
        assert 'type="password"' in field
        assert re.search(r'autocomplete="(current|new)-password"', field)
        assert not re.search("onpaste|readonly|maxlength", field)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
@pytest.mark.django_db(transaction=True)
def test_whoever_signs_in_is_led_to_a_page_of_ours(liaison: User, elsewhere: str) -> None:
    services.set_password(liaison, by=None, password=PASSWORD)
    given = {"login": liaison.username, "password": PASSWORD, "next": elsewhere}
    for address in (LOGIN, f"{LOGIN}?{urlencode({'next': elsewhere})}"):
        assert Client().post(address, given)["Location"] == "/admin/"
