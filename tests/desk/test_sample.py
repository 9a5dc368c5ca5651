"""INS-03: of what was approved in a week some are drawn, and an auditor looks at them again."""

from datetime import timedelta

import pytest
from django.db import transaction

from coordination.access import reviewadmin, services
from coordination.access.services import User
from coordination.core import clock
from coordination.ledger import selectors as ledger
from coordination.ledger import services as recording
from tests.desk.conftest import Things
from tests.doors import SignIn

pytestmark = pytest.mark.django_db(transaction=True)


def test_INS_03_an_auditor_is_led_to_a_sample_of_what_was_approved(
    things: Things, sign_in: SignIn, auditor: User, senior_reviewer: User
) -> None:
    with clock.frozen(clock.now() + timedelta(days=7)):
        (review,) = services.open_ledger_reviews(clock.now())
        page = sign_in(auditor).get(f"/admin/access/ledgerreview/{review.pk}/change/")
        (drawn,) = page.context["sample"]
        assert drawn["by"] == senior_reviewer
        assert drawn["url"] in page.content.decode()
        shown = sign_in(auditor).get(drawn["url"], follow=True)
    assert shown.status_code == 200
    assert "Delivery of" in shown.content.decode()


def test_INS_03_the_sample_is_of_ten_and_stays_what_it_is(
    db: None, counsel: User, auditor: User, sign_in: SignIn
) -> None:
    now = clock.now()
    with transaction.atomic():
        for number in range(40):
            details = {"delivery": number}
            recording.record(reviewadmin.APPROVED, subject="message:x", by=counsel, details=details)
    drawn = [ledger.sample_between(reviewadmin.APPROVED, now, clock.now(), 10) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 10
    assert [leaf.pk for leaf in drawn[0]] != sorted(leaf.pk for leaf in drawn[0]), "nobody chooses by time"
    assert ledger.sample_between(reviewadmin.APPROVED, clock.now(), clock.now(), 10) == []
