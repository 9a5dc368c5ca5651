"""Who is asked to do what, and when the asking ends."""

from datetime import UTC, datetime

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.cases.services import Case
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.outbox import selectors as outbox_selectors
from coordination.outbox import services as outbox
from coordination.referrals import selectors, services
from coordination.referrals.models import Referral
from tests.people import Glass
from tests.referrals.conftest import Draft, Seen

NIGHT = datetime(2026, 11, 20, 23, 12, tzinfo=UTC)


def _clock(referral: Referral, code: str) -> str:
    return cases.deadlines_of(referral.case).get(code=code).state


def _accepted(referral: Referral) -> None:
    for each in selectors.addressees_of(referral):
        told = Receipt(message_id=str(each.message_id), level=ReceiptLevel.ACCEPTED, occurred_at=clock.now())
        outbox.record_receipt(str(each.message_id), told, source="deliver")


def test_submitting_asks_an_approver_and_approving_ends_that(
    in_review: Draft, senior_reviewer: User, seen: Seen
) -> None:
    referral = in_review()
    task = cases.open_task("approve_referral", referral.origin)
    assert task is not None
    assert (task.role, task.priority) == ("senior_reviewer", "P0")
    assert task in cases.waiting_for(senior_reviewer)
    services.approve(referral, by=senior_reviewer, digests=seen(referral))
    assert cases.open_task("approve_referral", referral.origin) is None


def test_a_basis_that_needs_counsel_asks_counsel(draft: Draft, liaison: User) -> None:
    referral = draft()
    referral.items.update(basis="us.2702b5")
    services.submit(referral, by=liaison)
    task = cases.open_task("approve_referral", referral.origin)
    assert task is not None
    assert task.role == "counsel"


def test_returning_asks_the_filer_and_submitting_again_ends_that(
    in_review: Draft, senior_reviewer: User, liaison: User
) -> None:
    referral = in_review()
    services.return_(referral, by=senior_reviewer, reason="Name the school.")
    assert cases.open_task("approve_referral", referral.origin) is None
    task = cases.open_task("revise_referral", referral.origin)
    assert task is not None
    assert (task.assignee, task.instructions) == (liaison, "Name the school.")
    services.submit(referral, by=liaison)
    assert cases.open_task("revise_referral", referral.origin) is None


def test_submitting_to_the_police_ends_the_task_to_file_with_them(
    case: Case, draft: Draft, liaison: User
) -> None:
    for kind in ("file_referral", "file_crisis_referral"):
        case_services.open_task(case, kind=kind, title="File", role="safety_liaison", about="triage.flag:1")
    services.submit(draft(), by=liaison)
    assert cases.open_task("file_referral", "triage.flag:1") is None
    assert cases.open_task("file_crisis_referral", "triage.flag:1") is not None


def test_the_call_stops_its_clock(approved: Draft, liaison: User) -> None:
    with clock.frozen(NIGHT):
        referral = approved()
        task = cases.open_task("phone_now", referral.origin)
        assert task is not None
        assert _clock(referral, "policy.phone-p0") == "running"
        case_services.complete_task(task, by=liaison, outcome="Spoke to the duty sergeant, incident 88.")
    assert _clock(referral, "policy.phone-p0") == "met"


def test_who_wrote_it_does_not_say_alone_that_nobody_need_telephone(
    approved: Draft, liaison: User, senior_reviewer: User
) -> None:
    task = cases.open_task("phone_now", approved().origin)
    assert task is not None
    with pytest.raises(Refused, match="You wrote this referral"):
        case_services.cancel_task(task, by=liaison, reason="No longer needed.")
    assert cases.open_task("phone_now", task.about) is not None
    case_services.cancel_task(task, by=senior_reviewer, reason="The sheriff called us.")
    assert cases.open_task("phone_now", task.about) is None


def test_nobody_is_called_about_what_was_withdrawn(approved: Draft, liaison: User) -> None:
    referral = approved()
    services.withdraw(referral, by=liaison, reason="A quotation.")
    assert cases.open_task("phone_now", referral.origin) is None
    assert _clock(referral, "policy.phone-p0") == "cancelled"


def test_a_correction_is_phoned_with_words_of_its_own_and_the_first_call_is_stopped(
    approved: Draft, liaison: User, senior_reviewer: User, seen: Seen
) -> None:
    referral = approved()
    _accepted(referral)
    correction = services.correct(
        referral, by=liaison, what_was_wrong="It was role-play.", what_is_true="Nobody is in danger."
    )
    services.approve(correction, by=senior_reviewer, digests=seen(correction))
    assert cases.open_task("phone_now", referral.origin) is None
    task = cases.open_task("phone_now", correction.origin)
    assert task is not None
    assert "was wrong" in task.instructions
    assert "We are reporting a danger to life" not in task.instructions
    running = cases.deadlines_of(referral.case).filter(state="running")
    assert {deadline.about for deadline in running} == {correction.origin}


def test_ins_06_the_review_is_held_by_another_person_and_is_not_cancelled(
    draft: Draft, duty_officer: User, senior_reviewer: User, seen: Seen, break_glass: Glass
) -> None:
    referral = services.submit(draft(by=duty_officer), by=duty_officer)
    break_glass(duty_officer)
    services.approve(
        referral, by=duty_officer, digests=seen(referral), break_glass=True, reason="Nobody answers."
    )
    task = cases.open_task("break_glass_review", referral.origin)
    assert task is not None
    with pytest.raises(Refused):
        case_services.complete_task(task, by=duty_officer, outcome="I was right.")
    with pytest.raises(Refused):
        case_services.cancel_task(task, by=senior_reviewer, reason="No time.")
    assert cases.open_task("break_glass_review", referral.origin) is not None
    case_services.complete_task(task, by=senior_reviewer, outcome="It was right, and could not wait.")
    assert _clock(referral, "policy.break-glass-review") == "met"


def test_an_answer_asks_another_person_to_approve_it(
    approved: Draft, liaison: User, senior_reviewer: User
) -> None:
    referral = approved()
    _accepted(referral)
    question = services.request_information(selectors.addressees_of(referral).get(), question="Which school?")
    assert question is not None
    services.answer(question, by=liaison, text="Not named.")
    assert cases.open_task("approve_answer", question.origin) in cases.waiting_for(senior_reviewer)
    question.refresh_from_db()
    assert question.message is not None
    services.approve_answer(question, by=senior_reviewer, digest=question.message.digest)
    assert cases.open_task("approve_answer", question.origin) is None
    assert cases.open_task("answer_question", question.origin) is None


def test_an_outcome_ends_the_asking_for_an_answer_that_can_no_longer_be_given(
    approved: Draft, liaison: User
) -> None:
    referral = approved()
    _accepted(referral)
    addressee = selectors.addressees_of(referral).get()
    question = services.request_information(addressee, question="Which school?")
    assert question is not None
    services.answer(question, by=liaison, text="Not named.")
    services.report_outcome(addressee, outcome="welfare_check")
    assert cases.open_task("answer_question", question.origin) is None
    assert cases.open_task("approve_answer", question.origin) is None
    assert _clock(referral, "policy.answer-p0") == "cancelled"
    assert [message.state for message in outbox_selectors.messages_of(question.origin)] == ["void"]


def test_a_clock_that_no_pack_has_undoes_nothing(approved: Draft, caplog: pytest.LogCaptureFixture) -> None:
    with clock.frozen(datetime(2026, 11, 20, tzinfo=UTC)):
        referral = approved()
    with clock.frozen(datetime(2025, 1, 1, tzinfo=UTC)):  # before any pack was in force
        _accepted(referral)
    referral.refresh_from_db()
    assert referral.state == "sent"
    assert "no deadline was started" in caplog.text
