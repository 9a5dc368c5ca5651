"""Two people decide at the same moment: one decision stands."""

from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from coordination.access.services import User
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.core.deadlocks import outlasting
from coordination.core.errors import CoordinationError, Refused
from coordination.outbox import claims, hosts, recording, retries
from coordination.outbox import selectors as outbox
from coordination.partners.services import Destination
from coordination.referrals import services
from coordination.referrals.models import Referral
from coordination.referrals.services import correcting, hearing
from tests.referrals.conftest import Draft, Seen
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_approvals_at_once_make_one_delivery(
    in_review: Draft, senior_reviewer: User, duty_officer: User, seen: Seen
) -> None:
    referral = in_review()
    digests = seen(referral)
    results = at_once(
        lambda: services.approve(referral, by=senior_reviewer, digests=digests),
        lambda: services.approve(referral, by=duty_officer, digests=digests),
    )
    assert sorted(type(each).__name__ for each in results) == ["IllegalTransition", "Referral"]
    assert outbox.deliveries_of(referral.origin).count() == 1


def test_an_approval_and_a_withdrawal_at_once_leave_nothing_half_done(
    in_review: Draft, senior_reviewer: User, liaison: User, seen: Seen
) -> None:
    referral = in_review()
    digests = seen(referral)
    results = at_once(
        lambda: services.approve(referral, by=senior_reviewer, digests=digests),
        lambda: services.withdraw(referral, by=liaison, reason="A quotation."),
    )
    assert not isinstance(results[1], CoordinationError)  # withdrawing is allowed before and after
    assert Referral.objects.get().state == "withdrawn"
    assert {each.state for each in outbox.deliveries_of(referral.origin)} <= {"void"}


def test_a_record_and_a_withdrawal_that_wait_for_each_other_are_both_done(
    approved: Draft, liaison: User, sheriff: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recording locks the delivery and then the referral; withdrawing locks them the other way round."""
    referral = approved()
    checked, recorded = Event(), Event()
    stop, lock = correcting.stop_sending, hearing.lock

    def stop_late(*args: Any, **options: Any) -> None:
        checked.set()
        recorded.wait(10)
        stop(*args, **options)

    def lock_late(it: Referral) -> Referral:
        recorded.set()
        return lock(it)

    def record() -> None:
        checked.wait(10)
        batch = claims.claim(sheriff.pk, "P0", 0, now=clock.now(), lease=timedelta(minutes=1))
        assert batch is not None
        (claim,) = batch.claims
        told = Receipt(message_id=str(claim.message_id), level=ReceiptLevel.ACCEPTED, occurred_at=clock.now())
        outcome = hosts.Outcome(
            message_id=str(claim.message_id), kind=hosts.Kind.RECEIPT, receipt=told, finished_at=clock.now()
        )
        recording.record([retries.judge(claim, outcome, deduplicates=True, now=clock.now())])

    monkeypatch.setattr(correcting, "stop_sending", stop_late)
    monkeypatch.setattr(hearing, "lock", lock_late)
    withdrawn, kept = at_once(
        lambda: outlasting(lambda: services.withdraw(referral, by=liaison, reason="A quotation.")), record
    )
    # Whichever the database ended: it has left, so it stands.
    assert isinstance(withdrawn, Refused), withdrawn
    assert kept is None
    referral.refresh_from_db()
    assert referral.state == "sent"
    assert [each.state for each in outbox.deliveries_of(referral.origin)] == ["accepted"]
