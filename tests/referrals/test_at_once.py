"""Two people decide at the same moment: one decision stands."""

import pytest

from coordination.access.services import User
from coordination.core.errors import CoordinationError
from coordination.outbox import selectors as outbox
from coordination.referrals import services
from coordination.referrals.models import Referral
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
