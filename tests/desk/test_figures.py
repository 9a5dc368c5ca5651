"""Figures of the home page tell nobody of what they do not see: neither number nor time moves with it."""

from datetime import timedelta

import pytest

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.desk import home
from coordination.outbox import selectors as outbox
from coordination.outbox import services as outbox_services
from tests.desk.conftest import Things
from tests.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def _on_their_way(person: User) -> int:
    figures = home.context(person)["health"]["figures"]
    return next(int(each["value"]) for each in figures if each["title"] == "On their way")


def _hide(things: Things, counsel: User) -> None:
    until = clock.now() + timedelta(days=30)
    cases.mark(things.case, compartment="non_disclosure", by=counsel, reason="A court.", until=until)


def test_ndo_06_what_leaves_on_a_hidden_case_moves_no_figure_of_others(
    things: Things, counsel: User, liaison: User, cast: Cast
) -> None:
    others = [liaison, cast("auditor"), cast("administrator")]
    assert [_on_their_way(each) for each in (counsel, *others)] == [1, 1, 1, 1]
    _hide(things, counsel)
    assert _on_their_way(counsel) == 1
    assert [_on_their_way(each) for each in others] == [0, 0, 0]


def test_ndo_06_when_a_channel_last_worked_is_not_told_by_a_hidden_case(
    things: Things, counsel: User, liaison: User
) -> None:
    delivery = outbox.deliveries_of(things.approved.origin).get()
    taken = Receipt(message_id=str(delivery.message_id), level=ReceiptLevel.ACCEPTED, occurred_at=clock.now())
    outbox_services.record_receipt(delivery.message_id, taken, source="deliver")

    def last() -> bool:
        channels = home.context(liaison)["health"]["channels"]
        return any(each["last_success"] for each in channels)

    assert last()
    _hide(things, counsel)
    assert not last()
