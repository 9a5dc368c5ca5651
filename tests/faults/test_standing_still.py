"""A worker that is stopped past its lease and then goes on (a suspended machine) begins nothing any more."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.channels.testing import FakePartner
from coordination.core import clock
from coordination.outbox import services, sweep
from coordination.outbox.models import Delivery
from coordination.outbox.sending import SLACK_SECONDS, WINDOW_SECONDS
from tests.faults.conftest import Start, children_of, count, wait_for
from tests.outbox.factories import a_delivery, a_destination

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

LANE = ("-m", "coordination.outbox.lane", "bulk", "--slots", "2", "--grace", "5")


@pytest.mark.timeout(120)
def test_what_was_voided_while_worker_and_host_stood_still_does_not_begin_to_leave(
    start: Start, partner: FakePartner, senior_reviewer: User, tmp_path: Path
) -> None:
    destination = a_destination(partner.url)
    # Four leave at a time: these are under way when everything stops, and only they can arrive.
    begun = [a_delivery(destination, f"mark {tmp_path}/{n}", by=senior_reviewer) for n in range(4)]
    waiting = [a_delivery(destination, by=senior_reviewer) for _ in range(8)]
    worker = start(*LANE)
    wait_for(lambda: len(list(tmp_path.iterdir())) == 4)
    assert count("sending") == 12
    stopped = [worker.pid, *children_of(worker.pid)]
    _signal(stopped, signal.SIGSTOP)
    try:
        with clock.frozen(clock.now() + timedelta(minutes=5)):
            assert sweep.expire_leases() == 12
        services.void_unsent("tests.record:1", by=None, reason="It was corrected.")
        time.sleep(WINDOW_SECONDS + SLACK_SECONDS)
    finally:
        # The host first: nobody tells it to stop, it must know by itself.
        _signal(stopped[1:], signal.SIGCONT)
        time.sleep(2)
        _signal(stopped[:1], signal.SIGCONT)
    time.sleep(3)
    assert set(partner.effects) <= {str(each.message_id) for each in begun}
    assert {each.state for each in Delivery.objects.all()} == {"void"}
    arrived = [each for each in begun if str(each.message_id) in partner.effects]
    for each in waiting + arrived:
        kinds = {task.kind for task in cases.tasks_of(each.case) if task.state == "open"}
        assert kinds == {"void_has_left" if each in arrived else "void_may_have_left"}


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        os.kill(pid, number)
