"""The worker as an operator runs it: started, stopped, and hurt."""

import os
import signal
import time
from pathlib import Path

import pytest

from coordination.access.services import User
from coordination.channels.testing import FakePartner
from coordination.outbox.lane import LANES
from coordination.outbox.models import Delivery
from coordination.outbox.working import QUEUES
from tests.faults.conftest import Start, children_of, count, wait_for
from tests.outbox.factories import a_delivery, a_destination

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


def test_sigterm_finishes_and_records_what_is_in_hand_within_the_grace(
    start: Start, partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    for _ in range(12):
        a_delivery(destination, "sleep 1", by=senior_reviewer)
    worker = start("manage.py", "worker", "--lanes", "bulk", "--grace", "8")
    wait_for(lambda: partner.contacts or count("sending"))
    time.sleep(0.7)  # the first four are under way
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0
    assert time.monotonic() - began < 8
    assert count("sending") == 0
    states = list(Delivery.objects.values_list("state", "attempts_made"))
    # What was under way is recorded as it ended; what was not begun waits as if it had not been touched.
    assert 1 <= states.count(("accepted", 1)) < 12
    assert set(states) == {("accepted", 1), ("queued", 0)}
    assert len(partner.effects) == states.count(("accepted", 1))


def test_what_hangs_longer_than_the_grace_is_broken_off_and_recorded(
    start: Start, partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url, channel="scripted_once")
    a_delivery(destination, "sleep 60", by=senior_reviewer)
    worker = start("manage.py", "worker", "--lanes", "bulk", "--grace", "4")
    wait_for(lambda: count("sending"))
    time.sleep(2)  # its host has started, and has begun it
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert count("unknown") == 1


def test_a_lane_that_dies_is_started_again(start: Start, partner: FakePartner, senior_reviewer: User) -> None:
    worker = start("manage.py", "worker", "--lanes", "p0,bulk", "--grace", "3")
    before = wait_for(lambda: len(children_of(worker.pid)) == 2 and children_of(worker.pid))
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(children_of(worker.pid)) == 2 and not set(before) & set(children_of(worker.pid)))
    destination = a_destination(partner.url)
    a_delivery(destination, by=senior_reviewer)
    a_delivery(destination, by=senior_reviewer, lane="P0")
    wait_for(lambda: count("accepted") == 2)


def test_the_supervisors_sweep_finds_a_lost_wake_up(
    start: Start, partner: FakePartner, senior_reviewer: User
) -> None:
    from django.db import connection

    destination = a_destination(partner.url)
    a_delivery(destination, by=senior_reviewer)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    start("manage.py", "worker", "--lanes", "bulk", "--grace", "3")
    wait_for(lambda: count("accepted") == 1)


def test_when_the_supervisor_is_killed_its_lanes_go_too(start: Start) -> None:
    worker = start("manage.py", "worker", "--lanes", "bulk", "--grace", "3")
    (lane,) = wait_for(lambda: children_of(worker.pid))
    time.sleep(2)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    def gone() -> bool:
        try:
            return Path(f"/proc/{lane}/stat").read_text().split()[2] == "Z"
        except FileNotFoundError:
            return True

    wait_for(gone)


def test_a_worker_that_starts_well_warns_of_nothing(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    worker = start("manage.py", "worker", "--grace", "3", log_level="INFO")
    said = ""

    def every_lane_works() -> bool:
        nonlocal said
        said += capfd.readouterr().err
        return said.count("working with") == len(LANES)

    wait_for(every_lane_works, every=0.1)
    assert "WARNING" not in said, said
    assert set(LANES) == set(QUEUES)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
