"""Whoever wrote any of a referral does not approve it, whoever filed and submitted it."""

from collections.abc import Callable
from typing import Any

import pytest

from coordination.access.services import User
from coordination.core.errors import Refused
from coordination.core.fields import SealedField
from coordination.partners.services import Destination
from coordination.referrals import selectors, services
from coordination.referrals.models import Referral
from tests.people import Glass
from tests.referrals.conftest import FACT, ITEM, Draft, Seen

WRITING: dict[str, Callable[[Referral, User, Destination], Any]] = {
    "revise": lambda referral, by, _: services.revise(referral, by=by, feared="Another thing."),
    "add an item": lambda referral, by, _: services.add_item(referral, by=by, **ITEM),
    "remove an item": lambda referral, by, _: services.remove_item(referral.items.get(), by=by),
    "add a fact": lambda referral, by, _: services.add_fact(referral, by=by, **FACT),
    "add a recipient": lambda referral, by, to: services.add_addressee(referral, by=by, destination=to),
}


@pytest.mark.parametrize("deed", WRITING)
def test_ins_06_who_wrote_part_of_it_does_not_approve_it(  # noqa: PLR0917 - fixtures
    deed: str, draft: Draft, liaison: User, senior_reviewer: User, springfield: Destination, seen: Seen
) -> None:
    referral = draft()
    if deed == "remove an item":
        services.add_fact(referral, by=liaison, **FACT)
    WRITING[deed](referral, senior_reviewer, springfield)
    referral = services.submit(referral, by=liaison)
    with pytest.raises(Refused) as caught:
        services.approve(referral, by=senior_reviewer, digests=seen(referral))
    assert caught.value.rule == "referrals.two-people"
    allowed, why_not = selectors.may_approve(referral, senior_reviewer)
    assert (allowed, "wrote" in why_not) == (False, True)
    assert senior_reviewer in selectors.writers_of(referral)
    assert senior_reviewer not in selectors.approvers_of(referral)


def test_who_submitted_an_earlier_round_does_not_approve_a_later_one(
    draft: Draft, liaison: User, senior_reviewer: User, duty_officer: User, seen: Seen
) -> None:
    referral = services.submit(draft(), by=senior_reviewer)
    services.return_(referral, by=duty_officer, reason="Name the school.")
    referral = services.submit(referral, by=liaison)
    with pytest.raises(Refused):
        services.approve(referral, by=senior_reviewer, digests=seen(referral))
    services.approve(referral, by=duty_officer, digests=seen(referral))


def test_a_writer_breaks_the_glass_where_nobody_else_is_there(
    draft: Draft, liaison: User, duty_officer: User, seen: Seen, break_glass: Glass
) -> None:
    referral = draft()
    services.revise(referral, by=duty_officer, feared="Another thing.")
    referral = services.submit(referral, by=liaison)
    assert selectors.may_break_glass(referral, duty_officer)
    break_glass(duty_officer)
    approved = services.approve(
        referral, by=duty_officer, digests=seen(referral), break_glass=True, reason="Nobody answers."
    )
    assert approved.break_glass


def test_reporter_and_time_are_sealed() -> None:
    sealed = {field.name for field in Referral._meta.get_fields() if isinstance(field, SealedField)}
    assert {"reporter", "feared_when"} <= sealed
