"""A message that was sent to an agency, whichever tests need one."""

from collections.abc import Callable

import pytest

from coordination.access.services import User
from coordination.cases.services import Case
from coordination.channels import Receipt, ReceiptLevel, TestBody
from coordination.core import clock
from coordination.outbox import services as outbox
from coordination.outbox.services import Message
from coordination.partners.services import Agency, Destination
from tests.world import DestinationOf

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKY0="

Sent = Callable[..., Message]


@pytest.fixture(autouse=True)
def signing_secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SECRET_TEST_SIGNING", SECRET)
    return SECRET


@pytest.fixture
def destination(agency: Agency, destination_of: DestinationOf) -> Destination:
    return destination_of(agency)


@pytest.fixture
def prepared(case: Case, destination: Destination, liaison: User) -> Message:
    """Frozen, not approved: it has gone nowhere."""
    return outbox.prepare(
        case,
        kind="test",
        reference="R-7F3K-9QWD",
        origin="tests.inbox:1",
        destination=destination,
        body=TestBody(note="This tests the way."),
        by=liaison,
    )


@pytest.fixture
def sent(prepared: Message, counsel: User) -> Message:
    """Approved, and taken by the partner's system."""
    outbox.approve(prepared, digest=prepared.digest, by=counsel)
    taken = Receipt(message_id=str(prepared.pk), level=ReceiptLevel.ACCEPTED, occurred_at=clock.now())
    outbox.record_receipt(prepared.pk, taken, source="deliver")
    return prepared
