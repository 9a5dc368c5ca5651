"""The link in a message: both halves and a person are needed, it works once, and it shows nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.oncall import services
from coordination.oncall.models import Page, PageLink
from coordination.oncall.views import OPENS_NOTHING
from tests.oncall.conftest import opening, page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def paged(rota: dict[str, User], task: Any, mailoutbox: list[Any]) -> tuple[Any, str, str]:
    """A task, and the two halves that its message had."""
    opened = task()
    services.climb()
    return (opened, *opening(mailoutbox[-1]))


def _post(client: Client, link: str, code: str) -> Any:
    return client.post("/page/", {"link": link, "code": code})


def test_a_person_with_both_halves_answers_without_signing_in(
    client: Client, paged: tuple[Any, str, str], first: User
) -> None:
    task, link, code = paged
    answer = _post(client, link, code)
    assert answer.status_code == 200
    page = page_of(task)
    assert (page.state, page.answered_by, page.answered_how) == ("answered", first, "link")
    assert task.case.reference not in answer.text
    assert first.username not in answer.text.replace("first on your page", "")
    task.refresh_from_db()
    assert task.state == "open"


def test_a_get_answers_nothing_whoever_follows_the_link(client: Client, paged: tuple[Any, str, str]) -> None:
    task, link, _ = paged
    for address in ("/page/", f"/page/?link={link}", f"/page/#{link}"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
    assert client.head("/page/").status_code == 200
    assert page_of(task).state == "paging"


def test_unknown_used_expired_and_guessed_answer_alike(
    client: Client, paged: tuple[Any, str, str], first: User
) -> None:
    task, link, code = paged
    wrong = "000 000" if code != "000 000" else "000 001"
    guessed, unknown = _post(client, link, wrong), _post(client, "x" * 43, code)
    with clock.frozen(clock.now() + timedelta(hours=2, seconds=1)):
        expired = _post(client, link, code)
    assert page_of(task).state == "paging"
    _post(client, link, code)
    used = _post(client, link, code)
    texts = set()
    for answer, said in ((guessed, link), (unknown, "x" * 43), (expired, link), (used, link)):
        assert answer.status_code == 400
        assert OPENS_NOTHING in answer.text
        token = answer.context["csrf_token"]
        texts.add(answer.text.replace(said, "").replace(str(token), "").replace(wrong, code))
    assert len({_without_csrf(text) for text in texts}) == 1


def test_five_wrong_codes_close_a_link(client: Client, paged: tuple[Any, str, str]) -> None:
    task, link, code = paged
    right = int(code.replace(" ", ""))
    for number in range(1, 6):
        assert _post(client, link, f"{(right + number) % 10**6:06d}").status_code == 400
    assert _post(client, link, code).status_code == 400
    assert page_of(task).state == "paging"


def test_the_code_is_taken_with_and_without_its_gap(client: Client, paged: tuple[Any, str, str]) -> None:
    assert _post(client, paged[1], paged[2].replace(" ", "")).status_code == 200


def test_one_link_answers_all_pages_of_its_message(
    client: Client, rota: dict[str, User], task: Any, mailoutbox: list[Any]
) -> None:
    for number in range(3):
        task(about=f"x:{number}")
    services.climb()
    assert _post(client, *opening(mailoutbox[-1])).status_code == 200
    assert set(Page.objects.values_list("state", flat=True)) == {"answered"}


def test_a_link_of_somebody_who_left_opens_nothing(
    client: Client, paged: tuple[Any, str, str], first: User
) -> None:
    first.is_active = False
    first.save()
    assert _post(client, paged[1], paged[2]).status_code == 400


def test_the_database_holds_neither_half(paged: tuple[Any, str, str]) -> None:
    kept = PageLink.objects.get()
    halves = {paged[1], paged[2], paged[2].replace(" ", "")}
    assert not halves & {kept.digest, kept.code_digest}


def test_an_address_that_guesses_waits(client: Client, settings: Any, paged: tuple[Any, str, str]) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "address": "3/60"}
    for _ in range(3):
        assert _post(client, "x" * 43, "123456").status_code == 400
    assert _post(client, paged[1], paged[2]).status_code == 429
    assert client.get("/page/").status_code == 200


def test_REL_08_a_link_made_before_the_clock_was_set_back_opens_nothing(
    client: Client, rota: dict[str, User], task: Any, mailoutbox: list[Any]
) -> None:
    """Nobody knows how old it is; the page is due again at once, and sends another."""
    now = clock.now()
    with clock.frozen(now + timedelta(hours=1)):
        opened = task()
        services.climb()
    assert _post(client, *opening(mailoutbox[-1])).status_code == 400
    assert services.climb() == 1
    assert _post(client, *opening(mailoutbox[-1])).status_code == 200
    assert page_of(opened).state == "answered"


def test_links_that_ended_are_forgotten(paged: tuple[Any, str, str]) -> None:
    assert services.forget_links(clock.now() + timedelta(hours=1)) == 0
    services.forget_links(clock.now() + timedelta(hours=3))
    assert not PageLink.objects.exists()


def _without_csrf(text: str) -> str:
    import re

    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"|value="[^"]*"', "", text)


def test_who_could_not_do_it_any_more_answers_for_nobody(client: Client, paged: tuple[Any, str, str]) -> None:
    task, link, code = paged
    cases.revoke(task.case, principal=Group.objects.get(name="senior_reviewer"), by=None)
    assert _post(client, link, code).status_code == 400
    assert page_of(task).state == "paging"
