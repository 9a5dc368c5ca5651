"""How things end in true words: a second reference, a question without an answer, a call not made."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.outbox import selectors as outbox
from coordination.outbox import services as outbox_services
from coordination.partners.services import Destination
from coordination.referrals import selectors, services
from coordination.referrals.models import Addressee, Referral
from tests.referrals.conftest import Draft

NIGHT = datetime(2026, 11, 20, 23, 12, tzinfo=UTC)


def _tell(addressee: Addressee, level: str, *, sequence: int = 0, reference: str = "") -> None:
    assert addressee.message is not None
    receipt = Receipt(
        message_id=str(addressee.message.pk),
        level=ReceiptLevel(level),
        occurred_at=clock.now(),
        sequence=sequence,
        reference=reference,
    )
    outbox_services.record_receipt(addressee.message.pk, receipt, source="deliver")


def _deadline(referral: Referral, code: str) -> Any:
    return cases.deadlines_of(referral.case).filter(code=code).last()


def _said(referral: Referral) -> list[str]:
    return [event.detail for event in cases.timeline(referral.case).filter(about=referral.origin)]


def test_a_later_reference_is_kept_beside_the_first(approved: Draft) -> None:
    referral = approved()
    addressee = selectors.addressees_of(referral).get()
    _tell(addressee, "acknowledged", reference="HC-1")
    services.acknowledge(addressee, reference="HC-9", who="Sergeant Reyes")
    addressee.refresh_from_db()
    referral.refresh_from_db()
    assert (addressee.agency_reference, referral.agency_reference) == ("HC-1", "HC-1")
    assert "Their reference: HC-9\nSergeant Reyes" in _said(referral)


def test_a_reference_that_comes_after_the_acknowledgement_counts(approved: Draft) -> None:
    referral = approved()
    addressee = selectors.addressees_of(referral).get()
    _tell(addressee, "acknowledged")
    services.acknowledge(addressee, reference="HC-1")
    addressee.refresh_from_db()
    referral.refresh_from_db()
    assert (addressee.agency_reference, referral.agency_reference) == ("HC-1", "HC-1")


@pytest.fixture
def asked(approved: Draft, sheriff: Destination, springfield: Destination) -> tuple[Referral, Any, Any]:
    """A referral that two have, with a question of each."""
    referral = approved(to=[sheriff, springfield])
    rows = list(selectors.addressees_of(referral))
    for each in rows:
        _tell(each, "accepted")
    first, second = (services.request_information(each, question=f"Q{each.pk}?") for each in rows)
    return referral, first, second


def test_a_question_that_the_outcome_overtakes_is_closed_as_unanswered(
    asked: tuple[Referral, Any, Any], liaison: User
) -> None:
    referral, first, second = asked
    services.answer(first, by=liaison, text="The county is named.")
    services.report_outcome(first.addressee, outcome="welfare_check")
    for question in (first, second):
        question.refresh_from_db()
        assert (question.unanswered_because, question.approved_by) == ("The outcome came first.", None)
        ended = cases.tasks_of(referral.case).get(kind="answer_question", about=question.origin)
        assert (ended.state, ended.outcome) == ("cancelled", "Not answered. The outcome came first.")
    assert _deadline(referral, "policy.answer-p0").state == "cancelled"
    assert {each.state for each in outbox.messages_of(first.origin)} == {"void"}
    # Who reported the outcome knows; the other agency is told.
    waiting = cases.tasks_of(referral.case).filter(kind="answer_stopped", state="open")
    assert [task.about for task in waiting] == [second.origin]
    assert second.question in waiting.get().instructions


def test_an_answered_question_stays_answered(approved: Draft, liaison: User, senior_reviewer: User) -> None:
    addressee = selectors.addressees_of(approved()).get()
    _tell(addressee, "accepted")
    question = services.request_information(addressee, question="Which school?")
    assert question is not None
    services.answer(question, by=liaison, text="Not named.")
    question.refresh_from_db()
    assert question.message is not None
    services.approve_answer(question, by=senior_reviewer, digest=question.message.digest)
    services.report_outcome(addressee, outcome="unfounded")
    question.refresh_from_db()
    assert question.unanswered_at is None


def test_the_call_is_not_asked_for_once_every_recipient_has_acknowledged(
    approved: Draft, sheriff: Destination, springfield: Destination
) -> None:
    with clock.frozen(NIGHT):
        referral = approved(to=[sheriff, springfield])
        first, second = selectors.addressees_of(referral)
        _tell(first, "acknowledged", reference="HC-1")
    assert cases.open_task("phone_now", referral.origin) is not None
    with clock.frozen(NIGHT + timedelta(minutes=11)):
        case_services.miss_deadlines()
        assert _deadline(referral, "policy.phone-p0").state == "missed"
        _tell(second, "acknowledged", reference="SP-9")
    call = cases.tasks_of(referral.case).get(kind="phone_now")
    assert (call.state, call.outcome) == (
        "cancelled",
        "Not called: every recipient acknowledged first.",
    )
    assert _deadline(referral, "policy.phone-p0").state == "cancelled"


def test_a_call_that_was_made_stays_made(approved: Draft, senior_reviewer: User) -> None:
    referral = approved()
    call = cases.open_task("phone_now", referral.origin)
    assert call is not None
    case_services.complete_task(call, by=senior_reviewer, outcome="Dispatch has it, incident 8.")
    _tell(selectors.addressees_of(referral).get(), "acknowledged", reference="HC-1")
    call.refresh_from_db()
    assert (call.state, call.outcome) == ("done", "Dispatch has it, incident 8.")
    assert _deadline(referral, "policy.phone-p0").state == "met"


def test_a_p0_in_review_has_a_clock_that_the_decision_stops(
    in_review: Draft, senior_reviewer: User, liaison: User
) -> None:
    with clock.frozen(NIGHT):
        referral = in_review()
        task = cases.open_task("approve_referral", referral.origin)
        assert task is not None
        assert task.due_at == NIGHT + timedelta(minutes=15)
        assert _deadline(referral, "policy.review-p0").due_at == task.due_at
        services.return_(referral, by=senior_reviewer, reason="Name the place.")
        assert _deadline(referral, "policy.review-p0").state == "met"
    with clock.frozen(NIGHT + timedelta(minutes=1)):
        services.withdraw(services.submit(referral, by=liaison), by=liaison, reason="A quotation.")
        assert _deadline(referral, "policy.review-p0").state == "cancelled"
        calm = in_review(priority="normal")
        assert cases.open_task("approve_referral", calm.origin).due_at is None  # type: ignore[union-attr]
