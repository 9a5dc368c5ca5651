"""What was being written when a session was over comes back to its writer, and to nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse

from coordination.access import kept, selectors, services
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases.services import Case
from coordination.core import clock
from tests.doors import SignIn, code_of, give_way_in, signed_in
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "She moved to the second house in Weber Lane."


@pytest.fixture
def address(case: Case) -> str:
    """Where a note is added to the case."""
    return reverse("admin:cases_case_do", args=[case.reference, "add_note"])


def _form(person: User, **more: str) -> dict[str, str]:
    return {"text": WORDS, kept.PERSON: kept.mark(person), **more}


def _later(**span: float) -> Any:
    return clock.frozen(clock.now() + timedelta(**span))


def _notes(case: Case) -> list[str]:
    return [note.text for note in cases.notes_of(case)]


def _over(browser: Client, user: User) -> None:
    services.end_all(user, why="longest session", by=None)
    assert not browser.get("/admin/").wsgi_request.user.is_authenticated


def test_what_was_posted_after_the_end_comes_back_after_signing_in_and_is_sent_by_hand(
    address: str, case: Case, liaison: User
) -> None:
    code = give_way_in(liaison)
    browser = signed_in(liaison)
    with _later(hours=13):
        answer = browser.post(address, _form(liaison))
        assert answer.headers["Location"] == f"/account/login/?next={address}"
        assert "What you wrote is kept for you" in browser.get(answer.headers["Location"]).content.decode()
        browser.post(answer.headers["Location"], {"login": liaison.username, "password": PASSWORD})
        browser.post(reverse("mfa_authenticate"), {"code": code})
        assert _notes(case) == []
        page = browser.get(address)
        assert WORDS in page.content.decode()
        assert page.headers["Cache-Control"] == "no-store"
        browser.post(address, {"text": WORDS + " On the left.", kept.SENT: "1"})
        assert _notes(case) == [WORDS + " On the left."]
        assert browser.get(address).status_code == 302


def test_it_lies_sealed_at_the_server_and_nowhere_in_the_browser(
    address: str, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    _over(browser, liaison)
    answer = browser.post(address, _form(liaison))
    said = str(answer.headers) + answer.content.decode() + str(browser.cookies)
    assert "Weber" not in said
    assert Session.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(session_data, ' ') FROM django_session")
        assert "Weber" not in cursor.fetchone()[0]


def test_nobody_else_who_signs_in_there_sees_it_and_it_is_gone(
    address: str, case: Case, liaison: User, reviewer: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    _over(browser, liaison)
    browser.post(address, _form(liaison))
    signed_in(reviewer, browser)
    assert WORDS not in browser.get(address, follow=True).content.decode()
    assert kept.KEY not in browser.session


@pytest.mark.parametrize("mark", ["", "1:forged", "of another"])
def test_a_page_without_the_mark_of_its_reader_is_told_that_nothing_was_kept(
    mark: str, address: str, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    _over(browser, liaison)
    answer = browser.post(address, {"text": WORDS, kept.PERSON: mark}, follow=True)
    assert "What you wrote could not be kept" in answer.content.decode()
    assert kept.KEY not in browser.session


def test_a_page_that_hides_itself_hands_over_what_stood_in_it_and_does_nothing_with_it(
    address: str, case: Case, liaison: User, sign_in: SignIn
) -> None:
    give_way_in(liaison)
    browser = sign_in(liaison)
    with _later(minutes=31):
        browser.post(address, _form(liaison, **{"confirm-resume": "keep"}))
        hidden = browser.get(address).content.decode()
        assert "Confirm that it is you" in hidden
        assert "Weber" not in hidden
        browser.post(address, {"confirm-code": code_of(liaison), "confirm-resume": "get"})
        assert WORDS in browser.get(address).content.decode()
    assert _notes(case) == []


def test_a_page_from_before_the_last_sign_in_brings_its_words_along(
    address: str, case: Case, liaison: User, reviewer: User
) -> None:
    browser = Client(enforce_csrf_checks=True)
    signed_in(liaison, browser)
    answer = browser.post(address, _form(liaison))
    assert (answer.status_code, answer.headers["Location"]) == (302, address)
    assert WORDS in browser.get(address).content.decode()
    assert browser.post(address, _form(reviewer)).status_code == 403
    assert _notes(case) == []


def test_it_is_thrown_away_by_hand_and_after_four_hours(
    address: str, case: Case, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    keep = {"confirm-resume": "keep"}
    browser.post(address, _form(liaison, **keep))
    browser.post(address, {"confirm-resume": "discard"})
    assert kept.KEY not in browser.session
    with _later(minutes=1):
        browser.post(address, _form(liaison, **keep))
    session = selectors.live_session(browser.session.session_key)
    assert session is not None
    with _later(hours=4, minutes=2):
        services.confirm_session(session, kind="totp", during="test")
        assert WORDS not in browser.get(address, follow=True).content.decode()
    assert kept.KEY not in browser.session
    assert _notes(case) == []


def test_passwords_and_what_has_no_end_are_not_kept(address: str, liaison: User, sign_in: SignIn) -> None:
    browser = sign_in(liaison)
    keep = {"confirm-resume": "keep"}
    browser.post(address, _form(liaison, password="hunter2", **keep))
    assert [name for name, _ in browser.session[kept.KEY]["fields"]] == ["text"]
    browser.post(address, {"confirm-resume": "discard"})
    browser.post(address, {**_form(liaison, **keep), "text": "x" * (kept.LARGEST + 1)})
    assert kept.KEY not in browser.session


def test_who_lost_the_session_to_wrong_codes_keeps_nothing(
    address: str, liaison: User, sign_in: SignIn
) -> None:
    code = give_way_in(liaison)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    browser = sign_in(liaison)
    with _later(minutes=31):
        for _ in range(5):
            answer = browser.post(address, {**_form(liaison), "confirm-code": wrong})
    assert answer.status_code == 302
    assert kept.KEY not in browser.session


def test_every_page_of_the_desk_says_for_whom_it_was_made(liaison: User, sign_in: SignIn) -> None:
    assert f'data-person="{liaison.pk}:' in sign_in(liaison).get("/admin/").content.decode()
