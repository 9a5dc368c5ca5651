"""Calling a referral back: by whom, from whom, and never in place of a correction."""

import pytest
from django.urls import reverse

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotPermitted, Refused
from coordination.ledger.selectors import entries_about
from coordination.outbox import services as outbox
from coordination.partners.services import Destination
from coordination.referrals import selectors, services
from coordination.referrals.models import Addressee, Referral
from coordination.referrals.workflow import ReferralState
from tests.doors import SignIn
from tests.referrals.conftest import Draft, put

WHY = "The account was taken over; the writer is somebody else."


def _tell(addressee: Addressee, level: str) -> None:
    assert addressee.message is not None
    receipt = Receipt(
        message_id=str(addressee.message.pk), level=ReceiptLevel(level), occurred_at=clock.now()
    )
    outbox.record_receipt(addressee.message.pk, receipt, source="deliver")


@pytest.fixture
def sent(approved: Draft, sheriff: Destination, springfield: Destination) -> Referral:
    """A referral that the sheriff has and Springfield has not yet."""
    referral = approved(to=[sheriff, springfield])
    _tell(next(iter(selectors.addressees_of(referral))), "accepted")
    return referral


def test_who_has_it_is_asked_and_a_correction_is_asked_for(sent: Referral, senior_reviewer: User) -> None:
    [asked] = services.recall(sent, by=senior_reviewer, reason=WHY)
    assert asked.addressee.destination.agency.name == "Harrow County Sheriff"
    call = cases.open_task("phone_recall", asked.addressee.origin)
    correct = cases.open_task("correct_recalled", sent.origin)
    assert call is not None
    assert correct is not None
    assert WHY in call.instructions
    assert "+1 970 555 0112" in call.instructions
    assert (call.priority, correct.priority) == ("P0", "P0")
    before = sent.state
    sent.refresh_from_db()
    assert sent.state == before
    actions = [entry.action for entry in entries_about(sent.reference)]
    assert actions[-2:] == ["referrals.recall_asked", "referrals.recalled"]


def test_the_correction_ends_its_task(sent: Referral, liaison: User, senior_reviewer: User) -> None:
    services.recall(sent, by=senior_reviewer, reason=WHY)
    services.correct(sent, by=liaison, what_was_wrong="The writer.", what_is_true="It was taken over.")
    assert cases.open_task("correct_recalled", sent.origin) is None


def test_neither_its_filer_nor_who_may_not_calls_it_back(
    sent: Referral, liaison: User, senior_reviewer: User
) -> None:
    with pytest.raises(NotPermitted):
        services.recall(sent, by=liaison, reason=WHY)
    sent.authors.add(senior_reviewer)
    with pytest.raises(Refused, match="another person"):
        services.recall(sent, by=senior_reviewer, reason=WHY)
    assert cases.open_task("correct_recalled", sent.origin) is None


def test_it_takes_a_reason_and_somebody_who_has_it(
    sent: Referral, approved: Draft, senior_reviewer: User
) -> None:
    with pytest.raises(InvalidInput) as caught:
        services.recall(sent, by=senior_reviewer, reason=" ")
    assert caught.value.field == "reason"
    with pytest.raises(Refused, match="Nobody has it"):
        services.recall(approved(), by=senior_reviewer, reason=WHY)


def test_the_page_offers_it_to_who_may_where_somebody_has_it(
    sent: Referral, approved: Draft, liaison: User, senior_reviewer: User, sign_in: SignIn
) -> None:
    def offered(referral: Referral, by: User) -> bool:
        page = sign_in(by).get(reverse("admin:referrals_referral_change", args=[referral.reference]))
        return "/do/recall/" in page.content.decode()

    assert offered(sent, senior_reviewer)
    assert not offered(sent, liaison)
    assert not offered(approved(), senior_reviewer)
    address = reverse("admin:referrals_referral_do", args=[sent.reference, "recall"])
    said = sign_in(senior_reviewer).post(address, {"reason": WHY}, follow=True).content.decode()
    assert (
        "Harrow County Sheriff (CO0000000, US) is asked by telephone. A task asks for the correction." in said
    )
    assert not offered(put(sent, ReferralState.CORRECTED), senior_reviewer)
