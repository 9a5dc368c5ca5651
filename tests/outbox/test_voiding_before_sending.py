"""What is voided between its claim and the moment in which the host is given it never begins to leave."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.channels.testing import FakePartner
from coordination.outbox import hosts, services
from coordination.outbox import sending as sending_
from coordination.outbox.models import Delivery, Message
from tests.outbox.factories import a_delivery, a_destination, drain

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = "tests.record:1"
MOMENT = 0.11  # more than a worker may be behind its claim without asking


def _end_record() -> None:
    services.void_unsent(ORIGIN, by=None, reason="The record was corrected.")


def _before_use(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], Any]) -> None:
    """Do something when a host is wanted for the time of this number, from 1."""
    use, times = hosts.Pool.use, iter(range(1, 100))

    @contextmanager
    def after_that(self: hosts.Pool, *args: Any) -> Iterator[hosts.Host]:
        if next(times) == number:
            act()
        with use(self, *args) as host:
            yield host

    monkeypatch.setattr(hosts.Pool, "use", after_that)


def _state(delivery: Delivery) -> tuple[str, str]:
    delivery.refresh_from_db()
    return delivery.state, Message.objects.get(pk=delivery.message_id).state


def _open(delivery: Delivery) -> list[str]:
    return sorted(each.kind for each in cases.tasks_of(delivery.case) if each.state == "open")


def test_what_is_voided_after_its_host_died_on_it_is_not_tried_again_and_somebody_phones(
    partner: FakePartner, senior_reviewer: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, f"crashonce {tmp_path}/crashed", by=senior_reviewer)
    _before_use(monkeypatch, 2, _end_record)
    drain(destination)
    assert partner.requests == []
    assert _state(delivery) == ("void", "void")
    assert [each.outcome for each in delivery.attempts.all()] == ["crashed"]
    assert _open(delivery) == ["void_may_have_left"]


def test_what_is_voided_while_its_batch_waits_for_the_host_does_not_leave_and_nobody_need_phone(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    other = a_delivery(destination, by=senior_reviewer, origin="tests.record:2")

    def meanwhile() -> None:
        _end_record()
        time.sleep(MOMENT)

    _before_use(monkeypatch, 1, meanwhile)
    drain(destination)
    assert [each.headers["webhook-id"] for each in partner.requests] == [str(other.message_id)]
    assert _state(delivery) == ("void", "void")
    assert (delivery.attempts_made, _open(delivery)) == (0, [])
    assert _state(other) == ("accepted", "approved")


def test_what_is_voided_while_an_earlier_frame_of_its_batch_is_sent_does_not_leave(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending_, "FRAME_BYTES", 1)
    destination = a_destination(partner.url)
    first = a_delivery(destination, by=senior_reviewer, origin="tests.record:2")
    second = a_delivery(destination, by=senior_reviewer)
    third = a_delivery(destination, by=senior_reviewer, origin="tests.record:3")
    _before_use(monkeypatch, 2, _end_record)
    # One batch: that one of its frames is void does not send the later ones back.
    assert drain(destination).batches == 1
    assert [each.headers["webhook-id"] for each in partner.requests] == [
        str(each.message_id) for each in (first, third)
    ]
    assert _state(second) == ("void", "void")
    assert {_state(each) for each in (first, third)} == {("accepted", "approved")}
