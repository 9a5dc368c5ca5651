"""Search in the lists: by whole references, among what the person may see; never by who somebody is."""

from typing import Any

import pytest

from coordination.access.services import Role, User
from coordination.outbox import selectors as outbox
from tests.desk.conftest import Things
from tests.doors import SignIn
from tests.people import Cast
from tests.world import ACCOUNT

pytestmark = pytest.mark.django_db(transaction=True)
CASES, REFERRALS = "/admin/cases/case/", "/admin/referrals/referral/"
FLAGS, DELIVERIES = "/admin/triage/flag/", "/admin/outbox/delivery/"


def found(browser: Any, address: str, term: str) -> set[Any]:
    """Return the records that a list shows for a term."""
    return {each.pk for each in browser.get(address, {"q": term}).context["cl"].result_list}


def test_a_case_is_found_by_its_reference(things: Things, liaison: User, sign_in: SignIn) -> None:
    browser = sign_in(liaison)
    for term in (things.case.reference, f" {things.case.reference.lower()} "):
        assert found(browser, CASES, term) == {things.case.pk}, term
    for term in (things.case.reference[:6], "x" * 300, "%"):
        assert found(browser, CASES, term) == set(), term


def test_a_referral_is_found_by_its_reference_and_its_case(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    everything = {things.draft.pk, things.in_review.pk, things.approved.pk}
    assert found(browser, REFERRALS, things.draft.reference) == {things.draft.pk}
    assert found(browser, REFERRALS, things.case.reference) == everything


def test_a_flag_is_found_by_the_senders_id(things: Things, liaison: User, sign_in: SignIn) -> None:
    browser = sign_in(liaison)
    assert found(browser, FLAGS, "f-1") == {things.flag.pk}
    assert found(browser, FLAGS, "she parks") == set()


@pytest.mark.parametrize("address", [CASES, REFERRALS, FLAGS, DELIVERIES])
def test_nobody_is_looked_up_by_their_account(
    address: str, things: Things, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    for term in (ACCOUNT, things.flag.account):
        assert found(browser, address, term) == set()


def test_a_delivery_is_found_by_reference_id_and_case(things: Things, liaison: User, sign_in: SignIn) -> None:
    browser = sign_in(liaison)
    delivery = outbox.deliveries_of(things.approved.origin).get()
    terms = (things.approved.reference, str(delivery.message_id), things.case.reference)
    for term in terms:
        assert found(browser, DELIVERIES, term) == {delivery.pk}, term


def test_search_finds_nothing_on_a_case_that_one_does_not_see(
    things: Things, cast: Cast, sign_in: SignIn
) -> None:
    outside = sign_in(cast(Role.CUSTODIAN, username="outside"))
    assert found(outside, CASES, things.case.reference) == set()


def test_who_looks_after_deliveries_and_sees_no_case_finds_none_by_case(
    things: Things, administrator: User, sign_in: SignIn
) -> None:
    browser = sign_in(administrator)
    delivery = outbox.deliveries_of(things.approved.origin).get()
    assert found(browser, DELIVERIES, things.approved.reference) == {delivery.pk}
    assert found(browser, DELIVERIES, things.case.reference) == set()


@pytest.mark.parametrize("address", [CASES, REFERRALS, FLAGS, DELIVERIES])
def test_an_empty_result_says_what_cannot_be_searched_and_no_count_stands_where_nobody_searched(
    address: str, things: Things, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    assert "cannot be searched" in browser.get(address, {"q": "Meyer"}).content.decode()
    shown = browser.get(address).content.decode()
    assert 'id="searchbar"' in shown
    assert "Show all" not in shown
