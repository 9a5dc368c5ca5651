"""Nothing is decided while the ledger cannot be written, and all of it can be decided afterwards."""

import pytest

from coordination.access.services import User
from coordination.ledger.services import LedgerUnwritable
from coordination.outbox import selectors as outbox
from coordination.outbox.models import Approval
from coordination.referrals import services
from tests.outage import Unwritable
from tests.referrals.conftest import Draft, Seen


def test_nothing_is_approved_while_the_ledger_cannot_be_written(
    in_review: Draft, senior_reviewer: User, seen: Seen, unwritable: Unwritable
) -> None:
    referral = in_review()
    with unwritable(), pytest.raises(LedgerUnwritable, match="nothing is shown, sent or changed"):
        services.approve(referral, by=senior_reviewer, digests=seen(referral))
    referral.refresh_from_db()
    assert referral.state == "in_review"
    assert not outbox.deliveries_of(referral.origin).exists()
    assert not Approval.objects.exists()
    services.approve(referral, by=senior_reviewer, digests=seen(referral))
    assert outbox.deliveries_of(referral.origin).count() == 1
