"""Two acts at the same moment: whoever records, releases or sweeps meets whoever takes back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connections, transaction

from coordination.access.services import User
from coordination.channels.testing import FakePartner, Situation
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.outbox import claims, dispatch, recording, services, sweep
from coordination.outbox.models import Delivery, Message
from coordination.outbox.retries import Verdict
from coordination.outbox.workflow import DeliveryVerb
from tests.outbox.factories import a_delivery, a_destination, drain
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def _void() -> Any:
    return services.void_unsent("tests.record:1", by=None, reason="Corrected.")


@contextmanager
def _voiding_not_yet_committed() -> Iterator[Callable[[], None]]:
    """Void in a transaction of another connection; it commits when the yielded function is called."""
    done, commit = threading.Event(), threading.Event()

    def work() -> None:
        try:
            with transaction.atomic():
                _void()
                done.set()
                commit.wait(10)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    assert done.wait(10)
    try:
        yield commit.set
    finally:
        commit.set()
        thread.join(10)


def _states(delivery: Delivery) -> tuple[str, str]:
    delivery.refresh_from_db()
    return delivery.state, Message.objects.get(pk=delivery.message_id).state


@pytest.mark.parametrize("verb", [DeliveryVerb.RETRY, DeliveryVerb.RETURN, DeliveryVerb.HOLD])
def test_a_record_that_waits_for_a_voiding_sees_it(
    verb: DeliveryVerb, partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    batch = claims.claim(destination.pk, "normal", 0, now=clock.now(), lease=timedelta(seconds=30))
    assert batch is not None
    (claim,) = batch.claims
    verdict = Verdict(claim=claim, verb=verb, attempts_made=1, due_at=claim.due_at)
    with _voiding_not_yet_committed() as commit:
        threading.Timer(0.3, commit).start()
        recording.record([verdict])  # begins before the voiding commits, and waits for it
    assert _states(delivery) == ("void", "void")


def test_what_is_being_voided_is_not_claimed_and_does_not_keep_a_drain_busy(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "LONGEST_SECONDS", 0.6)
    claimed: list[int] = []
    claim = claims.claim

    def count(*args: Any, **options: Any) -> Any:
        claimed.append(1)
        return claim(*args, **options)

    monkeypatch.setattr(dispatch.claims, "claim", count)
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    with _voiding_not_yet_committed():
        assert drain(destination).more
    assert len(claimed) <= 7
    assert partner.requests == []
    assert _states(delivery) == ("void", "void")


def test_releasing_and_voiding_at_once_never_leaves_a_void_message_queued(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    for _ in range(10):
        delivery = a_delivery(destination, "permanent", by=senior_reviewer)
        drain(destination)
        released, voided = at_once(
            lambda each=delivery: services.release(each, by=senior_reviewer, reason="Again."),  # type: ignore[misc]
            _void,
        )
        assert isinstance(released, Delivery | Refused)
        assert [each.pk for each in voided] == [delivery.pk]
        assert _states(delivery) == ("void", "void")


def test_sending_and_voiding_at_once_ends_void_or_says_that_it_left(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    for _ in range(10):
        delivery = a_delivery(destination, by=senior_reviewer)
        _, voided = at_once(lambda: drain(destination), _void)
        state, message = _states(delivery)
        left = str(delivery.message_id) in partner.effects
        assert state == ("accepted" if left else "void")
        assert message == ("void" if voided else "approved")


def test_two_drains_and_a_sweep_at_once_send_each_message_once(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url, channel="scripted_once")
    deliveries = [a_delivery(destination, by=senior_reviewer) for _ in range(12)]
    at_once(lambda: drain(destination), lambda: drain(destination), sweep.sweep)
    drain(destination)
    ids = [request.headers["webhook-id"] for request in partner.requests]
    assert sorted(ids) == sorted(str(each.message_id) for each in deliveries)


def test_two_sweeps_at_once_decide_once(
    partner: FakePartner, senior_reviewer: User, owner: psycopg.Connection
) -> None:
    partner.be(Situation.FAILS)
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    claims.claim(destination.pk, "normal", 0, now=clock.now(), lease=timedelta(seconds=30))
    owner.execute("UPDATE outbox_delivery SET lease_until = now() - interval '1 second'")
    assert sorted(at_once(sweep.expire_leases, sweep.expire_leases)) == [0, 1]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts.count()) == ("queued", 1)
    assert delivery.due_at <= clock.now()
