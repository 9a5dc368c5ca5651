"""Approving many in a short time is not reading them: one person may do ten in ten minutes."""

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.outbox import selectors as outbox
from coordination.partners.services import Destination
from coordination.referrals import services
from coordination.referrals.models import Referral
from coordination.referrals.workflow import ReferralState
from tests.people import Cast
from tests.referrals.conftest import Draft, Seen


@pytest.fixture(autouse=True)
def _two(settings: Any) -> None:
    settings.APPROVALS_AT_MOST, settings.APPROVALS_WITHIN = 2, timedelta(minutes=10)


@pytest.fixture
def waiting(in_review: Draft) -> list[Referral]:
    return [in_review(priority="normal") for _ in range(3)]


def test_INS_03_whoever_approves_too_many_in_a_short_time_is_refused(
    waiting: list[Referral], senior_reviewer: User, cast: Cast, seen: Seen
) -> None:
    first, second, third = waiting
    began = clock.now()
    with clock.frozen(began):
        services.approve(first, by=senior_reviewer, digests=seen(first))
    with clock.frozen(began + timedelta(minutes=2)):
        services.approve(second, by=senior_reviewer, digests=seen(second))
        with pytest.raises(Refused) as refused:
            services.approve(third, by=senior_reviewer, digests=seen(third))
        assert refused.value.rule == "referrals.approval-pace"
        assert f"{began + timedelta(minutes=10):%H:%M:%S} UTC" in str(refused.value)
        assert not outbox.deliveries_of(third.origin).exists()
    with clock.frozen(began + timedelta(minutes=10)):
        services.approve(third, by=senior_reviewer, digests=seen(third))
    third.refresh_from_db()
    assert third.state == ReferralState.APPROVED


def test_INS_03_another_person_approves_meanwhile(
    waiting: list[Referral], senior_reviewer: User, cast: Cast, seen: Seen
) -> None:
    for each in waiting[:2]:
        services.approve(each, by=senior_reviewer, digests=seen(each))
    other = cast("senior_reviewer", username="another")
    services.approve(waiting[2], by=other, digests=seen(waiting[2]))


def test_a_danger_to_life_waits_for_nothing_and_uses_nothing_up(
    waiting: list[Referral], in_review: Draft, senior_reviewer: User, seen: Seen
) -> None:
    for each in [in_review(), in_review(), *waiting[:2], in_review()]:
        services.approve(each, by=senior_reviewer, digests=seen(each))


def test_one_referral_to_several_recipients_is_one_approval(
    in_review: Draft, sheriff: Destination, springfield: Destination, senior_reviewer: User, seen: Seen
) -> None:
    for _ in range(2):
        referral = in_review(to=[sheriff, springfield], priority="normal")
        services.approve(referral, by=senior_reviewer, digests=seen(referral))


@pytest.mark.django_db(transaction=True)
def test_INS_03_many_at_once_do_not_slip_through(
    waiting: list[Referral], senior_reviewer: User, seen: Seen
) -> None:
    refused: list[Refused] = []

    def approve(referral: Referral) -> None:
        try:
            services.approve(referral, by=senior_reviewer, digests=seen(referral))
        except Refused as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [Thread(target=approve, args=[each]) for each in waiting]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(refused) == 1
