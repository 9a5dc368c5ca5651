"""What follows once a referral has left, all from its page: answers, outcome, review, correction."""

from typing import Any

import pytest
from django.urls import reverse

from coordination.access.services import User
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.inbox import services as inbox
from coordination.outbox import selectors as outbox
from coordination.outbox import services as outbox_services
from coordination.partners.services import Agency
from coordination.referrals import selectors
from tests.desk.conftest import Things
from tests.doors import SignIn
from tests.people import Glass

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def with_them(things: Things, agency: Agency) -> Any:
    """The approved referral, taken by their system and acknowledged by a named person."""
    delivery = outbox.deliveries_of(things.approved.origin).get()
    _receipt(delivery, ReceiptLevel.ACCEPTED)
    _say(things, agency, "acknowledgement", reference="HCSO-1")
    things.approved.refresh_from_db()
    return things.approved


def _receipt(delivery: Any, level: ReceiptLevel) -> None:
    receipt = Receipt(message_id=str(delivery.message_id), level=level, occurred_at=clock.now())
    outbox_services.record_receipt(delivery.message_id, receipt, source="deliver")


def _say(things: Things, agency: Agency, kind: str, **payload: str) -> None:
    delivery = outbox.deliveries_of(things.approved.origin).get()
    inbox.accept(
        agency=agency,
        external_id=f"x-{kind}",
        kind=kind,
        message_id=delivery.message_id,
        payload=payload,
        way="api",
    )


def do(browser: Any, record: Any, name: str, **values: str) -> str:
    """Do an act and return what the page then says."""
    address = reverse("admin:referrals_referral_do", args=[record.reference, name])
    answer = browser.post(address, values, follow=True)
    assert answer.status_code == 200
    record.refresh_from_db()
    return str(answer.content.decode())


def test_a_question_is_answered_by_one_person_and_approved_by_another(  # noqa: PLR0917 - fixtures
    things: Things, with_them: Any, agency: Agency, liaison: User, senior_reviewer: User, sign_in: SignIn
) -> None:
    _say(things, agency, "question", question="Which time zone?")
    question = selectors.questions_of(with_them).get()
    writer, approver = sign_in(liaison), sign_in(senior_reviewer)
    page = writer.get(reverse("admin:referrals_referral_change", args=[with_them.reference]))
    assert "Which time zone?" in page.content.decode()
    said = do(writer, with_them, "answer", target=str(question.pk), text="Local time, Denver.")
    assert "The answer is frozen." in said
    question.refresh_from_db()
    digest = question.message.digest
    said = do(approver, with_them, "approve_answer", target=str(question.pk), digest=digest, read="on")
    assert "The answer is approved and leaves now." in said
    assert with_them.state == "answered"


def test_the_writer_of_an_answer_is_offered_no_approval_of_it(
    things: Things, with_them: Any, agency: Agency, duty_officer: User, sign_in: SignIn
) -> None:
    _say(things, agency, "question", question="Which time zone?")
    question = selectors.questions_of(with_them).get()
    said = do(sign_in(duty_officer), with_them, "answer", target=str(question.pk), text="Denver.")
    assert "Another person than its writer approves the answer." in said
    assert "/do/approve_answer/" not in said


def test_outcome_review_and_close_end_a_referral(
    things: Things, with_them: Any, senior_reviewer: User, sign_in: SignIn
) -> None:
    browser = sign_in(senior_reviewer)
    do(browser, with_them, "record_outcome", outcome="welfare_check", detail="Spoke with both.")
    assert with_them.state == "outcome"
    do(browser, with_them, "review", notes="Faster than last time.")
    assert with_them.state == "after_action_review"
    do(browser, with_them, "close")
    assert with_them.state == "closed"


def test_a_false_alarm_is_corrected_and_the_correction_goes_to_review(
    things: Things, with_them: Any, liaison: User, sign_in: SignIn
) -> None:
    said = do(
        sign_in(liaison), with_them, "correct", what_was_wrong="The place.", what_is_true="Another place."
    )
    correction = with_them.corrections.get()
    assert correction.state == "in_review"
    assert correction.reference in said


def test_what_has_not_left_is_withdrawn_with_a_reason(things: Things, liaison: User, sign_in: SignIn) -> None:
    do(sign_in(liaison), things.in_review, "withdraw", reason="Filed twice.")
    assert things.in_review.state == "withdrawn"


def test_one_person_alone_breaks_glass_with_a_reason(
    things: Things, case: Any, duty_officer: User, sign_in: SignIn, break_glass: Glass
) -> None:
    from coordination.referrals import services

    browser = sign_in(duty_officer)
    own = services.submit(_copy(things.draft, duty_officer), by=duty_officer)
    page = browser.get(reverse("admin:referrals_referral_review", args=[own.reference])).content.decode()
    assert "Emergency approval by one person" in page
    shown = {
        f"digest-{each.pk}": each.message.digest for each in selectors.addressees_of(own) if each.message
    }
    assert "Break the glass first" in page
    glass = break_glass(duty_officer)
    assert glass.reference in browser.get(reverse("admin:index")).content.decode()
    do(browser, own, "break_glass", read="on", reason="Nobody else answers.", **shown)
    assert own.state == "approved"
    assert own.break_glass


def _copy(draft: Any, by: User) -> Any:
    from coordination.referrals import services
    from tests.referrals.conftest import DRAFT, FACT, ITEM

    referral = services.file(draft.case, by=by, **DRAFT)
    services.add_item(referral, by=by, **ITEM)
    services.add_fact(referral, by=by, **FACT)
    services.add_addressee(referral, by=by, destination=draft.addressees.get().destination)
    return referral


def test_a_delivery_is_stopped_from_its_page_with_a_reason(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    delivery = outbox.deliveries_of(things.approved.origin).get()
    address = reverse("admin:outbox_delivery_do", args=[delivery.pk, "void"])
    answer = sign_in(liaison).post(address, {"reason": "Wrong place."}, follow=True)
    assert "It will not leave." in answer.content.decode()
    delivery.refresh_from_db()
    assert delivery.state == "void"
