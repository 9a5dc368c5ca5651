"""REL-01: kill -9 of the worker between claim and record, at random moments. 0 lost, 0 double effect."""

import random
import time
from datetime import timedelta

import pytest

from coordination.access.services import User
from coordination.channels.testing import FakePartner
from coordination.core import clock
from coordination.outbox import sweep
from coordination.outbox.models import Delivery
from tests.faults.conftest import Start, count, end, wait_for
from tests.outbox.factories import a_delivery, a_destination

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# So often a worker is let finish: what is killed again and again for a quarter of an hour goes to a human.
FINISH_EVERY = 10
LANE = ("-m", "coordination.outbox.lane", "bulk", "--slots", "2", "--grace", "5")


def _kill_at_random_points(points: int, start: Start, partner: FakePartner, by: User) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)  # noqa: T201 - shown when it fails
    chance = random.Random(seed)
    destination = a_destination(partner.url)
    deliveries = []
    for number in range(points):
        if number and number % FINISH_EVERY == 0:
            _finish(deliveries, start)
        deliveries += [a_delivery(destination, f"sleep 0.0{chance.randrange(1, 6)}", by=by) for _ in range(6)]
        worker = start(*LANE)
        wait_for(lambda: count("sending"))
        # From before the host runs to after the last message has left.
        time.sleep(chance.uniform(0, 0.5))
        end(worker)
        # The sweep of some other machine, when the lease has run out.
        with clock.frozen(clock.now() + timedelta(minutes=5)):
            sweep.sweep()
        assert count("sending") == 0
    _finish(deliveries, start)
    # Each exactly once at a receiver that drops what it has seen, and each state true.
    assert sorted(partner.effects) == sorted(str(each.message_id) for each in deliveries)
    for each in Delivery.objects.all():
        assert each.receipts.count() == 1
        assert each.attempts.count() == each.attempts_made


def _finish(deliveries: list[Delivery], start: Start) -> None:
    worker = start(*LANE)
    wait_for(lambda: count("accepted") == len(deliveries), seconds=60)
    end(worker)


@pytest.mark.timeout(240)
def test_rel_01_a_worker_killed_at_20_random_points_loses_and_doubles_nothing(
    start: Start, partner: FakePartner, senior_reviewer: User
) -> None:
    _kill_at_random_points(20, start, partner, senior_reviewer)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_rel_01_a_worker_killed_at_300_random_points_loses_and_doubles_nothing(
    start: Start, partner: FakePartner, senior_reviewer: User
) -> None:
    _kill_at_random_points(300, start, partner, senior_reviewer)


def test_rel_01_without_deduplication_nothing_is_sent_twice_and_a_human_is_asked(
    start: Start, partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url, channel="scripted_once")
    deliveries = [a_delivery(destination, "sleep 0.3", by=senior_reviewer) for _ in range(4)]
    worker = start(*LANE)
    wait_for(lambda: count("sending"))
    end(worker)
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        sweep.sweep()
    worker = start(*LANE)
    time.sleep(2)
    end(worker)
    ids = [request.headers["webhook-id"] for request in partner.requests]
    assert len(ids) == len(set(ids))
    assert {each.state for each in Delivery.objects.all()} == {"unknown"}
    assert len(deliveries) == count("unknown")
