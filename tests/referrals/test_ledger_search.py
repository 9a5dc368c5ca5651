"""Whoever looks for a referral in the ledger finds what was done to its messages too, if they may see it."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from coordination.access.services import User
from coordination.cases.services import Case
from coordination.inbox import services as inbox
from coordination.ledger import selectors as ledger
from coordination.partners.services import Agency
from coordination.referrals import selectors
from tests.doors import signed_in
from tests.referrals.conftest import Draft

PAGE = "/admin/ledger/leaf/"


def _found(reader: User, term: str) -> dict[str, set[str]]:
    answer = signed_in(reader, Client()).get(PAGE, {"q": term})
    assert answer.status_code == 200
    found: dict[str, set[str]] = {}
    for leaf in answer.context["cl"].result_list:
        found.setdefault(leaf.subject, set()).add(leaf.action)
    return found


@pytest.fixture
def searched(approved: Draft, agency: Agency, police_officer: User) -> Any:
    """A referral whose message was approved, and fetched by its recipient; and another one."""
    referral = approved()
    (addressee,) = selectors.addressees_of(referral)
    inbox.record_fetch(addressee.message.pk, agency=agency, by=police_officer)
    return referral, addressee.message, approved(title="Another threat")


def test_searching_a_referral_finds_the_entries_about_its_messages(searched: Any, auditor: User) -> None:
    referral, message, other = searched
    found = _found(auditor, f" {referral.reference} ")
    assert set(found) == {referral.reference, f"message:{message.pk}"}
    assert found[f"message:{message.pk}"] >= {
        "outbox.message_prepared",
        "outbox.message_approved",
        "inbox.message_fetched",
    }
    assert f"message:{message.pk}" not in _found(auditor, other.reference)


def test_who_may_not_see_the_referral_does_not_learn_which_messages_are_its(
    searched: Any, administrator: User
) -> None:
    referral, _, _ = searched
    assert set(_found(administrator, referral.reference)) == {referral.reference}


def test_a_message_is_found_by_its_own_name_and_nothing_by_what_nobody_has(
    searched: Any, auditor: User, case: Case
) -> None:
    _, message, _ = searched
    for term in (f"message:{message.pk}", str(message.pk), str(message.pk).upper()):
        assert set(_found(auditor, term)) == {f"message:{message.pk}"}
    assert _found(auditor, str(uuid4())) == {}
    assert _found(auditor, "R-0000-0000") == {}
    assert set(_found(auditor, case.reference)) == {case.reference}
    assert len(_found(auditor, "")) == len({leaf.subject for leaf in ledger.latest(50)})
