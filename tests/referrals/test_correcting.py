"""A correction or a withdrawal ends the original: nothing of it leaves afterwards, everybody is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.cases.services import Task
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.outbox import selectors as outbox
from coordination.outbox import services as outbox_services
from coordination.outbox.services import Delivery
from coordination.partners import services as partners
from coordination.partners.services import Agency, Destination
from coordination.referrals import selectors, services, showing
from coordination.referrals.models import Addressee, Referral
from coordination.referrals.workflow import ReferralState
from tests.referrals.conftest import Draft, Seen

Approve = Callable[..., Referral]


def _told(addressee: Addressee, level: str, *, sequence: int = 0, reference: str = "") -> None:
    assert addressee.message is not None
    receipt = Receipt(
        message_id=str(addressee.message.pk),
        level=ReceiptLevel(level),
        occurred_at=clock.now(),
        sequence=sequence,
        reference=reference,
    )
    outbox_services.record_receipt(addressee.message.pk, receipt, source="deliver")


def _stand(addressee: Addressee, state: str) -> Delivery:
    """Put a recipient's delivery where a worker would have left it."""
    found = outbox.deliveries_of(addressee.referral.origin).filter(message=addressee.message_id)
    now = clock.now()
    lease = {"lease_token": "0190a1b2-0000-7000-8000-000000000000", "lease_until": now + timedelta(minutes=1)}
    more: dict[str, Any] = lease if state == "sending" else {}
    if state in ("failed", "unknown"):
        more = {"finished_at": now}
    found.update(state=state, **more)
    return found.get()


def _states(origin: str) -> list[str]:
    return list(outbox.deliveries_of(origin).values_list("state", flat=True))


@pytest.fixture
def two(approved: Draft, sheriff: Destination, springfield: Destination) -> tuple[Referral, list[Addressee]]:
    """An approved referral to two agencies, of which the first has it."""
    referral = approved(to=[sheriff, springfield])
    recipients = list(selectors.addressees_of(referral))
    _told(recipients[0], "accepted")
    return referral, recipients


def _corrected(original: Referral, liaison: User, senior: User, seen: Seen) -> Referral:
    correction = services.correct(original, by=liaison, what_was_wrong="Role-play.", what_is_true="Nobody.")
    return services.approve(correction, by=senior, digests=seen(correction))


@pytest.mark.parametrize("state", ["queued", "held", "failed", "unknown"])
def test_an_original_that_has_not_left_cannot_be_released_after_its_correction(
    state: str,
    two: tuple[Referral, list[Addressee]],
    liaison: User,
    senior_reviewer: User,
    seen: Seen,
) -> None:
    original, (_, second) = two
    delivery = _stand(second, state)
    _corrected(original, liaison, senior_reviewer, seen)
    assert _states(original.origin) == ["accepted", "void"]
    with pytest.raises(Refused, match="void"):
        outbox_services.release(delivery, by=None, reason="Once more.")


def test_an_original_that_is_being_sent_is_not_tried_again_after_its_correction(
    two: tuple[Referral, list[Addressee]], liaison: User, senior_reviewer: User, seen: Seen
) -> None:
    original, (_, second) = two
    _stand(second, "sending")
    _corrected(original, liaison, senior_reviewer, seen)
    assert second.message is not None
    second.message.refresh_from_db()
    assert second.message.state == "void"


def test_an_approved_answer_that_has_not_left_is_void_with_the_correction(
    two: tuple[Referral, list[Addressee]], liaison: User, senior_reviewer: User, seen: Seen
) -> None:
    original, (first, _) = two
    question = services.request_information(first, question="Which school?")
    assert question is not None
    services.answer(question, by=liaison, text="Harrow High School.")
    question.refresh_from_db()
    assert question.message is not None
    services.approve_answer(question, by=senior_reviewer, digest=question.message.digest)
    assert _states(question.origin) == ["queued"]
    _corrected(original, liaison, senior_reviewer, seen)
    assert _states(question.origin) == ["void"]


def test_what_arrives_after_its_correction_is_not_chased(
    two: tuple[Referral, list[Addressee]], liaison: User, senior_reviewer: User, seen: Seen
) -> None:
    original, (_, second) = two
    _stand(second, "sending")
    _corrected(original, liaison, senior_reviewer, seen)
    _told(second, "accepted")
    assert not cases.deadlines_of(original.case).filter(about=second.origin, state="running").exists()


@pytest.mark.parametrize("state", ["rejected", "unknown", "failed"])
def test_what_somebody_may_have_is_correctable(
    state: str, approved: Draft, liaison: User, senior_reviewer: User, seen: Seen
) -> None:
    original = approved()
    recipient = selectors.addressees_of(original).get()
    if state == "rejected":
        _told(recipient, "rejected")
    else:
        _stand(recipient, state)
    correction = _corrected(original, liaison, senior_reviewer, seen)
    original.refresh_from_db()
    assert original.state == ReferralState.CORRECTED
    assert _states(correction.origin) == ["queued"]


def test_a_referral_of_which_every_delivery_failed_is_withdrawn(
    approved: Draft, liaison: User, sheriff: Destination, springfield: Destination
) -> None:
    referral = approved(to=[sheriff, springfield])
    deliveries = [_stand(each, "failed") for each in selectors.addressees_of(referral)]
    withdrawn = services.withdraw(referral, by=liaison, reason="Settled by telephone.")
    assert withdrawn.state == ReferralState.WITHDRAWN
    assert _states(referral.origin) == ["void", "void"]
    for delivery in deliveries:
        with pytest.raises(Refused):
            outbox_services.release(delivery, by=None, reason="Once more.")


@pytest.mark.parametrize("state", ["unknown", "sending"])
def test_what_may_have_left_is_not_withdrawn(state: str, approved: Draft, liaison: User) -> None:
    referral = approved()
    _stand(selectors.addressees_of(referral).get(), state)
    with pytest.raises(Refused, match="correct it"):
        services.withdraw(referral, by=liaison, reason="Too late.")
    assert _states(referral.origin) == [state]


def test_a_partly_acknowledged_original_is_corrected_for_everybody(
    two: tuple[Referral, list[Addressee]], liaison: User, senior_reviewer: User, seen: Seen
) -> None:
    original, (first, second) = two
    _told(second, "accepted")
    _told(first, "acknowledged", sequence=1, reference="HC-1")
    original.refresh_from_db()
    assert original.state == ReferralState.ACKNOWLEDGED
    correction = _corrected(original, liaison, senior_reviewer, seen)
    recipients = list(selectors.addressees_of(correction))
    assert {each.destination_id for each in recipients} == {first.destination_id, second.destination_id}
    assert not any(each.acknowledged_at for each in recipients)
    first.refresh_from_db()
    assert first.agency_reference == "HC-1"
    # The late acknowledgement of the original is kept, and does not stand for the correction's.
    _told(second, "acknowledged", sequence=1, reference="SP-9")
    original.refresh_from_db()
    assert original.state == ReferralState.CORRECTED
    for number, each in enumerate(recipients):
        correction.refresh_from_db()
        assert correction.state != ReferralState.ACKNOWLEDGED
        _told(each, "accepted")
        _told(each, "acknowledged", sequence=1, reference=f"C-{number}")
    correction.refresh_from_db()
    assert correction.state == ReferralState.ACKNOWLEDGED


# A closed recipient


@pytest.fixture
def both(two: tuple[Referral, list[Addressee]]) -> Referral:
    """A referral that the sheriff and the police of Springfield have."""
    _told(two[1][1], "accepted")
    return two[0]


@pytest.fixture
def file(liaison: User) -> Callable[[Referral], Referral]:
    """File and submit a correction."""
    return lambda original: services.correct(
        original, by=liaison, what_was_wrong="Role-play.", what_is_true="Nobody."
    )


@pytest.fixture
def corrected(file: Callable[[Referral], Referral], senior_reviewer: User, seen: Seen) -> Approve:
    """File a correction and approve it, with `between` done before the approval."""

    def make(original: Referral, between: Callable[[], object] = lambda: None) -> Referral:
        correction = file(original)
        digests = seen(correction)
        between()
        return services.approve(correction, by=senior_reviewer, digests=digests)

    return make


def _suspend(agency: Agency) -> None:
    partners.suspend_agency(agency, by=None, reason="Their mail was taken over.")


def _call(correction: Referral, agency: Agency) -> Task:
    row = correction.addressees.get(destination__agency=agency)
    task = cases.open_task("phone_correction", row.origin)
    assert task is not None
    return task


@pytest.mark.parametrize("way", ["suspended", "switched off"])
def test_a_closed_recipient_does_not_keep_the_others_from_the_correction(
    way: str, both: Referral, corrected: Approve, second_agency: Agency, springfield: Destination
) -> None:
    if way == "suspended":
        _suspend(second_agency)
    else:
        partners.change_destination(springfield, by=None, enabled=False)
    correction = corrected(both)
    sent = outbox.deliveries_of(correction.origin).get()
    assert sent.destination_id != springfield.pk
    task = _call(correction, second_agency)
    assert (task.priority, task.role) == ("P0", "safety_liaison")
    assert task.due_at is not None
    for words in ("Springfield Police Department", second_agency.phone, "Role-play.", "Nobody."):
        assert words in task.instructions


def test_nobody_is_called_about_a_correction_that_is_not_approved(
    both: Referral, file: Callable[[Referral], Referral], second_agency: Agency
) -> None:
    _suspend(second_agency)
    file(both)
    assert not cases.tasks_of(both.case).filter(kind="phone_correction").exists()


def test_a_recipient_that_closes_before_the_approval_does_not_keep_the_others_waiting_either(
    both: Referral, corrected: Approve, second_agency: Agency, sheriff: Destination
) -> None:
    correction = corrected(both, lambda: _suspend(second_agency))
    assert outbox.deliveries_of(correction.origin).get().destination_id == sheriff.pk
    assert sorted(each.state for each in outbox.messages_of(correction.origin)) == ["approved", "void"]
    assert _call(correction, second_agency).state == "open"


def test_a_correction_told_by_telephone_counts_towards_its_acknowledgement(
    both: Referral, corrected: Approve, liaison: User, second_agency: Agency
) -> None:
    _suspend(second_agency)
    correction = corrected(both)
    _told(correction.addressees.exclude(message=None).get(), "acknowledged", reference="C-1")
    correction.refresh_from_db()
    assert correction.state == ReferralState.SENT
    task = _call(correction, second_agency)
    with pytest.raises(Refused):
        case_services.cancel_task(task, by=liaison, reason="No answer.")
    case_services.complete_task(task, by=liaison, outcome="Captain Diaz heard it at 14:10, incident 77.")
    correction.refresh_from_db()
    assert correction.state == ReferralState.ACKNOWLEDGED
    told = correction.addressees.get(message=None)
    assert told.acknowledged_at is not None
    clocks = cases.deadlines_of(both.case).filter(about=told.origin)
    assert [each.state for each in clocks] == ["met"]


def test_a_correction_that_only_the_telephone_can_bring_is_still_approved(
    both: Referral, corrected: Approve, agency: Agency, second_agency: Agency
) -> None:
    _suspend(agency)
    _suspend(second_agency)
    correction = corrected(both)
    both.refresh_from_db()
    assert both.state == ReferralState.CORRECTED
    assert _call(correction, agency).pk != _call(correction, second_agency).pk


def test_an_approved_correction_is_corrected_and_not_withdrawn(
    both: Referral, corrected: Approve, liaison: User, second_agency: Agency
) -> None:
    _suspend(second_agency)
    wrong = corrected(both)
    with pytest.raises(Refused, match="correct it"):
        services.withdraw(wrong, by=liaison, reason="It was right after all.")
    call = _call(wrong, second_agency)
    right = corrected(wrong)
    wrong.refresh_from_db()
    call.refresh_from_db()
    assert wrong.state == ReferralState.CORRECTED
    assert _states(wrong.origin) == ["void"]
    assert call.state == "cancelled"
    assert _call(right, second_agency).state == "open"
    assert _states(right.origin) == ["queued"]


def test_a_correction_of_a_correction_names_what_it_began_with(
    two: tuple[Referral, list[Addressee]], corrected: Approve
) -> None:
    original, _ = two
    wrong = corrected(original)
    right = corrected(wrong)
    assert right.title == f"Correction of {wrong.reference}, a correction of {original.reference}"
    message = selectors.addressees_of(right)[0].message
    assert message is not None
    for reference in (wrong.reference, original.reference):
        assert reference.encode() in bytes(message.content)


def test_a_withdrawn_referral_that_arrived_all_the_same_is_corrected(
    approved: Draft, liaison: User, corrected: Approve
) -> None:
    referral = approved()
    services.withdraw(referral, by=liaison, reason="Superseded.")
    with pytest.raises(Refused, match="Nobody has it"):
        corrected(referral)
    assert not showing.allows(_again(referral), "correct")
    services.acknowledge(selectors.addressees_of(referral).get(), reference="HC-1")
    assert showing.allows(_again(referral), "correct")
    correction = corrected(_again(referral))
    assert correction.state == ReferralState.APPROVED
    assert _again(referral).state == ReferralState.CORRECTED


def _again(referral: Referral) -> Referral:
    referral.refresh_from_db()
    return referral


def test_a_correction_that_nobody_approved_is_withdrawn(
    both: Referral, file: Callable[[Referral], Referral], liaison: User
) -> None:
    correction = services.withdraw(file(both), by=liaison, reason="It was right after all.")
    assert correction.state == ReferralState.WITHDRAWN
    both.refresh_from_db()
    assert both.state == ReferralState.SENT
    assert file(both).state == ReferralState.IN_REVIEW


def test_a_referral_to_a_closed_recipient_is_still_refused(
    draft: Draft, liaison: User, agency: Agency
) -> None:
    referral = draft()
    _suspend(agency)
    with pytest.raises(Refused, match="not verified"):
        services.submit(referral, by=liaison)
