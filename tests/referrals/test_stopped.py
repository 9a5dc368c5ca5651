"""What others approved is not silenced by one person: what is stopped or waits leaves somebody a task."""

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.cases.services import Task
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.core.errors import NotPermitted, Refused
from coordination.outbox import selectors as outbox
from coordination.outbox import services as outbox_services
from coordination.partners.services import Destination
from coordination.referrals import selectors, services
from coordination.referrals.models import Addressee, Referral
from tests.referrals.conftest import Draft, Seen


def _told(addressee: Addressee, level: str) -> None:
    told = Receipt(message_id=str(addressee.message_id), level=ReceiptLevel(level), occurred_at=clock.now())
    outbox_services.record_receipt(str(addressee.message_id), told, source="deliver")


def _stop_all(referral: Referral, by: User) -> None:
    for delivery in outbox.deliveries_of(referral.origin).filter(state="queued"):
        outbox_services.void(delivery.message, by=by, reason="Clicked stop.")


def _open(kind: str, about: str) -> Task:
    task = cases.open_task(kind, about)
    assert task is not None
    return task


@pytest.fixture
def both(sheriff: Destination, springfield: Destination) -> list[Destination]:
    """Where referrals to two agencies go."""
    return [sheriff, springfield]


@pytest.fixture
def correction(
    approved: Draft,
    both: list[Destination],
    liaison: User,
    senior_reviewer: User,
    seen: Seen,
) -> Referral:
    """An approved correction to two agencies that have the original."""
    original = approved(to=both)
    for each in selectors.addressees_of(original):
        _told(each, "accepted")
    made = services.correct(original, by=liaison, what_was_wrong="Role-play.", what_is_true="Nobody.")
    return services.approve(made, by=senior_reviewer, digests=seen(made))


def test_a_correction_that_one_person_stops_is_told_by_telephone_to_each_recipient(
    correction: Referral, liaison: User
) -> None:
    _stop_all(correction, liaison)
    for each in selectors.addressees_of(correction):
        task = _open("phone_correction", each.origin)
        assert (task.role, task.priority) == ("safety_liaison", "P0")
        assert task.due_at is not None
        assert "was stopped" in task.instructions
        assert "Role-play." in task.instructions
        with pytest.raises(Refused):
            case_services.cancel_task(task, by=liaison, reason="x")
        case_services.complete_task(task, by=liaison, outcome="Captain Diaz heard it at 14:10.")
    correction.refresh_from_db()
    assert correction.state == "acknowledged"


def test_only_the_recipient_whose_correction_was_stopped_is_called(
    correction: Referral, liaison: User
) -> None:
    first, second = selectors.addressees_of(correction)
    _told(first, "accepted")
    _stop_all(correction, liaison)
    assert cases.open_task("phone_correction", first.origin) is None
    _open("phone_correction", second.origin)


def test_a_correction_of_a_correction_asks_nobody_to_tell_the_first(
    correction: Referral, liaison: User, senior_reviewer: User, seen: Seen
) -> None:
    right = services.correct(correction, by=liaison, what_was_wrong="The name.", what_is_true="Nobody.")
    services.approve(right, by=senior_reviewer, digests=seen(right))
    assert not cases.tasks_of(correction.case).filter(kind="phone_correction").exists()


def test_an_approved_referral_of_which_everything_was_stopped_asks_for_its_end(
    approved: Draft, both: list[Destination], liaison: User
) -> None:
    referral = approved(to=both)
    first = outbox.deliveries_of(referral.origin).first()
    assert first is not None
    outbox_services.void(first.message, by=liaison, reason="Clicked stop.")
    assert cases.open_task("nothing_leaves", referral.origin) is None
    _stop_all(referral, liaison)
    task = _open("nothing_leaves", referral.origin)
    assert (task.role, task.priority) == ("safety_liaison", "P0")
    with pytest.raises(Refused):
        case_services.cancel_task(task, by=liaison, reason="x")
    with pytest.raises(Refused):
        case_services.complete_task(task, by=liaison, outcome="x")
    services.withdraw(referral, by=liaison, reason="A quotation.")
    task.refresh_from_db()
    assert task.state == "cancelled"


def test_a_referral_of_which_one_recipient_rejected_it_and_the_rest_was_stopped_is_corrected(
    approved: Draft,
    both: list[Destination],
    liaison: User,
    senior_reviewer: User,
    seen: Seen,
) -> None:
    referral = approved(to=both)
    _told(next(iter(selectors.addressees_of(referral))), "rejected")
    _stop_all(referral, liaison)
    task = _open("nothing_leaves", referral.origin)
    made = services.correct(referral, by=liaison, what_was_wrong="Role-play.", what_is_true="Nobody.")
    services.approve(made, by=senior_reviewer, digests=seen(made))
    task.refresh_from_db()
    assert task.state == "done"


def test_what_leaves_for_one_recipient_asks_for_no_end(
    approved: Draft, both: list[Destination], liaison: User
) -> None:
    referral = approved(to=both)
    _told(next(iter(selectors.addressees_of(referral))), "accepted")
    _stop_all(referral, liaison)
    referral.refresh_from_db()
    assert referral.state == "sent"
    assert cases.open_task("nothing_leaves", referral.origin) is None


def test_withdrawing_leaves_nobody_with_anything_to_do(approved: Draft, liaison: User) -> None:
    referral = services.withdraw(approved(), by=liaison, reason="A quotation.")
    assert not cases.tasks_of(referral.case).filter(kind="nothing_leaves").exists()
    assert not cases.tasks_of(referral.case).filter(state="open").exists()


def test_the_task_to_decide_on_a_referral_in_review_ends_with_the_decision_alone(
    in_review: Draft, liaison: User, senior_reviewer: User
) -> None:
    referral = in_review()
    task = _open("approve_referral", referral.origin)
    with pytest.raises(NotPermitted):
        case_services.cancel_task(task, by=liaison, reason="x")
    with pytest.raises(Refused):
        case_services.cancel_task(task, by=senior_reviewer, reason="x")
    with pytest.raises(Refused):
        case_services.complete_task(task, by=senior_reviewer, outcome="x")
    assert _open("approve_referral", referral.origin) == task
    services.decline(referral, by=senior_reviewer, reason="A quotation.")
    assert cases.open_task("approve_referral", referral.origin) is None
