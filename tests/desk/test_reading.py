"""Who read what: each page with sealed content leaves an entry in the ledger, or is not shown."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse

from coordination.access.models import User as Person
from coordination.access.recordadmin import RecordAdmin
from coordination.access.services import User
from coordination.core import clock
from coordination.ledger import selectors as ledger
from coordination.ledger import services as recording
from coordination.outbox import selectors as outbox
from coordination.partners.models import DirectoryImport
from coordination.policy.models import CriteriaVersion
from tests.desk.conftest import Things
from tests.desk.test_pages import addresses
from tests.doors import SignIn, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def _subjects(things: Things) -> dict[str, tuple[str, str]]:
    delivery = outbox.deliveries_of(things.approved.origin).get()
    return {
        "case": ("cases.case_read", things.case.reference),
        "referral": ("referrals.referral_read", things.draft.reference),
        "review": ("referrals.review_read", things.in_review.reference),
        "delivery": ("outbox.delivery_read", f"message:{delivery.message_id}"),
        "flag": ("triage.flag_read", things.flag.origin),
        "frozen": ("outbox.frozen_read", f"message:{delivery.message_id}"),
    }


def _address(things: Things, page: str) -> str:
    if page != "frozen":
        return addresses(things)[page]
    message = outbox.deliveries_of(things.approved.origin).get().message_id
    return reverse("admin:outbox_message_frozen", args=[message])


def _readings(action: str, subject: str) -> list[int]:
    return [leaf.data["by"] for leaf in ledger.entries_about(subject) if leaf.action == action]


@pytest.mark.parametrize("page", ["case", "referral", "review", "delivery", "flag", "frozen"])
def test_a_page_with_sealed_content_records_who_read_it(
    page: str, things: Things, sign_in: SignIn, senior_reviewer: User
) -> None:
    action, subject = _subjects(things)[page]
    assert _readings(action, subject) == []
    browser = sign_in(senior_reviewer)
    for _ in range(2):
        assert browser.get(_address(things, page)).status_code == 200
    assert _readings(action, subject) == [senior_reviewer.pk]


def test_another_person_and_a_later_time_are_other_readings(
    things: Things, sign_in: SignIn, senior_reviewer: User, liaison: User
) -> None:
    action, subject = _subjects(things)["flag"]
    sign_in(senior_reviewer).get(_address(things, "flag"))
    sign_in(liaison).get(_address(things, "flag"))
    assert _readings(action, subject) == [senior_reviewer.pk, liaison.pk]
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        sign_in(liaison).get(_address(things, "flag"))
    assert _readings(action, subject) == [senior_reviewer.pk, liaison.pk, liaison.pk]


@pytest.mark.parametrize("page", ["case", "referral", "review", "delivery", "flag", "frozen"])
def test_what_cannot_be_recorded_is_not_shown(
    page: str, things: Things, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise DatabaseError("the ledger cannot be written")

    client = Client(raise_request_exception=False)
    signed_in(senior_reviewer, client)
    monkeypatch.setattr(recording, "record", broken)
    answer = client.get(_address(things, page))
    assert answer.status_code == 500
    assert b"A shooting" not in answer.content


@pytest.mark.parametrize("page", ["case", "referral", "review", "delivery", "flag", "frozen"])
def test_V2_4_1_every_page_is_counted_and_waits_unless_a_life_may_hang_on_it(
    page: str, things: Things, sign_in: SignIn, senior_reviewer: User, settings: Any
) -> None:
    settings.READINGS_AT_MOST = 1
    browser = sign_in(senior_reviewer)
    other = "flag" if page == "case" else "case"
    _let_urgency(things, urgent=True)
    assert [browser.get(_address(things, each)).status_code for each in (other, page)] == [200, 200]
    _let_urgency(things, urgent=False)
    assert browser.get(_address(things, page)).status_code == 429


def _let_urgency(things: Things, *, urgent: bool) -> None:
    """Say of everything whether it is a danger to life."""
    lane, truth = ("P0" if urgent else "normal"), ("true" if urgent else "false")
    with connection.cursor() as cursor:
        for table, column in (
            ("cases_case", "priority"),
            ("referrals_referral", "priority"),
            ("outbox_message", "lane"),
            ("outbox_delivery", "lane"),
        ):
            cursor.execute(f"UPDATE {table} SET {column} = %s", [lane])
        cursor.execute(f"UPDATE triage_flag SET high_severity = {truth}")


def test_who_may_not_see_a_page_leaves_no_reading(things: Things, sign_in: SignIn, custodian: User) -> None:
    action, subject = _subjects(things)["flag"]
    assert sign_in(custodian).get(_address(things, "flag")).status_code == 404
    assert _readings(action, subject) == []


def test_only_pages_without_sealed_content_record_no_reading() -> None:
    silent = {
        model
        for model, each in admin.site._registry.items()
        if isinstance(each, RecordAdmin) and not each.reading
    }
    # Of a list of agencies its page says who took it in, its digest and how many rows: nothing sealed.
    assert silent == {Person, CriteriaVersion, DirectoryImport}
