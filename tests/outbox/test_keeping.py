"""A delivery that needs a human keeps its task until what the task asks for is done."""

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.cases.services import Task
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.outbox import services
from coordination.outbox.models import Delivery
from tests.outbox.factories import a_delivery, a_destination

pytestmark = pytest.mark.django_db


def _open(delivery: Delivery) -> Task | None:
    return cases.tasks_of(delivery.case).filter(kind__startswith="delivery_", state="open").first()


@pytest.fixture
def failed(senior_reviewer: User) -> Delivery:
    """A delivery that somebody found not to have arrived."""
    delivery = a_delivery(a_destination(), by=senior_reviewer)
    Delivery.objects.filter(pk=delivery.pk).update(state="unknown", finished_at=clock.now())
    return services.resolve(delivery, by=senior_reviewer, level="failed", reason="They looked.")


def test_nobody_ends_the_task_of_a_failed_delivery_in_place_of_mending_it(
    failed: Delivery, liaison: User
) -> None:
    task = _open(failed)
    assert task is not None
    with pytest.raises(Refused):
        case_services.cancel_task(task, by=liaison, reason="x")
    with pytest.raises(Refused):
        case_services.complete_task(task, by=liaison, outcome="x")
    assert _open(failed) == task


def test_releasing_a_failed_delivery_ends_its_task(failed: Delivery, liaison: User) -> None:
    services.release(failed, by=liaison, reason="Their system is back.")
    assert _open(failed) is None


def test_stopping_a_failed_delivery_ends_its_task(failed: Delivery, liaison: User) -> None:
    services.void(failed.message, by=liaison, reason="They heard by telephone.")
    assert _open(failed) is None


def test_the_task_of_a_rejected_delivery_is_completed_with_what_came_of_it_and_not_cancelled(
    senior_reviewer: User, liaison: User
) -> None:
    delivery = a_delivery(a_destination(), by=senior_reviewer)
    told = Receipt(message_id=str(delivery.message_id), level=ReceiptLevel.REJECTED, occurred_at=clock.now())
    services.record_receipt(delivery.message_id, told, source="deliver")
    task = _open(delivery)
    assert task is not None
    with pytest.raises(Refused):
        case_services.cancel_task(task, by=liaison, reason="x")
    case_services.complete_task(task, by=liaison, outcome="Sent to the county instead.")
    assert _open(delivery) is None
