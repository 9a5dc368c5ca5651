"""What one person's word does not do: end the chase of a P0; and a refusal of what was never sent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.channels import Receipt, ReceiptLevel
from coordination.channels.testing import FakePartner
from coordination.ledger.selectors import entries_about
from coordination.outbox import changes, services
from coordination.outbox.models import Delivery
from tests.outbox.factories import a_delivery, a_destination, drain

pytestmark = pytest.mark.django_db(transaction=True)

FOUND: dict[str, Any] = {"level": "acknowledged", "reference": "H-7", "reason": "Dispatch has it."}


def _unknown(partner: FakePartner, by: User, *, prepared: User, lane: str = "P0") -> Delivery:
    destination = a_destination(partner.url, channel="scripted_once")
    delivery = a_delivery(destination, "unknown", by=by, prepared=prepared, lane=lane)
    drain(destination, lane)
    delivery.refresh_from_db()
    assert delivery.state == "unknown"
    return delivery


def _task(delivery: Delivery, kind: str) -> Any:
    return cases.open_task(kind, changes.about(delivery))


def test_a_liaison_alone_does_not_take_a_p0_for_acknowledged(
    partner: FakePartner, liaison: User, senior_reviewer: User, duty_officer: User
) -> None:
    delivery = _unknown(partner, senior_reviewer, prepared=liaison)
    assert services.resolve(delivery, by=liaison, **FOUND).state == "unknown"
    task = _task(delivery, "confirm_acknowledgement")
    assert (task.role, task.priority) == ("senior_reviewer", "P0")
    assert "H-7" in task.instructions
    assert _task(delivery, "delivery_unknown") is not None
    entry = entries_about(f"message:{delivery.message_id}").order_by("pk").last()
    assert entry is not None
    assert entry.action == "outbox.acknowledgement_proposed"
    assert services.resolve(delivery, by=duty_officer, **FOUND).state == "acknowledged"
    assert _task(delivery, "confirm_acknowledgement") is None


def test_an_approver_who_prepared_it_does_not_confirm_it(
    partner: FakePartner, senior_reviewer: User, duty_officer: User
) -> None:
    delivery = _unknown(partner, senior_reviewer, prepared=duty_officer)
    assert services.resolve(delivery, by=duty_officer, **FOUND).state == "unknown"
    assert services.resolve(delivery, by=senior_reviewer, **FOUND).state == "acknowledged"


def test_the_recipients_own_word_needs_nobody(
    partner: FakePartner, liaison: User, senior_reviewer: User
) -> None:
    delivery = _unknown(partner, senior_reviewer, prepared=liaison)
    services.resolve(delivery, by=liaison, **FOUND)
    assert _say(delivery, "acknowledged")
    assert delivery.state == "acknowledged"
    assert _task(delivery, "confirm_acknowledgement") is None


@pytest.mark.parametrize(
    ("lane", "level"), [("normal", "acknowledged"), ("P0", "delivered"), ("P0", "failed")]
)
def test_what_keeps_the_chase_going_or_waits_its_turn_one_person_finds_out(
    lane: str, level: str, partner: FakePartner, liaison: User, senior_reviewer: User
) -> None:
    delivery = _unknown(partner, senior_reviewer, prepared=liaison, lane=lane)
    assert services.resolve(delivery, by=liaison, **{**FOUND, "level": level}).state == level


def _say(delivery: Delivery, level: str, source: str = "inbound") -> bool:
    receipt = Receipt(
        message_id=str(delivery.message_id), level=ReceiptLevel(level), occurred_at=datetime.now(UTC)
    )
    heard = services.record_receipt(delivery.message_id, receipt, source=source)
    delivery.refresh_from_db()
    return heard


@pytest.mark.parametrize("source", ["inbound", "poll"])
def test_a_refusal_of_what_was_never_tried_holds_it_with_a_task(
    source: str, partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer, lane="P0")
    assert _say(delivery, "rejected", source)
    assert delivery.state == "held"
    assert "before it was ever sent" in _task(delivery, "delivery_held").instructions
    assert _task(delivery, "delivery_rejected") is None
    assert delivery.receipts.get().level == "rejected"
    assert drain(destination, "P0").deliveries == 0
    services.release(delivery, by=senior_reviewer, reason="They meant another one.")
    drain(destination, "P0")
    delivery.refresh_from_db()
    assert delivery.state == "accepted"


def test_a_refusal_of_what_is_held_leaves_it_held(partner: FakePartner, senior_reviewer: User) -> None:
    delivery = a_delivery(a_destination(partner.url), by=senior_reviewer)
    for _ in range(2):
        _say(delivery, "rejected")
    assert delivery.state == "held"
    assert delivery.receipts.count() == 2


def test_a_refusal_after_a_try_is_one(partner: FakePartner, senior_reviewer: User) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, "temporary 30", by=senior_reviewer)
    drain(destination)
    delivery.refresh_from_db()
    assert delivery.state == "queued"
    assert _say(delivery, "rejected")
    assert delivery.state == "rejected"
