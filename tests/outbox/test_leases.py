"""Nothing begins to leave once its lease has run out, however long whoever held it stood still."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.channels.testing import FakePartner
from coordination.core import clock
from coordination.outbox import claims, dispatch, hosts, services, sweep
from coordination.outbox import sending as sending_
from coordination.outbox.halt import NEVER
from coordination.outbox.hosts import boot_seconds
from coordination.outbox.models import Delivery
from coordination.partners.services import Destination
from tests.outbox.factories import a_delivery, a_destination, drain

pytestmark = pytest.mark.django_db(transaction=True)

LEASE = timedelta(seconds=30)


def _claim(destination: Destination) -> list[claims.Claim]:
    batch = claims.claim(destination.pk, "normal", 0, now=clock.now(), lease=LEASE)
    return batch.claims if batch is not None else []


def _sweep_later() -> None:
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        sweep.sweep()


def _stands_still(monkeypatch: pytest.MonkeyPatch, meanwhile: Any) -> None:
    """Let the worker stand still for an hour between its claim and its host, and something happen."""
    use = hosts.Pool.use

    @contextmanager
    def slowly(self: hosts.Pool, *args: Any) -> Iterator[hosts.Host]:
        with use(self, *args) as host:
            monkeypatch.setattr(sending_, "boot_seconds", lambda: boot_seconds() + 3600)
            meanwhile()
            yield host

    monkeypatch.setattr(hosts.Pool, "use", slowly)


def _state(delivery: Delivery) -> str:
    delivery.refresh_from_db()
    return delivery.state


def test_what_was_swept_and_voided_while_a_worker_stood_still_does_not_leave(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)

    def meanwhile() -> None:
        _sweep_later()
        services.void_unsent("tests.record:1", by=None, reason="Corrected.")

    _stands_still(monkeypatch, meanwhile)
    drain(destination)
    assert partner.requests == []
    assert _state(delivery) == "void"
    assert [each.outcome for each in delivery.attempts.all()] == ["lost"]


def test_what_was_voided_while_a_worker_stood_still_does_not_leave_and_nobody_need_phone(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)

    def meanwhile() -> None:
        services.void_unsent("tests.record:1", by=None, reason="Corrected.")

    _stands_still(monkeypatch, meanwhile)
    drain(destination)
    assert partner.requests == []
    assert _state(delivery) == "void"
    assert (delivery.attempts_made, cases.tasks_of(delivery.case).count()) == (0, 0)


def test_a_lease_that_is_still_ours_is_taken_anew_with_one_statement(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url)
    sent = [a_delivery(destination, by=senior_reviewer) for _ in range(3)]
    taken: list[dict[int, bool]] = []

    def retake(*args: Any) -> dict[int, bool]:
        taken.append(claims.retake(*args))
        return taken[-1]

    monkeypatch.setattr(sending_, "retake", retake)
    _stands_still(monkeypatch, lambda: None)
    # The child asks the clock itself, and for it no time has passed.
    drain(destination)
    assert taken == [{each.pk: False for each in sent}]
    assert {_state(each) for each in sent} == {"accepted"}


def test_a_worker_that_sends_at_once_after_its_claim_asks_nothing(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    now = boot_seconds()
    # For the worker no time passes, however long its host takes to start.
    monkeypatch.setattr(sending_, "boot_seconds", lambda: now)
    monkeypatch.setattr(sending_, "retake", None)
    drain(destination)
    assert _state(delivery) == "accepted"


def test_a_lease_that_cannot_be_taken_anew_sends_nothing_and_the_delivery_waits(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)

    def fail(*_: Any) -> Any:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(sending_, "retake", fail)
    _stands_still(monkeypatch, lambda: None)
    drain(destination)
    assert partner.requests == []
    assert _state(delivery) == "queued"
    assert delivery.attempts.get().outcome == "temporary"


def test_only_what_has_not_run_out_is_taken_anew(partner: FakePartner, senior_reviewer: User) -> None:
    destination = a_destination(partner.url)
    deliveries = [a_delivery(destination, by=senior_reviewer) for _ in range(3)]
    batch = _claim(destination)
    past = clock.now() - timedelta(seconds=1)
    Delivery.objects.filter(pk=deliveries[0].pk).update(lease_until=past)
    services.record_receipt(*_news(deliveries[1]), source="inbound")
    assert claims.retake(batch, LEASE) == {deliveries[2].pk: False}


def _news(delivery: Delivery) -> Any:
    from coordination.channels import Receipt, ReceiptLevel

    level = ReceiptLevel.ACCEPTED
    receipt = Receipt(message_id=str(delivery.message_id), level=level, occurred_at=clock.now())
    return delivery.message_id, receipt


def test_once_the_sweep_decides_the_worker_has_no_say_even_before_that_is_recorded(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url)
    a_delivery(destination, by=senior_reviewer)
    batch = _claim(destination)
    with monkeypatch.context() as dying, clock.frozen(clock.now() + timedelta(minutes=5)):
        dying.setattr(sweep.recording, "record", lambda verdicts: None)
        sweep.sweep()
    assert claims.retake(batch, LEASE) == {}


@pytest.mark.parametrize(
    ("seconds", "kinds"), [(-1.0, {"returned": 8}), (0.3, {"receipt": 4, "returned": 4})]
)
def test_a_host_begins_nothing_after_the_time_that_it_was_told(
    seconds: float, kinds: dict[str, int], partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    for _ in range(8):
        a_delivery(destination, "sleep 0.5", by=senior_reviewer)
    spec = hosts.spec_for(destination.channel, destination.config)
    _, pairs = sending_._check(_claim(destination), destination)
    with hosts.pool().use(destination.pk, spec) as host:
        outcomes = host.deliver(
            [parcel for _, parcel in pairs], window=5.0, begin_by=boot_seconds() + seconds, halt=NEVER
        )
    found = [each.kind.value for each in outcomes]
    assert {each: found.count(each) for each in found} == kinds
    assert len(partner.requests) == kinds.get("receipt", 0)


def test_what_a_host_never_begins_counts_as_tried_and_waits(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordination.outbox.hosts.host.Host.deliver", _begins_none)
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    assert drain(destination).batches == 1
    assert _state(delivery) == "queued"
    assert delivery.attempts_made == 1
    assert delivery.due_at > clock.now() + timedelta(seconds=2)


def _begins_none(self: hosts.Host, parcels: Any, **_: Any) -> list[hosts.Outcome]:
    return [
        hosts.Outcome(message_id=each.attempt.message_id, kind=hosts.Kind.RETURNED, finished_at=clock.now())
        for each in parcels
    ]


def test_what_kills_its_worker_again_and_again_goes_to_a_human(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    for _ in range(6):
        # Killed at every start within minutes: that is not the message's doing.
        assert _claim(destination)
        _sweep_later()
        assert _state(delivery) == "queued"
    assert _claim(destination)
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        sweep.sweep()
    assert _state(delivery) == "unknown"
    assert "7 times" in delivery.last_error
    assert cases.tasks_of(delivery.case).get().kind == "delivery_unknown"
    # A human's word counts from nought.
    with clock.frozen(clock.now() + timedelta(minutes=20)):
        services.release(delivery, by=senior_reviewer, reason="The worker is mended.")
        assert _claim(destination)
        _sweep_later()
    assert _state(delivery) == "queued"


def test_what_was_lost_for_longer_than_anybody_waits_goes_to_a_human(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer, lane="P0")
    claims.claim(destination.pk, "P0", 0, now=clock.now(), lease=LEASE)
    with clock.frozen(clock.now() + timedelta(hours=2)):
        sweep.sweep()
    assert _state(delivery) == "unknown"


@pytest.mark.parametrize("asked", ["nan", "inf", "-inf", "-5", "1e300"])
def test_a_nonsensical_wait_loses_the_record_of_nothing(
    asked: str, partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    odd = a_delivery(destination, f"temporary {asked}", by=senior_reviewer)
    other = a_delivery(destination, by=senior_reviewer)
    drain(destination)
    assert _state(other) == "accepted"
    waits = {"inf": "failed", "1e300": "failed"}  # a day is longer than anybody waits for
    assert _state(odd) == waits.get(asked, "queued")
    assert odd.attempts.get().outcome == "temporary"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        (True, None),
        ("60", None),
        (float("nan"), None),
        (float("inf"), 86_400.0),
        (float("-inf"), 0.0),
        (-1, 0.0),
        (10**400, 86_400.0),
        (-(10**400), 0.0),
        (90, 90.0),
    ],
)
def test_a_wait_is_from_nought_to_a_day(value: object, seconds: float | None) -> None:
    assert hosts.seconds_to_wait(value) == seconds


def test_an_outcome_that_cannot_be_judged_loses_the_record_of_nothing_else(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url)
    odd = a_delivery(destination, by=senior_reviewer)
    others = [a_delivery(destination, by=senior_reviewer) for _ in range(3)]
    judge = sending_.judge

    def stumble(claim: claims.Claim, *args: Any, **options: Any) -> Any:
        if claim.delivery_id == odd.pk:
            raise OverflowError
        return judge(claim, *args, **options)

    monkeypatch.setattr(sending_, "judge", stumble)
    drain(destination)
    assert {_state(each) for each in others} == {"accepted"}
    assert _state(odd) == "unknown"
    assert odd.attempts_made == odd.attempts.count() == 1


def test_a_verdict_that_cannot_be_written_loses_the_record_of_nothing_else(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url)
    odd = a_delivery(destination, by=senior_reviewer)
    others = [a_delivery(destination, by=senior_reviewer) for _ in range(3)]
    row = dispatch.recording._row

    def stumble(verdict: Any, number: int) -> Any:
        if verdict.claim.delivery_id == odd.pk:
            raise ValueError
        return row(verdict, number)

    monkeypatch.setattr(dispatch.recording, "_row", stumble)
    drain(destination)
    assert {_state(each) for each in others} == {"accepted"}
    assert _state(odd) == "sending"  # until its lease runs out
