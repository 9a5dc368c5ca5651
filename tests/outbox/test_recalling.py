"""Asking for a message back: who may, what stands in the ledger, and what each answer means."""

import pytest

from coordination.access.services import User
from coordination.channels.testing import FakePartner
from coordination.core.errors import IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.ledger.selectors import entries_about
from coordination.outbox import services
from coordination.outbox.models import Delivery
from tests.outbox.factories import a_delivery, a_destination, drain

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(partner: FakePartner, liaison: User, senior_reviewer: User) -> Delivery:
    """A delivery that the liaison prepared and the partner accepted; its channel can ask for it back."""
    destination = a_destination(partner.url, channel="scripted_recall")
    delivery = a_delivery(destination, by=senior_reviewer, prepared=liaison)
    drain(destination)
    delivery.refresh_from_db()
    assert delivery.state == "accepted"
    return delivery


def _actions(delivery: Delivery) -> list[str]:
    return [entry.action for entry in entries_about(f"message:{delivery.message_id}").order_by("pk")]


@pytest.mark.parametrize(
    ("reason", "state", "level"), [("gone", "rejected", "rejected"), ("noted", "accepted", "accepted")]
)
def test_they_are_asked_and_what_they_say_is_recorded(  # noqa: PLR0917 - fixtures
    reason: str, state: str, level: str, sent: Delivery, partner: FakePartner, senior_reviewer: User
) -> None:
    answer = services.recall(sent, by=senior_reviewer, reason=reason)
    assert answer is not None
    assert partner.requests[-1].headers["webhook-id"] == f"recall-{sent.message_id}"
    sent.refresh_from_db()
    assert sent.state == state
    last = sent.receipts.order_by("pk").last()
    assert last is not None
    assert (last.source, last.level) == ("recall", level)
    assert "outbox.recall_begun" in _actions(sent)
    assert _actions(sent)[-1] == "outbox.recall_ended"


def test_a_partner_that_does_not_answer_leaves_it_as_it_was(sent: Delivery, senior_reviewer: User) -> None:
    assert services.recall(sent, by=senior_reviewer, reason="down") is None
    sent.refresh_from_db()
    assert sent.state == "accepted"
    assert sent.receipts.count() == 1
    ended = entries_about(f"message:{sent.message_id}").order_by("pk").last()
    assert ended is not None
    assert ended.data["details"]["outcome"] == "TemporaryFailure"


def test_who_may_not_or_had_a_part_asks_nobody(
    sent: Delivery, partner: FakePartner, liaison: User, duty_officer: User
) -> None:
    with pytest.raises(NotPermitted):
        services.recall(sent, by=liaison, reason="gone")
    sent.message.prepared_by = duty_officer
    sent.message.save(update_fields=["prepared_by"])
    with pytest.raises(Refused):
        services.recall(sent, by=duty_officer, reason="gone")
    assert len(partner.requests) == 1
    assert "outbox.recall_begun" not in _actions(sent)


def test_it_takes_a_reason_a_channel_that_can_and_somebody_who_has_it(
    sent: Delivery, partner: FakePartner, senior_reviewer: User
) -> None:
    with pytest.raises(InvalidInput):
        services.recall(sent, by=senior_reviewer, reason=" ")
    plain = a_destination(partner.url)
    other = a_delivery(plain, by=senior_reviewer)
    with pytest.raises(IllegalTransition):
        services.recall(other, by=senior_reviewer, reason="gone")
    drain(plain)
    other.refresh_from_db()
    assert not services.can_recall(other)
    with pytest.raises(Refused):
        services.recall(other, by=senior_reviewer, reason="gone")
