"""What a crash leaves behind is found: wake-ups that were never queued, leases of the dead, stalled jobs."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.channels.testing import FakePartner
from coordination.core import clock
from coordination.outbox import claims, dispatch, sweep, wakeup
from coordination.outbox.models import Delivery
from tests.outbox.factories import a_delivery, a_destination, drain

pytestmark = pytest.mark.django_db(transaction=True)


def _sql(query: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall() if cursor.description else []


def _queued() -> list[str]:
    return [name for (name,) in _sql("SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo'")]


def _claimed(destination: Any) -> None:
    """Claim as a worker does that dies before it records."""
    claims.claim(destination.pk, "normal", 0, now=clock.now(), lease=timedelta(seconds=30))


def test_an_approval_queues_one_wake_up_after_commit(partner: FakePartner, senior_reviewer: User) -> None:
    destination = a_destination(partner.url)
    for _ in range(3):
        a_delivery(destination, by=senior_reviewer)
    assert _queued() == [f"outbox.drain:{destination.pk}:normal:0"]


def test_only_a_wake_up_alone_in_its_transaction_does_not_wait_for_the_disk(partner: FakePartner) -> None:
    destination = a_destination(partner.url)
    with transaction.atomic():
        assert wakeup.wake(destination.pk, "normal", 0)
        assert _sql("SHOW synchronous_commit") == [("on",)]
    _sql("DELETE FROM procrastinate_jobs")
    assert wakeup.wake(destination.pk, "normal", 0)
    assert _sql("SHOW synchronous_commit") == [("on",)]


def test_rel_02_a_delivery_whose_wake_up_was_never_queued_is_found_by_the_sweep(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    _sql("DELETE FROM procrastinate_jobs")
    assert sweep.sweep().woken == 1
    assert _queued() == [f"outbox.drain:{destination.pk}:normal:0"]
    assert sweep.sweep().woken == 0  # one is queued
    assert timedelta(seconds=30) >= sweep.EVERY
    drain(destination)
    delivery.refresh_from_db()
    assert delivery.state == "accepted"


def test_a_blocked_case_is_not_woken_for(partner: FakePartner, senior_reviewer: User) -> None:
    destination = a_destination(partner.url)
    first = a_delivery(destination, "temporary 100", by=senior_reviewer)
    drain(destination)
    a_delivery(destination, by=senior_reviewer, case=first.case)
    _sql("DELETE FROM procrastinate_jobs")
    assert sweep.sweep().woken == 0


def test_an_expired_lease_returns_to_the_queue_where_the_receiver_deduplicates(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    _claimed(destination)
    assert sweep.sweep().expired == 0
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        assert sweep.sweep().expired == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts_made) == ("queued", 1)
    assert [each.outcome for each in delivery.attempts.all()] == ["lost"]
    drain(destination)
    delivery.refresh_from_db()
    assert delivery.state == "accepted"


def test_an_expired_lease_is_unknown_with_a_task_where_it_does_not(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url, channel="scripted_once")
    delivery = a_delivery(destination, by=senior_reviewer)
    _claimed(destination)
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        sweep.sweep()
    delivery.refresh_from_db()
    assert delivery.state == "unknown"
    assert cases.tasks_of(delivery.case).get().kind == "delivery_unknown"


def test_who_lost_the_lease_has_no_say_but_what_the_partner_said_is_true(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url, channel="scripted_once")
    delivery = a_delivery(destination, by=senior_reviewer)
    send = dispatch.sending.send

    def slowly(*args: Any, **options: Any) -> Any:
        verdicts = send(*args, **options)
        with clock.frozen(clock.now() + timedelta(minutes=5)):
            sweep.expire_leases()
        assert Delivery.objects.get(pk=delivery.pk).state == "unknown"
        return verdicts

    monkeypatch.setattr(dispatch.sending, "send", slowly)
    drain(destination)
    delivery.refresh_from_db()
    assert delivery.state == "accepted"
    assert {each.state for each in cases.tasks_of(delivery.case)} == {"done"}


def test_a_lease_outlasts_everything_that_a_batch_can_take() -> None:
    assert dispatch.sending.lease_for(20.0) > timedelta(seconds=dispatch.sending.WINDOW_SECONDS + 2 * 20.0)


def test_stalled_drains_end_as_failed_and_other_stalled_jobs_run_again(db: None) -> None:
    insert = (
        "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, status)"
        " VALUES ('bulk', %s, %s, %s::procrastinate_job_status)"
    )
    _sql(insert, wakeup.DRAIN, "a", "doing")
    _sql(insert, wakeup.DRAIN, "a", "todo")
    _sql(insert, "outbox.poll", "b", "doing")
    _sql(insert, "cases.miss_deadlines", "c", "doing")
    _sql(insert, "cases.miss_deadlines", "c", "todo")
    assert sweep.sweep().stalled == 3
    found = _sql("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY 1, 2")
    assert found == [
        ("cases.miss_deadlines", "failed"),
        ("cases.miss_deadlines", "todo"),
        ("outbox.drain", "failed"),
        ("outbox.drain", "todo"),
        ("outbox.poll", "todo"),
    ]
