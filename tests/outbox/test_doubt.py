"""What may have arrived is never said not to have: where trying ends, a human asks the recipient."""

from datetime import timedelta
from pathlib import Path

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.channels.testing import FakePartner, Situation
from coordination.core import clock
from coordination.outbox import services
from coordination.outbox.models import Delivery
from tests.outbox.factories import a_delivery, a_destination, drain

pytestmark = pytest.mark.django_db(transaction=True)


def _ended(delivery: Delivery) -> tuple[str, list[str]]:
    delivery.refresh_from_db()
    return delivery.state, [each.kind for each in cases.tasks_of(delivery.case) if each.state == "open"]


@pytest.mark.parametrize("first", [Situation.HANGS, Situation.RESETS])
@pytest.mark.parametrize("last", [Situation.FAILS, Situation.REFUSES])
def test_an_attempt_that_may_have_arrived_and_a_later_failure_are_unknown_and_somebody_asks(
    first: Situation, last: Situation, partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer, lane="P0")
    partner.be(first)
    drain(destination, "P0")
    assert _ended(delivery) == ("queued", [])
    partner.be(last)
    with clock.frozen(clock.now() + timedelta(hours=2)):
        drain(destination, "P0")
    assert _ended(delivery) == ("unknown", ["delivery_unknown"])
    assert delivery.last_error.startswith("An earlier attempt may have arrived.")


def test_a_message_on_which_its_host_died_and_that_then_is_refused_is_unknown(
    partner: FakePartner, senior_reviewer: User, tmp_path: Path
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, f"crashonce {tmp_path}/crashed", by=senior_reviewer)
    partner.be(Situation.REFUSES)
    drain(destination)
    assert [each.outcome for each in delivery.attempts.all()] == ["crashed", "permanent"]
    assert _ended(delivery) == ("unknown", ["delivery_unknown"])


def test_a_release_does_not_settle_whether_an_earlier_attempt_arrived(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url, channel="scripted_once")
    delivery = a_delivery(destination, by=senior_reviewer)
    partner.be(Situation.RESETS)
    drain(destination)
    services.release(delivery, by=senior_reviewer, reason="Once more.")
    partner.be(Situation.REFUSES)
    drain(destination)
    assert _ended(delivery) == ("unknown", ["delivery_unknown"])


def test_what_never_was_in_doubt_still_fails(partner: FakePartner, senior_reviewer: User) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    partner.be(Situation.FAILS)
    drain(destination)
    partner.be(Situation.REFUSES)
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        drain(destination)
    assert _ended(delivery) == ("failed", ["delivery_failed"])
