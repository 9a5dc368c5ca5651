"""What recipients and the outbox say: sent, acknowledged, asked, answered, outcome, review."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotFound, Refused
from coordination.inbox import services as inbox
from coordination.outbox import selectors as outbox
from coordination.outbox import services as outbox_services
from coordination.partners.services import Agency, Destination
from coordination.referrals import selectors, services
from coordination.referrals.models import Addressee, Referral
from coordination.referrals.workflow import ReferralState
from tests.referrals.conftest import Draft, Seen
from tests.world import OfficerOf

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


def _state(referral: Referral) -> str:
    referral.refresh_from_db()
    return referral.state


def _deadline(referral: Referral, code: str) -> Any:
    return cases.deadlines_of(referral.case).filter(code=code).last()


@pytest.fixture
def two(approved: Draft, sheriff: Destination, springfield: Destination) -> tuple[Referral, list[Addressee]]:
    """An approved referral to two agencies."""
    referral = approved(to=[sheriff, springfield])
    return referral, list(selectors.addressees_of(referral))


def test_a_referral_is_sent_when_every_delivery_has_left(two: tuple[Referral, list[Addressee]]) -> None:
    referral, (first, second) = two
    _tell(first, "accepted")
    assert _state(referral) == ReferralState.APPROVED
    _tell(second, "accepted")
    assert _state(referral) == ReferralState.SENT


def test_a_rejected_delivery_does_not_keep_the_others_from_being_sent(
    two: tuple[Referral, list[Addressee]],
) -> None:
    referral, (first, second) = two
    _tell(first, "rejected")
    assert _state(referral) == ReferralState.APPROVED
    _tell(second, "accepted")
    assert _state(referral) == ReferralState.SENT


def test_the_acknowledgement_clock_starts_when_it_left_and_stops_at_the_acknowledgement(
    approved: Draft,
) -> None:
    with clock.frozen(NIGHT):
        referral = approved()
        addressee = selectors.addressees_of(referral).get()
        _tell(addressee, "accepted")
        deadline = _deadline(referral, "policy.ack-p0")
        assert deadline.due_at == NIGHT + timedelta(minutes=30)
        assert deadline.about == addressee.origin
    with clock.frozen(NIGHT + timedelta(minutes=12)):
        _tell(addressee, "acknowledged", sequence=1, reference="HC-26-1107")
    assert _deadline(referral, "policy.ack-p0").state == "met"
    assert _state(referral) == ReferralState.ACKNOWLEDGED
    assert referral.agency_reference == "HC-26-1107"


def test_an_acknowledgement_that_overtakes_our_own_record_counts(approved: Draft) -> None:
    referral = approved()
    _tell(selectors.addressees_of(referral).get(), "acknowledged", reference="HC-1")
    assert _state(referral) == ReferralState.ACKNOWLEDGED


def test_the_first_acknowledgement_moves_a_referral_and_each_recipient_has_its_own(
    two: tuple[Referral, list[Addressee]],
) -> None:
    referral, (first, second) = two
    for each in (first, second):
        _tell(each, "accepted")
    _tell(first, "acknowledged", reference="HC-1")
    assert _state(referral) == ReferralState.ACKNOWLEDGED
    assert {d.state for d in cases.deadlines_of(referral.case).filter(code="policy.ack-p0")} == {
        "met",
        "running",
    }
    _tell(second, "acknowledged", reference="SP-9")
    second.refresh_from_db()
    assert second.agency_reference == "SP-9"
    assert {d.state for d in cases.deadlines_of(referral.case).filter(code="policy.ack-p0")} == {"met"}
    assert _state(referral) == ReferralState.ACKNOWLEDGED
    assert referral.agency_reference == "HC-1"


def test_swt_04_the_same_answer_twice_has_one_effect(
    approved: Draft, agency: Agency, police_officer_of: OfficerOf
) -> None:
    referral = approved()
    addressee = selectors.addressees_of(referral).get()
    _tell(addressee, "accepted")
    officer = police_officer_of(agency)
    for new in (True, False):
        _, created = inbox.accept(
            agency=agency,
            external_id="note-1",
            kind="question",
            message_id=addressee.message_id or "",
            payload={"question": "Which school?"},
            way="api",
            by=officer,
        )
        assert created is new
    assert referral.questions.count() == 1


def test_a_foreign_agency_is_not_heard(approved: Draft, second_agency: Agency) -> None:
    referral = approved()
    addressee = selectors.addressees_of(referral).get()
    _tell(addressee, "accepted")
    with pytest.raises(NotFound):
        inbox.accept(
            agency=second_agency,
            external_id="note-1",
            kind="acknowledgement",
            message_id=addressee.message_id or "",
            payload={"reference": "X"},
            way="api",
        )


def test_an_information_request_goes_round(
    approved: Draft,
    agency: Agency,
    police_officer_of: OfficerOf,
    liaison: User,
    senior_reviewer: User,
) -> None:
    referral = approved()
    addressee = selectors.addressees_of(referral).get()
    _tell(addressee, "accepted")
    _tell(addressee, "acknowledged", sequence=1, reference="HC-1")
    inbox.accept(
        agency=agency,
        external_id="q-1",
        kind="question",
        message_id=addressee.message_id or "",
        payload={"question": "Is the school named?"},
        way="api",
        by=police_officer_of(agency),
    )
    assert _state(referral) == ReferralState.INFORMATION_REQUESTED
    question = referral.questions.get()
    task = cases.open_task("answer_question", question.origin)
    assert task is not None
    assert task.instructions == "Is the school named?"
    assert _deadline(referral, "policy.answer-p0").state == "running"

    services.answer(question, by=liaison, text="The school is not named. The county is.")
    question.refresh_from_db()
    assert question.message is not None
    with pytest.raises(Refused):
        services.approve_answer(question, by=_made_approver(liaison), digest=question.message.digest)
    with pytest.raises(Conflict):
        services.approve_answer(question, by=senior_reviewer, digest="sha256:" + "0" * 64)
    services.approve_answer(question, by=senior_reviewer, digest=question.message.digest)
    assert _state(referral) == ReferralState.ANSWERED
    assert cases.open_task("answer_question", question.origin) is None
    assert _deadline(referral, "policy.answer-p0").state == "met"
    sent = outbox.deliveries_of(question.origin).get()
    assert sent.message.kind == "answer"
    outbox_services.void(sent.message, by=senior_reviewer, reason="Not now.")
    stopped = cases.open_task("answer_stopped", question.origin)
    assert stopped is not None
    assert (stopped.role, stopped.priority) == ("safety_liaison", "P0")
    with pytest.raises(Conflict):
        _answer_again(question, liaison)


def _answer_again(question: Any, by: User) -> None:
    Referral.objects.filter(pk=question.referral_id).update(state="information_requested")
    services.answer(question, by=by, text="Once more.")


def _made_approver(liaison: User) -> User:
    """Give the author of the answer the right to approve, so that only the rule of two people stands."""
    access.set_roles(liaison, ["duty_officer"], by=None)
    return User.objects.get(pk=liaison.pk)


def test_a_second_answer_voids_the_first(approved: Draft, liaison: User) -> None:
    referral = approved()
    addressee = selectors.addressees_of(referral).get()
    _tell(addressee, "accepted")
    question = services.request_information(addressee, question="Which school?")
    assert question is not None
    services.answer(question, by=liaison, text="Unknown.")
    services.answer(question, by=liaison, text="Not named.")
    assert sorted(message.state for message in outbox.messages_of(question.origin)) == ["prepared", "void"]


def test_an_item_goes_along_with_an_answer_through_the_gate(
    approved: Draft, liaison: User, in_review: Draft
) -> None:
    referral = approved()
    addressee = selectors.addressees_of(referral).get()
    _tell(addressee, "accepted")
    question = services.request_information(addressee, question="What did he write?")
    assert question is not None
    services.answer(question, by=liaison, text="See the message.", items=(referral.items.get(),))
    question.refresh_from_db()
    assert question.message is not None
    assert b"18 USC 2702(b)(8)" in bytes(question.message.content)
    foreign = in_review().items.get()
    with pytest.raises(Refused):
        services.answer(question, by=liaison, text="And this.", items=(foreign,))


def test_a_question_after_the_end_goes_to_a_person(approved: Draft) -> None:
    referral = approved()
    addressee = selectors.addressees_of(referral).get()
    _tell(addressee, "accepted")
    services.report_outcome(addressee, outcome="unfounded")
    assert services.request_information(addressee, question="One more thing?") is None
    assert services.request_information(addressee, question="And another?") is None
    late = cases.tasks_of(referral.case).filter(kind="heard_late", state="open")
    assert {task.instructions for task in late} == {"One more thing?", "And another?"}
    assert _state(referral) == ReferralState.OUTCOME


def test_an_acknowledgement_of_what_we_thought_was_stopped_goes_to_a_person(
    approved: Draft, liaison: User
) -> None:
    referral = approved()
    addressee = selectors.addressees_of(referral).get()
    services.withdraw(referral, by=liaison, reason="A quotation.")
    services.acknowledge(addressee, reference="HC-1")
    task = cases.tasks_of(referral.case).get(kind="heard_late", state="open")
    assert "acknowledged" in task.title
    assert "withdrawn" in task.title
    assert _state(referral) == ReferralState.WITHDRAWN


def test_an_outcome_opens_the_after_action_review_and_closing_ends_it(
    approved: Draft, senior_reviewer: User
) -> None:
    referral = approved()
    addressee = selectors.addressees_of(referral).get()
    _tell(addressee, "acknowledged", reference="HC-1")
    assert _deadline(referral, "policy.outcome").state == "running"
    services.report_outcome(addressee, outcome="welfare_check", detail="He is with his family.")
    assert _deadline(referral, "policy.outcome").state == "met"
    assert cases.open_task("after_action_review", referral.origin) is not None
    services.review(referral, by=senior_reviewer, notes="Nine minutes from flag to call.")
    assert cases.open_task("after_action_review", referral.origin) is None
    assert _deadline(referral, "policy.after-action").state == "met"
    assert services.close(referral, by=senior_reviewer).state == ReferralState.CLOSED


def test_an_unknown_outcome_names_its_field(approved: Draft, liaison: User) -> None:
    referral = approved()
    with pytest.raises(InvalidInput) as caught:
        services.record_outcome(referral, by=liaison, outcome="won")
    assert caught.value.field == "outcome"


def test_a_missed_acknowledgement_is_chased(approved: Draft) -> None:
    with clock.frozen(NIGHT):
        referral = approved()
        _tell(selectors.addressees_of(referral).get(), "accepted")
    with clock.frozen(NIGHT + timedelta(minutes=31)):
        assert case_services.miss_deadlines() >= 1
    missed = _deadline(referral, "policy.ack-p0")
    assert missed.state == "missed"


# Corrections


@pytest.fixture
def three(
    approved: Draft, sheriff: Destination, springfield: Destination, destination_of: Any, agency: Agency
) -> Referral:
    """A referral that three recipients have."""
    third = destination_of(agency, title="Watch commander, second way")
    referral = approved(to=[sheriff, springfield, third])
    for each in selectors.addressees_of(referral):
        _tell(each, "accepted")
    return referral


def test_a_correction_goes_to_all_three_and_is_tracked_to_the_last_acknowledgement(
    three: Referral, liaison: User, senior_reviewer: User, seen: Seen
) -> None:
    correction = services.correct(
        three, by=liaison, what_was_wrong="It was role-play.", what_is_true="Thirty reports were coordinated."
    )
    assert correction.corrects == three
    assert correction.priority == "P0"
    assert correction.state == ReferralState.IN_REVIEW
    assert _state(three) == ReferralState.SENT
    with pytest.raises(Refused):
        services.approve(correction, by=_made_approver(liaison), digests=seen(correction))
    services.approve(correction, by=senior_reviewer, digests=seen(correction))
    assert _state(three) == ReferralState.CORRECTED
    found = outbox.deliveries_of(correction.origin)
    assert {each.destination_id for each in found} == {
        each.destination_id for each in selectors.addressees_of(three)
    }
    assert {(each.message.kind, each.lane) for each in found} == {("correction", "P0")}
    recipients = list(selectors.addressees_of(correction))
    for each in recipients:
        _tell(each, "accepted")
    for number, each in enumerate(recipients):
        assert _state(correction) == ReferralState.SENT
        _tell(each, "acknowledged", sequence=1, reference=f"C-{number}")
    assert _state(correction) == ReferralState.ACKNOWLEDGED
    running = cases.deadlines_of(three.case).filter(
        code="policy.ack-p0", about__in=[each.origin for each in recipients]
    )
    assert {deadline.state for deadline in running} == {"met"}


def test_one_correction_at_a_time(three: Referral, liaison: User, senior_reviewer: User) -> None:
    first = services.correct(three, by=liaison, what_was_wrong="This.", what_is_true="That.")
    with pytest.raises(Conflict):
        services.correct(three, by=liaison, what_was_wrong="This.", what_is_true="That.")
    services.decline(first, by=senior_reviewer, reason="It was no mistake.")
    assert services.correct(three, by=liaison, what_was_wrong="This.", what_is_true="That.").pk


def test_what_nobody_has_is_withdrawn_and_not_corrected(approved: Draft, liaison: User) -> None:
    with pytest.raises(Refused, match="withdraw"):
        services.correct(approved(), by=liaison, what_was_wrong="This.", what_is_true="That.")


def test_a_returned_correction_is_revised_and_keeps_its_recipients(
    three: Referral, liaison: User, senior_reviewer: User, springfield: Destination
) -> None:
    correction = services.correct(three, by=liaison, what_was_wrong="This.", what_is_true="That.")
    services.return_(correction, by=senior_reviewer, reason="Say what is true.")
    services.revise(correction, by=liaison, correction_true="Nobody was in danger.")
    with pytest.raises(InvalidInput):
        services.remove_addressee(correction.addressees.first(), by=liaison)
    assert services.submit(correction, by=liaison).state == ReferralState.IN_REVIEW


@pytest.mark.parametrize("field", ["what_was_wrong", "what_is_true"])
def test_a_correction_says_what_was_wrong_and_what_is_true(
    field: str, three: Referral, liaison: User
) -> None:
    said = {"what_was_wrong": "This.", "what_is_true": "That.", field: ""}
    with pytest.raises(InvalidInput) as caught:
        services.correct(three, by=liaison, **said)
    assert caught.value.field == field
