"""What is late, with whom: the agency by what tells it from another of its name, its number, what to ask."""

from datetime import timedelta

import pytest

from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.outbox import services as outbox
from coordination.partners.services import Destination
from coordination.referrals import selectors, services
from coordination.referrals.models import Addressee, Referral
from tests.referrals.conftest import Draft

Two = tuple[Referral, list[Addressee]]


@pytest.fixture
def two(approved: Draft, sheriff: Destination, springfield: Destination) -> Two:
    """A referral that two agencies have and neither has acknowledged."""
    referral = approved(to=[sheriff, springfield])
    rows = list(selectors.addressees_of(referral))
    for each in rows:
        told = Receipt(message_id=str(each.message_id), level=ReceiptLevel.ACCEPTED, occurred_at=clock.now())
        outbox.record_receipt(str(each.message_id), told, source="deliver")
    return referral, rows


def test_a_late_acknowledgement_says_whom_to_call_on_which_number_and_about_what(
    two: Two,
) -> None:
    referral, (first, second) = two
    other = second.destination.agency
    other.name, other.phone = first.destination.agency.name, "+1 903 555 0121"
    other.save()
    case_services.miss_deadlines(clock.now() + timedelta(days=1))
    tasks = {task.title: task for task in cases.tasks_of(referral.case).filter(kind="missed_deadline")}
    agency = first.destination.agency
    named = f"Missed: {referral.reference}: acknowledgement by {agency.name} ({agency.identifier}, US)"
    words = tasks[named].instructions
    assert words.startswith("They did not acknowledge by ")
    assert f"Call {agency}, from our directory: {agency.phone}." in words
    assert f"whether a named person has {referral.reference}" in words
    assert len(tasks) == 2
    assert {task.due_at for task in tasks.values()} == {
        deadline.due_at for deadline in cases.deadlines_of(referral.case).filter(code="policy.ack-p0")
    }


def test_two_agencies_of_one_name_are_told_apart_on_the_timeline(
    two: Two,
) -> None:
    referral, (first, second) = two
    lines = [each.title for each in cases.timeline(referral.case) if "their system took it" in each.title]
    assert lines == [
        f"{referral.reference}: {each.destination.agency}: their system took it" for each in (first, second)
    ]


def test_a_late_outcome_says_whom_to_ask_about_what(two: Two) -> None:
    referral, (first, second) = two
    services.acknowledge(first, reference="H-1")
    case_services.miss_deadlines(clock.now() + timedelta(days=400))
    task = cases.tasks_of(referral.case).get(
        title__startswith=f"Missed: {referral.reference}: ask for the outcome"
    )
    for each in (first, second):
        assert (
            f"{each.destination.agency}, from our directory: {each.destination.agency.phone}"
            in task.instructions
        )
    assert f"what came of {referral.reference}" in task.instructions
