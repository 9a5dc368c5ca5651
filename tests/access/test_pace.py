"""V2.4.1: whoever opens records faster than anybody reads is told of, then slowed; a P0 waits for nothing."""

from datetime import timedelta
from typing import Any

import pytest

from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.cases import services
from coordination.cases.models import Case
from coordination.core import clock
from coordination.ledger.models import Leaf
from tests.doors import SignIn

TOLD, MOST = 3, 5


@pytest.fixture(autouse=True)
def _few(settings: Any) -> None:
    settings.READINGS_TOLD_OF, settings.READINGS_AT_MOST = TOLD, MOST
    settings.READINGS_WITHIN = timedelta(minutes=10)


@pytest.fixture
def many(db: None) -> list[Case]:
    numbers = range(MOST + 2)
    return [services.open_case(f"Case {each}", by=None, accounts=[f"a{each}"]) for each in numbers]


def _page(case: Case) -> str:
    return f"/admin/cases/case/{case.reference}/change/"


def _entries(action: str) -> int:
    return Leaf.objects.filter(action=action).count()


def test_V2_4_1_whoever_opens_too_many_waits_and_another_person_does_not(
    many: list[Case], liaison: User, reviewer: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    now = clock.now()
    with clock.frozen(now):
        assert [browser.get(_page(each)).status_code for each in many] == [200] * MOST + [429, 429]
        answer = browser.get(_page(many[-1]))
        assert (answer.status_code, answer["Retry-After"]) == (429, "601")
        assert answer["Cache-Control"] == "no-store"
        assert many[-1].title not in answer.content.decode()
        assert sign_in(reviewer).get(_page(many[-1])).status_code == 200
        assert _entries("access.readings_slowed") == 1
    with clock.frozen(now + timedelta(minutes=10)):
        assert sign_in(liaison).get(_page(many[-1])).status_code == 200


def test_V2_4_1_a_danger_to_life_waits_for_nothing(many: list[Case], liaison: User, sign_in: SignIn) -> None:
    browser = sign_in(liaison)
    for each in many:
        browser.get(_page(each))
    assert browser.get(_page(many[-1])).status_code == 429
    services.raise_priority(many[-1], by=None)
    assert browser.get(_page(many[-1])).status_code == 200


def test_V2_4_1_what_was_typed_is_shown_again_and_work_goes_on(
    many: list[Case], liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    for each in many[:MOST]:
        browser.get(_page(each))
    at = f"/admin/cases/case/{many[0].reference}/do/add_note/"
    assert browser.post(at, {"text": ""}).status_code == 200
    assert browser.post(at, {"text": "Called them."}).status_code == 302


def test_V2_4_1_a_form_that_is_refused_opens_no_record_that_was_not_open(
    many: list[Case], liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    for each in many[:MOST]:
        browser.get(_page(each))
    answer = browser.post(f"/admin/cases/case/{many[-1].reference}/do/add_note/", {"text": ""})
    assert answer.status_code == 429
    assert many[-1].title not in answer.content.decode()


def test_V2_4_1_opening_the_same_record_again_is_one_reading(
    many: list[Case], liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    assert {browser.get(_page(many[0])).status_code for _ in range(MOST * 2)} == {200}
    assert browser.get(_page(many[1])).status_code == 200


def test_V2_4_1_auditors_are_told_once(
    many: list[Case], liaison: User, auditor: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    for number, each in enumerate(many, start=1):
        browser.get(_page(each))
        told = [task for task in cases.waiting_for(auditor) if task.kind == "fast_readings"]
        assert len(told) == (number >= TOLD)
    assert told[0].role == Role.AUDITOR
    assert _entries("access.readings_fast") == 1
