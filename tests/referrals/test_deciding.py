"""Approving, returning, declining, withdrawing: exactly what was seen leaves, and two people decide."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.ledger.selectors import entries_about
from coordination.outbox import selectors as outbox
from coordination.outbox import services as outbox_services
from coordination.partners import services as partners
from coordination.partners.services import Agency, Destination
from coordination.referrals import selectors, services
from coordination.referrals.models import Referral
from coordination.referrals.workflow import ReferralState
from tests.people import Cast, Glass
from tests.referrals.conftest import FACT, Draft, Seen


def _deliveries(referral: Referral) -> int:
    return outbox.deliveries_of(referral.origin).count()


def test_approval_inserts_one_delivery_for_each_recipient(
    in_review: Draft, senior_reviewer: User, seen: Seen, sheriff: Destination, springfield: Destination
) -> None:
    referral = in_review(to=[sheriff, springfield])
    approved = services.approve(referral, by=senior_reviewer, digests=seen(referral))
    assert approved.state == ReferralState.APPROVED
    assert approved.decided_by == senior_reviewer
    found = outbox.deliveries_of(referral.origin)
    assert {each.destination_id for each in found} == {sheriff.pk, springfield.pk}
    assert {each.state for each in found} == {"queued"}
    assert {each.lane for each in found} == {"P0"}


def test_filer_and_submitter_do_not_approve(
    draft: Draft, duty_officer: User, senior_reviewer: User, seen: Seen
) -> None:
    referral = services.submit(draft(by=duty_officer), by=senior_reviewer)
    for person in (duty_officer, senior_reviewer):
        with pytest.raises(Refused) as caught:
            services.approve(referral, by=person, digests=seen(referral))
        assert caught.value.rule == "referrals.two-people"
        assert not _deliveries(referral)


@pytest.mark.parametrize("role", ["safety_liaison", "reviewer", "custodian", "auditor", "officer"])
def test_who_does_not_approve_may_not(role: str, in_review: Draft, cast: Cast, seen: Seen) -> None:
    referral = in_review()
    with pytest.raises(NotPermitted):
        services.approve(referral, by=cast(role, username="another"), digests=seen(referral))


def test_another_digest_than_the_frozen_one_lets_nothing_leave(
    in_review: Draft, senior_reviewer: User, seen: Seen, sheriff: Destination, springfield: Destination
) -> None:
    referral = in_review(to=[sheriff, springfield])
    digests = seen(referral)
    digests[max(digests)] = "sha256:" + "0" * 64
    with pytest.raises(Conflict):
        services.approve(referral, by=senior_reviewer, digests=digests)
    assert not _deliveries(referral)
    referral.refresh_from_db()
    assert referral.state == ReferralState.IN_REVIEW


def test_a_recipient_not_looked_at_lets_nothing_leave(
    in_review: Draft, senior_reviewer: User, seen: Seen, sheriff: Destination, springfield: Destination
) -> None:
    referral = in_review(to=[sheriff, springfield])
    digests = seen(referral)
    digests.popitem()
    with pytest.raises(InvalidInput) as caught:
        services.approve(referral, by=senior_reviewer, digests=digests)
    assert caught.value.field == "digests"
    assert not _deliveries(referral)


def test_a_destination_changed_after_submission_lets_nothing_leave(
    in_review: Draft, senior_reviewer: User, seen: Seen, sheriff: Destination
) -> None:
    referral = in_review()
    config = {**sheriff.config, "endpoint": "http://127.0.0.1:10/elsewhere"}
    partners.change_destination(sheriff, by=None, config=config)
    with pytest.raises(Conflict):
        services.approve(referral, by=senior_reviewer, digests=seen(referral))
    assert not _deliveries(referral)


def test_p0_approval_opens_the_task_to_phone_with_number_and_script(
    draft: Draft, liaison: User, senior_reviewer: User, seen: Seen
) -> None:
    referral = draft()
    place = {**FACT, "label": "Place", "value": "Harrow County", "category": "location"}
    services.add_fact(referral, by=liaison, **place)
    services.submit(referral, by=liaison)
    services.approve(referral, by=senior_reviewer, digests=seen(referral))
    task = cases.open_task("phone_now", referral.origin)
    assert task is not None
    assert task.priority == "P0"
    assert task.due_at is not None
    for words in ("+1 970 555 0110", "checked 2026-09-14", "danger to life in your area"):
        assert words in task.instructions


def test_the_call_starts_with_the_recipients_number_and_a_script_without_gaps(
    approved: Draft, settings: Any, agency: Agency
) -> None:
    settings.PLATFORM_NAME, settings.CONTACT_PHONE = "Riverside", "+1 415 555 0100"
    referral = approved()
    task = cases.open_task("phone_now", referral.origin)
    assert task is not None
    words = task.instructions
    assert words.startswith(f"{agency}, from our directory: {agency.phone}")
    assert "the safety desk of Riverside" in words
    assert f"read you its reference, {referral.reference}" in words
    assert "our number that is answered at any hour, +1 415 555 0100" in words


def test_a_crisis_line_is_called_itself_and_no_call_centre_is_looked_for(
    approved: Draft, agency: Agency
) -> None:
    agency.kind = "responder"
    agency.save()
    referral = approved()
    task = cases.open_task("phone_now", referral.origin)
    assert task is not None
    assert agency.phone in task.instructions
    assert "No call centre is on record" not in task.instructions


def test_a_place_that_only_the_user_named_is_not_called(
    draft: Draft, liaison: User, senior_reviewer: User, seen: Seen
) -> None:
    referral = draft()
    place = {**FACT, "value": "Springfield, Texas", "category": "location", "provenance": "claimed_by_user"}
    services.add_fact(referral, by=liaison, **place)
    services.submit(referral, by=liaison)
    services.approve(referral, by=senior_reviewer, digests=seen(referral))
    task = cases.open_task("phone_now", referral.origin)
    assert task is not None
    assert "+1 903 555 0117" not in task.instructions
    assert "Do not call 911 or 112" in task.instructions


def test_a_normal_referral_rings_nobody(approved: Draft) -> None:
    referral = approved(priority="normal")
    assert cases.open_task("phone_now", referral.origin) is None


def test_return_voids_what_was_frozen_and_keeps_the_reason(
    in_review: Draft, senior_reviewer: User, liaison: User, seen: Seen
) -> None:
    referral = in_review()
    before = seen(referral)
    returned = services.return_(referral, by=senior_reviewer, reason="Name the school.")
    assert returned.state == ReferralState.DRAFT
    assert returned.decision_reason == "Name the school."
    assert [message.state for message in outbox.messages_of(referral.origin)] == ["void"]
    services.revise(referral, by=liaison, feared="A shooting at Harrow High School.")
    services.submit(referral, by=liaison)
    assert seen(referral) != before
    with pytest.raises(Conflict):
        services.approve(referral, by=senior_reviewer, digests=before)


def test_decline_needs_a_reason_and_sends_nothing(in_review: Draft, senior_reviewer: User) -> None:
    referral = in_review()
    with pytest.raises(InvalidInput) as caught:
        services.decline(referral, by=senior_reviewer, reason=" ")
    assert caught.value.field == "reason"
    assert services.decline(referral, by=senior_reviewer, reason="A quotation.").state == "declined"
    assert [message.state for message in outbox.messages_of(referral.origin)] == ["void"]


def test_withdrawal_after_approval_voids_what_has_not_left(approved: Draft, liaison: User) -> None:
    referral = services.withdraw(approved(), by=liaison, reason="It was settled by telephone.")
    assert referral.state == ReferralState.WITHDRAWN
    assert [each.state for each in outbox.deliveries_of(referral.origin)] == ["void"]


def test_withdrawal_is_refused_once_it_is_on_its_way(
    approved: Draft, liaison: User, sheriff: Destination, springfield: Destination
) -> None:
    referral = approved(to=[sheriff, springfield])
    first = outbox.deliveries_of(referral.origin)[0]
    type(first).objects.filter(pk=first.pk).update(
        state="sending", lease_token="0190a1b2-0000-7000-8000-000000000000", lease_until=first.due_at
    )
    with pytest.raises(Refused, match="correct it"):
        services.withdraw(referral, by=liaison, reason="Too late.")
    assert {each.state for each in outbox.deliveries_of(referral.origin)} == {"sending", "queued"}


def test_the_ledger_holds_every_step_and_no_words(approved: Draft) -> None:
    referral = approved()
    entries = entries_about(referral.reference)
    actions = [entry.action for entry in entries]
    assert actions[0] == "referrals.filed"
    assert actions[-2:] == ["referrals.submitted", "referrals.approved"]
    assert all(b"A shooting" not in bytes(entry.entry) for entry in entries)


# Break glass


@pytest.fixture
def alone(draft: Draft, duty_officer: User) -> Referral:
    """A referral that the duty officer filed and submitted, at night, alone."""
    return services.submit(draft(by=duty_officer), by=duty_officer)


def test_ins_06_breaking_glass_alerts_two_others_and_opens_a_review(
    alone: Referral, duty_officer: User, seen: Seen, break_glass: Glass
) -> None:
    glass = break_glass(duty_officer)
    approved = services.approve(
        alone,
        by=duty_officer,
        digests=seen(alone),
        break_glass=True,
        reason="Nobody answers; Monday is today.",
    )
    assert approved.break_glass
    assert _deliveries(alone) == 1
    review = cases.open_task("break_glass_review", alone.origin)
    assert review is not None
    assert review.role == "senior_reviewer"
    assert review.due_at is not None
    for role in ("duty_officer", "counsel"):
        alert = cases.open_task(f"break_glass_alert_{role}", alone.origin)
        assert alert is not None
        assert (alert.role, alert.priority) == (role, "P0")
    codes = {deadline.code for deadline in cases.deadlines_of(alone.case)}
    assert "policy.break-glass-review" in codes
    deeds = [leaf.data["details"] for leaf in entries_about(alone.reference)]
    assert deeds[-1]["under_break_glass"] == glass.reference
    assert "under_break_glass" not in deeds[0]


@pytest.mark.parametrize("how", ["never opened", "ended", "an hour ago"])
def test_ins_06_nobody_approves_alone_but_under_break_glass(
    how: str, alone: Referral, duty_officer: User, seen: Seen, break_glass: Glass
) -> None:
    with clock.frozen(clock.now() - timedelta(minutes=60 if how == "an hour ago" else 59)):
        glass = break_glass(duty_officer) if how != "never opened" else None
    if glass and how == "ended":
        access.end_break_glass(glass, by=duty_officer)
    with pytest.raises(Refused) as caught:
        services.approve(alone, by=duty_officer, digests=seen(alone), break_glass=True, reason="Now.")
    assert caught.value.rule == "access.break-glass"
    assert not _deliveries(alone)


def test_breaking_glass_needs_the_permission(draft: Draft, senior_reviewer: User, seen: Seen) -> None:
    referral = services.submit(draft(by=senior_reviewer), by=senior_reviewer)
    with pytest.raises(NotPermitted):
        services.approve(
            referral, by=senior_reviewer, digests=seen(referral), break_glass=True, reason="Urgent."
        )


def test_breaking_glass_needs_a_reason(alone: Referral, duty_officer: User, seen: Seen) -> None:
    with pytest.raises(InvalidInput) as caught:
        services.approve(alone, by=duty_officer, digests=seen(alone), break_glass=True)
    assert caught.value.field == "reason"
    assert not _deliveries(alone)


def test_breaking_glass_needs_a_danger_to_life(draft: Draft, duty_officer: User, seen: Seen) -> None:
    referral = draft(by=duty_officer, danger_to_life=False, danger_reason="", priority="normal")
    referral.items.update(category="own_assessment", basis="us.own")
    referral.facts.all().delete()
    services.submit(referral, by=duty_officer)
    with pytest.raises(Refused) as caught:
        services.approve(
            referral, by=duty_officer, digests=seen(referral), break_glass=True, reason="Urgent."
        )
    assert caught.value.rule == "referrals.break-glass"


def test_another_person_approves_in_the_ordinary_way_even_with_the_glass_in_hand(
    in_review: Draft, duty_officer: User, seen: Seen
) -> None:
    referral = in_review()
    approved = services.approve(
        referral, by=duty_officer, digests=seen(referral), break_glass=True, reason="At once."
    )
    assert not approved.break_glass
    assert cases.open_task("break_glass_review", referral.origin) is None


def test_a_referral_is_not_closed_before_the_emergency_approval_was_reviewed(
    alone: Referral, duty_officer: User, senior_reviewer: User, seen: Seen, break_glass: Glass
) -> None:
    break_glass(duty_officer)
    services.approve(alone, by=duty_officer, digests=seen(alone), break_glass=True, reason="Nobody answers.")
    services.report_outcome(selectors.addressees_of(alone).get(), outcome="arrest")
    services.review(alone, by=senior_reviewer, notes="Right, and in time.")
    with pytest.raises(Refused):
        services.close(alone, by=senior_reviewer)
    case_services.end_tasks(
        about=alone.origin, kind="break_glass_review", outcome="It was right.", by=senior_reviewer
    )
    assert services.close(alone, by=senior_reviewer).state == ReferralState.CLOSED


def test_approving_twice_is_refused(approved: Draft, duty_officer: User, seen: Seen) -> None:
    referral = approved()
    with pytest.raises(IllegalTransition):
        services.approve(referral, by=duty_officer, digests=seen(referral))
    assert _deliveries(referral) == 1


def test_a_held_delivery_that_was_voided_by_itself_does_not_stop_a_withdrawal(
    approved: Draft, liaison: User, sheriff: Destination, springfield: Destination
) -> None:
    referral = approved(to=[sheriff, springfield])
    outbox_services.void(outbox.messages_of(referral.origin)[0], by=None, reason="Sent by telephone instead.")
    assert services.withdraw(referral, by=liaison, reason="Settled.").state == ReferralState.WITHDRAWN


def test_the_database_too_refuses_one_person_alone(approved: Draft) -> None:
    referral = approved()
    with pytest.raises(IntegrityError), transaction.atomic():
        Referral.objects.filter(pk=referral.pk).update(decided_by=referral.filed_by)
