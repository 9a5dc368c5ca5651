"""News from partners: the newest wins, late news is kept and loses, nobody speaks for another message."""

import uuid
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from coordination.access.services import User
from coordination.channels import Receipt, ReceiptLevel
from coordination.channels.testing import Answer, FakePartner
from coordination.core.errors import NotFound
from coordination.outbox import polling, services
from coordination.outbox.halt import Halt
from coordination.outbox.models import Delivery
from tests.outbox.factories import a_delivery, a_destination, drain

pytestmark = pytest.mark.django_db(transaction=True)


def _say(delivery: Delivery, level: str, sequence: int = 0, **more: Any) -> bool:
    receipt = Receipt(
        message_id=str(delivery.message_id),
        level=ReceiptLevel(level),
        occurred_at=datetime.now(UTC),
        sequence=sequence,
        **more,
    )
    heard = services.record_receipt(delivery.message_id, receipt, source="inbound")
    delivery.refresh_from_db()
    return heard


@pytest.fixture
def sent(partner: FakePartner, senior_reviewer: User) -> Delivery:
    """A delivery that the partner accepted."""
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    drain(destination)
    delivery.refresh_from_db()
    return delivery


def test_news_only_ever_says_more(sent: Delivery) -> None:
    assert _say(sent, "delivered", 1)
    assert _say(sent, "acknowledged", 2)
    assert sent.state == "acknowledged"


def test_late_news_is_kept_and_loses(sent: Delivery) -> None:
    assert _say(sent, "acknowledged", 5)
    assert not _say(sent, "delivered", 3)
    assert not _say(sent, "rejected", 4)
    assert sent.state == "acknowledged"
    assert list(sent.receipts.order_by("pk").values_list("level", "late")) == [
        ("accepted", False),
        ("acknowledged", False),
        ("delivered", True),
        ("rejected", True),
    ]


def test_the_same_news_twice_has_one_effect(sent: Delivery) -> None:
    assert _say(sent, "delivered", 1)
    assert not _say(sent, "delivered", 1)


def test_news_that_overtakes_our_own_bookkeeping_is_true(partner: FakePartner, senior_reviewer: User) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    assert _say(delivery, "acknowledged", 9)
    assert delivery.state == "acknowledged"
    assert drain(destination).deliveries == 0


def test_nobody_speaks_for_another_message(sent: Delivery) -> None:
    receipt = Receipt(message_id="other", level=ReceiptLevel.DELIVERED, occurred_at=datetime.now(UTC))
    with pytest.raises(NotFound):
        services.record_receipt(sent.message_id, receipt, source="inbound")
    for missing in (uuid.uuid4(), "not an id"):
        with pytest.raises(NotFound):
            services.record_receipt(missing, receipt, source="inbound")


def test_a_partner_that_can_be_asked_is_asked(sent: Delivery, partner: FakePartner) -> None:
    partner.will(Answer(body=b"delivered"))
    assert polling.poll(Halt()) == 1
    sent.refresh_from_db()
    assert sent.state == "delivered"
    assert polling.poll(Halt()) == 0  # asked a moment ago


@pytest.mark.parametrize("year", [1, 1989, 9999])
def test_a_channel_that_tells_an_impossible_time_is_dated_by_our_clock(sent: Delivery, year: int) -> None:
    receipt = Receipt(
        message_id=str(sent.message_id),
        level=ReceiptLevel.DELIVERED,
        occurred_at=datetime(year, 6, 1, tzinfo=UTC),
        sequence=9,
    )
    assert services.record_receipt(sent.message_id, receipt, source="poll")
    kept = sent.receipts.get(sequence=9)
    assert kept.occurred_at == kept.recorded_at or kept.occurred_at.year == datetime.now(UTC).year


@pytest.mark.parametrize("year", [1, 1989, 9999])
def test_the_database_keeps_no_receipt_of_a_time_that_cannot_be(
    sent: Delivery, owner: psycopg.Connection, year: int
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        owner.execute(
            "INSERT INTO outbox_receipt (delivery_id, level, sequence, occurred_at, recorded_at, source,"
            " late, reference, detail, proof) SELECT delivery_id, level, sequence, %s, recorded_at, source,"
            " late, reference, detail, proof FROM outbox_receipt LIMIT 1",
            [datetime(year, 6, 1, tzinfo=UTC)],
        )
