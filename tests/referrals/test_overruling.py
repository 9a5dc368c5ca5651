"""Nobody who had a part in a referral sends it past what holds it, whoever approved it."""

import pytest

from coordination.access.services import User
from coordination.core.errors import Refused
from coordination.outbox import selectors as outbox
from coordination.outbox import services as outbox_services
from coordination.outbox.models import Delivery
from coordination.referrals import services
from tests.referrals.conftest import Draft, Seen


def test_ins_06_who_wrote_part_of_it_does_not_release_what_a_plugins_objection_holds(
    draft: Draft, liaison: User, duty_officer: User, senior_reviewer: User, seen: Seen
) -> None:
    referral = draft()
    services.revise(referral, by=duty_officer, feared="Another thing.")
    referral = services.submit(referral, by=liaison)
    services.approve(referral, by=senior_reviewer, digests=seen(referral))
    delivery = outbox.deliveries_of(referral.origin).get()
    Delivery.objects.filter(pk=delivery.pk).update(state="held", held_for="objection")
    with pytest.raises(Refused) as caught:
        outbox_services.release(delivery, by=duty_officer, reason="It is fine.")
    assert caught.value.rule == "referrals.two-people"
    released = outbox_services.release(delivery, by=senior_reviewer, reason="Looked at.")
    assert (released.state, released.held_for) == ("queued", "")
