"""What a partner says has one effect, is about their own messages, and reaches the slices above."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from coordination.access.services import User
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotFound
from coordination.inbox import selectors, services, signals
from coordination.inbox.models import InboundMessage
from coordination.ledger import selectors as ledger
from coordination.outbox import selectors as outbox
from coordination.outbox import services as outbox_services
from coordination.outbox.services import Message
from coordination.partners.services import Agency
from tests.world import OfficerOf


@pytest.fixture
def heard() -> Iterator[list[dict[str, Any]]]:
    told: list[dict[str, Any]] = []

    def hear(inbound: InboundMessage, payload: dict[str, Any], **_: Any) -> None:
        told.append({"kind": inbound.kind, **payload})

    signals.accepted.connect(hear)
    yield told
    signals.accepted.disconnect(hear)


def _accept(agency: Agency, message: Message, **changed: Any) -> tuple[InboundMessage, bool]:
    words: dict[str, Any] = {
        "agency": agency,
        "external_id": "their-1",
        "kind": "acknowledgement",
        "message_id": message.pk,
        "payload": {"reference": "HC-26-4471"},
        "way": "api",
    }
    return services.accept(**{**words, **changed})


def _state(message: Message) -> str:
    delivery = outbox.delivery_of(message)
    assert delivery is not None
    return delivery.state


def test_an_acknowledgement_is_recorded_on_the_delivery(
    agency: Agency, sent: Message, police_officer_of: OfficerOf, heard: list[dict[str, Any]]
) -> None:
    officer = police_officer_of(agency)
    inbound, created = _accept(agency, sent, by=officer)
    assert created
    assert inbound.sent_by == officer
    assert _state(sent) == "acknowledged"
    assert heard == [{"kind": "acknowledgement", "reference": "HC-26-4471"}]
    assert list(selectors.answers_to(sent.pk)) == [inbound]


def test_the_same_id_twice_has_one_effect(agency: Agency, sent: Message, heard: list[dict[str, Any]]) -> None:
    first, _ = _accept(agency, sent)
    delivery = outbox.delivery_of(sent)
    assert delivery is not None
    receipts = outbox.receipts_of(delivery).count()
    entries = ledger.count()
    again, created = _accept(agency, sent)
    assert (again, created) == (first, False)
    assert len(heard) == 1
    assert outbox.receipts_of(delivery).count() == receipts
    assert ledger.count() == entries


@pytest.mark.parametrize(
    "changed",
    [{"payload": {"reference": "OTHER"}}, {"kind": "question", "payload": {"question": "Which school?"}}],
)
def test_the_same_id_with_other_content_is_a_conflict(
    agency: Agency, sent: Message, heard: list[dict[str, Any]], changed: dict[str, Any]
) -> None:
    _accept(agency, sent)
    with pytest.raises(Conflict):
        _accept(agency, sent, **changed)
    assert InboundMessage.objects.count() == len(heard) == 1


def test_two_agencies_may_use_the_same_id(
    agency: Agency, second_agency: Agency, sent: Message, heard: list[dict[str, Any]]
) -> None:
    _accept(agency, sent)
    with pytest.raises(NotFound) as foreign:
        _accept(second_agency, sent)
    with pytest.raises(NotFound) as missing:
        _accept(second_agency, sent, message_id=uuid4())
    assert str(foreign.value) == str(missing.value)
    assert len(heard) == 1


@pytest.mark.parametrize("message_id", ["", "7", "not-a-uuid", "\x00"])
def test_what_is_no_id_is_not_found(agency: Agency, sent: Message, message_id: str) -> None:
    with pytest.raises(NotFound):
        _accept(agency, sent, message_id=message_id)


def test_what_nobody_approved_is_not_answered(agency: Agency, prepared: Message) -> None:
    with pytest.raises(NotFound):
        _accept(agency, prepared)


def test_an_answer_may_overtake_our_own_record(agency: Agency, prepared: Message, counsel: User) -> None:
    outbox_services.approve(prepared, digest=prepared.digest, by=counsel)
    assert _state(prepared) == "queued"
    _accept(agency, prepared)
    assert _state(prepared) == "acknowledged"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"kind": "gossip"}, "kind"),
        ({"kind": "receipt"}, "receipt"),
        ({"external_id": " "}, "external_id"),
        ({"external_id": "x" * 121}, "external_id"),
    ],
)
def test_bad_input_names_its_field(
    agency: Agency, sent: Message, changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        _accept(agency, sent, **changed)
    assert refused.value.field == field
    assert not InboundMessage.objects.exists()


def test_a_receiver_that_fails_leaves_nothing(agency: Agency, sent: Message) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError

    signals.accepted.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            _accept(agency, sent)
    finally:
        signals.accepted.disconnect(fail)
    assert not InboundMessage.objects.exists()
    assert _state(sent) == "accepted"


def test_an_acknowledgement_is_never_late_news(agency: Agency, sent: Message) -> None:
    counted_far = Receipt(
        message_id=str(sent.pk), level=ReceiptLevel.DELIVERED, occurred_at=clock.now(), sequence=900
    )
    _accept(agency, sent, kind="receipt", external_id="hook-1", payload={}, receipt=counted_far)
    assert _state(sent) == "delivered"
    _accept(agency, sent)
    assert _state(sent) == "acknowledged"


def test_the_desk_reads_what_came_on_its_cases(
    agency: Agency, sent: Message, liaison: User, custodian: User, administrator: User
) -> None:
    inbound, _ = _accept(agency, sent)
    assert list(selectors.visible_to(liaison)) == [inbound]
    assert list(selectors.visible_to(custodian)) == []
    assert list(selectors.visible_to(administrator)) == []


def test_the_ledger_holds_no_word_of_it(agency: Agency, sent: Message) -> None:
    _accept(agency, sent, kind="question", payload={"question": "Which school did she name?"})
    entries = ledger.latest(5)
    assert "inbox.accepted" in {entry.action for entry in entries}
    assert all(b"school" not in bytes(entry.entry) for entry in entries)
