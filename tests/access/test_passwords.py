"""Passwords: any characters, as typed, none that everybody uses; fields that password managers find."""

import re
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.test import Client

from coordination.access import services
from coordination.access.passwords import JUDGED, GuessableValidator, context_words
from coordination.access.services import User
from coordination.core.errors import InvalidInput
from tests.doors import signed_in
from tests.people import PASSWORD

LOGIN = "/account/login/"
PHRASE = (
    "a long sentence, of which nobody but its author knows how it goes on after the second comma, "
    "since it tells of a blue goat"
)
ODD = ["  Schlüssel für Äpfel  ", "714192836650", "🐎🔋📎 " + PHRASE]
COMMON = ["q1w2e3r4t5y6", "Qwerty123456"]
# None is on Django's list: a common one with something added, rows of keys, repetitions.
LONG_AND_EASY = [
    "Password1234!",
    "liverpool2019!",
    "monkeymonkey12",
    "aaaaaaaaaaaaaa",
    "01234567890123",
    "asdfghjkl;zxcvbnm",
    "abcabcabcabcabc",
]
OURS = ["Lanternchat2026!", "coordination.2026", "safety desk 2026", "Harbourtown1!"]


ENROL = "/account/enrol/"


def _chosen(user: User, password: str) -> dict[str, str]:
    _, plain = services.issue_enrolment(user)
    return {"way_in": plain, "password": password, "again": password}


@pytest.mark.parametrize("password", ODD)
@pytest.mark.django_db(transaction=True)
def test_any_characters_make_a_password_and_none_is_cut_or_changed(
    liaison: User, administrator: User, password: str
) -> None:
    assert Client().post(ENROL, _chosen(liaison, password))["Location"] == LOGIN
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
    shown = Client().post(ENROL, _chosen(liaison, common))
    assert "too common" in shown.content.decode()
    with pytest.raises(InvalidInput, match="too common"):
        services.create_person("somebody.new", by=None, password=common)
    services.set_password(liaison, password=PASSWORD)
    with pytest.raises(InvalidInput, match="too common"):
        services.change_password(liaison, current=PASSWORD, password=common)


@pytest.mark.parametrize("easy", LONG_AND_EASY)
def test_V6_2_4_a_common_password_made_longer_is_refused(db: None, easy: str) -> None:
    CommonPasswordValidator().validate(easy)
    with pytest.raises(InvalidInput, match="easy to guess"):
        services.create_person("somebody.new", by=None, password=easy)


def test_V6_2_12_leaked_passwords_are_found_within_longer_ones() -> None:
    leaked = sorted(CommonPasswordValidator().passwords)[:: 20_000 // 60]
    assert len(leaked) > 50
    missed = [each for each in leaked if _taken(f"{each}{each}")]
    assert len(missed) <= len(leaked) // 20, "it does not know them all"


def _taken(password: str) -> bool:
    try:
        GuessableValidator().validate(password)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("ours", OURS)
def test_V6_2_11_a_password_of_the_platforms_own_words_is_refused(db: None, settings: Any, ours: str) -> None:
    settings.PASSWORD_CONTEXT_WORDS = ["Harbourtown"]
    with pytest.raises(InvalidInput, match="easy to guess"):
        services.create_person("somebody.new", by=None, password=ours)


def test_V6_1_2_the_list_holds_what_operator_and_platform_are_called(settings: Any) -> None:
    settings.PLATFORM_NAME, settings.PLATFORM_DOMAIN = "Blue Heron", "heron-social.example"
    settings.PASSWORD_CONTEXT_WORDS = ["Harbourtown", "x"]
    assert {"blue heron", "heron", "social", "harbourtown", "coordination"} <= context_words()
    assert "x" not in context_words(), "a letter is in every password"


def test_a_password_of_ones_own_names_is_refused(db: None) -> None:
    with pytest.raises(InvalidInput, match="easy to guess"):
        services.create_person("somebody", by=None, last_name="Featherstone", password="featherstone2026")


def test_words_that_do_not_belong_together_are_taken_and_judging_takes_no_time() -> None:
    began = time.perf_counter()
    for password in (PASSWORD, PHRASE * 20, "714192836650" * 40):
        GuessableValidator().validate(f"{password} and a blue goat"[-JUDGED:])
        _taken(password)
    assert time.perf_counter() - began < 2


@pytest.mark.django_db(transaction=True)
def test_every_field_for_a_password_is_masked_and_open_to_password_managers(
    liaison: User, administrator: User
) -> None:
    browser = signed_in(liaison)
    pages = [
        Client().get(LOGIN),
        Client().post(ENROL, {"way_in": _chosen(liaison, "")["way_in"]}),
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
    services.set_password(liaison, password=PASSWORD)
    given = {"login": liaison.username, "password": PASSWORD, "next": elsewhere}
    for address in (LOGIN, f"{LOGIN}?{urlencode({'next': elsewhere})}"):
        assert Client().post(address, given)["Location"] == "/admin/"
