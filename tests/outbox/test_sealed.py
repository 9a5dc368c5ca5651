"""What partners and channels say is ciphertext in the database, however it came there."""

import psycopg
import pytest

from coordination.access.services import User
from coordination.channels import Receipt, ReceiptLevel
from coordination.channels.testing import Answer, FakePartner
from coordination.core import clock
from coordination.outbox import services
from tests.outbox.factories import a_delivery, a_destination, drain

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "Jordan Vale, 12 Elm Street"


def _stored(owner: psycopg.Connection) -> bytes:
    rows = [
        *owner.execute("SELECT last_error FROM outbox_delivery"),
        *owner.execute("SELECT error FROM outbox_attempt"),
        *owner.execute("SELECT reference, detail, proof FROM outbox_receipt"),
    ]
    return b"".join(bytes(value) for row in rows for value in row)


def test_an_answer_to_a_delivery_is_sealed_and_reads_as_it_was_said(
    partner: FakePartner, senior_reviewer: User, owner: psycopg.Connection
) -> None:
    partner.will(Answer(body=WORDS.encode()))
    destination = a_destination(partner.url)
    sent = a_delivery(destination, by=senior_reviewer)
    said = a_delivery(destination, f"say {WORDS}", by=senior_reviewer)
    failed = a_delivery(destination, f"fail {WORDS}", by=senior_reviewer)
    drain(destination)
    assert sent.receipts.get().proof == WORDS.encode()
    assert (said.receipts.get().reference, said.receipts.get().detail) == (WORDS, WORDS)
    failed.refresh_from_db()
    assert failed.last_error == failed.attempts.get().error == WORDS
    assert b"Jordan" not in _stored(owner)


def test_what_comes_later_is_sealed_too(
    partner: FakePartner, senior_reviewer: User, owner: psycopg.Connection
) -> None:
    delivery = a_delivery(a_destination(partner.url), by=senior_reviewer)
    receipt = Receipt(
        message_id=str(delivery.message_id),
        level=ReceiptLevel.REJECTED,
        occurred_at=clock.now(),
        reference=WORDS,
        detail=WORDS,
        proof=WORDS.encode(),
    )
    services.record_receipt(delivery.message_id, receipt, source="inbound")
    stored = delivery.receipts.get()
    assert (stored.reference, stored.detail, stored.proof) == (WORDS, WORDS, WORDS.encode())
    assert b"Jordan" not in _stored(owner)
