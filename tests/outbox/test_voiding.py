"""What has not left when its record ends never leaves; what may have left, or did, becomes a call."""

from datetime import timedelta
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases.models import Task
from coordination.channels import Receipt, ReceiptLevel
from coordination.channels.testing import FakePartner, Situation
from coordination.core import clock
from coordination.core.errors import IllegalTransition, Refused
from coordination.outbox import dispatch, services, sweep
from coordination.outbox.models import Delivery, Message
from tests.outbox.factories import a_delivery, a_destination, a_message, drain

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = "tests.record:1"


def _end_record() -> list[Delivery]:
    return services.void_unsent(ORIGIN, by=None, reason="The record was corrected.")


def _state(delivery: Delivery) -> tuple[str, str]:
    delivery.refresh_from_db()
    return delivery.state, Message.objects.get(pk=delivery.message_id).state


def _open(delivery: Delivery) -> list[tuple[str, str]]:
    tasks: list[Task] = [each for each in cases.tasks_of(delivery.case) if each.state == "open"]
    return sorted((each.kind, each.priority) for each in tasks)


def _accepted(delivery: Delivery, sequence: int = 0) -> Receipt:
    return Receipt(
        message_id=str(delivery.message_id),
        level=ReceiptLevel.ACCEPTED,
        occurred_at=clock.now(),
        sequence=sequence,
    )


def _while_it_is_sent(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Do something between a batch's sending and its record."""
    send = dispatch.sending.send

    def slowly(*args: Any, **options: Any) -> Any:
        verdicts = send(*args, **options)
        act()
        return verdicts

    monkeypatch.setattr(dispatch.sending, "send", slowly)


@pytest.mark.parametrize(
    ("note", "state"), [("post", "queued"), ("objection", "held"), ("permanent", "failed"), ("raise", "held")]
)
def test_what_has_not_left_when_its_record_ends_is_void_and_can_never_be_released(
    note: str, state: str, partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, note, by=senior_reviewer)
    if state != "queued":
        drain(destination)
    assert _state(delivery) == (state, "approved")
    assert [each.pk for each in _end_record()] == [delivery.pk]
    assert _state(delivery) == ("void", "void")
    # A channel that broke may have sent it first.
    assert _open(delivery) == ([("void_may_have_left", "normal")] if note == "raise" else [])
    with pytest.raises(Refused):
        services.release(delivery, by=senior_reviewer, reason="Again.")
    drain(destination)
    assert partner.requests == []
    assert _end_record() == []


def test_a_message_that_is_only_prepared_is_void_too() -> None:
    message = a_message(a_destination())
    assert _end_record() == []
    message.refresh_from_db()
    assert message.state == "void"


def test_another_record_is_not_touched(partner: FakePartner, senior_reviewer: User) -> None:
    delivery = a_delivery(a_destination(partner.url), by=senior_reviewer)
    assert services.void_unsent("tests.record:11", by=None, reason="Another.") == []
    assert _state(delivery) == ("queued", "approved")


def test_what_has_left_stays_as_it_is(partner: FakePartner, senior_reviewer: User) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    drain(destination)
    assert _end_record() == []
    assert _state(delivery) == ("accepted", "approved")


def test_an_unknown_one_is_void_and_somebody_phones_since_it_may_have_left(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url, channel="scripted_once")
    delivery = a_delivery(destination, "unknown", by=senior_reviewer)
    drain(destination)
    assert _open(delivery) == [("delivery_unknown", "normal")]
    _end_record()
    assert _state(delivery) == ("void", "void")
    assert _open(delivery) == [("void_may_have_left", "normal")]
    with pytest.raises(IllegalTransition):
        services.resolve(delivery, by=senior_reviewer, level="failed", reason="They have not got it.")


@pytest.mark.parametrize(
    ("situation", "channel", "asked"),
    [
        (Situation.FAILS, "scripted", False),
        (Situation.REFUSES, "scripted", False),
        (Situation.RESETS, "scripted", True),
        (Situation.RESETS, "scripted_once", True),
        (Situation.HANGS, "scripted", True),
    ],
)
def test_what_is_being_sent_when_its_record_ends_is_not_tried_again(  # noqa: PLR0917 - fixtures
    situation: Situation,
    channel: str,
    asked: bool,
    partner: FakePartner,
    senior_reviewer: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partner.be(situation)
    destination = a_destination(partner.url, channel=channel)
    delivery = a_delivery(destination, by=senior_reviewer)
    _while_it_is_sent(monkeypatch, _end_record)
    drain(destination)
    assert _state(delivery) == ("void", "void")
    assert delivery.finished_at is not None
    assert _open(delivery) == ([("void_may_have_left", "normal")] if asked else [])
    assert delivery.attempts.count() == 1


def test_what_arrives_although_its_record_ended_meanwhile_is_an_urgent_call(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    _while_it_is_sent(monkeypatch, _end_record)
    drain(destination)
    assert _state(delivery) == ("accepted", "void")
    assert _open(delivery) == [("void_has_left", "P0")]
    # What they say next does not end the call that was not made, nor ask for a second one.
    services.record_receipt(delivery.message_id, _accepted(delivery, 1), source="inbound")
    assert _open(delivery) == [("void_has_left", "P0")]


def test_a_worker_that_dies_with_what_was_voided_does_not_bring_it_back(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    with monkeypatch.context() as dying:
        dying.setattr(dispatch.recording, "record", lambda verdicts: None)
        drain(destination)
    _end_record()
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        sweep.sweep()
    assert _state(delivery) == ("void", "void")
    assert _open(delivery) == [("void_may_have_left", "normal")]


def test_a_receipt_for_a_void_message_is_kept_and_is_an_urgent_call(
    partner: FakePartner, senior_reviewer: User
) -> None:
    delivery = a_delivery(a_destination(partner.url), by=senior_reviewer)
    _end_record()
    assert not services.record_receipt(delivery.message_id, _accepted(delivery), source="inbound")
    assert _state(delivery) == ("void", "void")
    assert delivery.receipts.get().late
    assert _open(delivery) == [("void_has_left", "P0")]


def test_a_failed_or_unknown_delivery_can_be_stopped_for_good_by_hand(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, "permanent", by=senior_reviewer)
    drain(destination)
    services.void(delivery.message, by=senior_reviewer, reason="Phoned instead.")
    assert _state(delivery) == ("void", "void")
    assert _open(delivery) == []
