"""Filing, and working on the draft."""

from datetime import datetime

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.cases.services import Case
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, NotFound, NotPermitted
from coordination.ledger.selectors import entries_about
from coordination.partners import services as partners
from coordination.partners.services import Agency, Destination
from coordination.referrals import selectors, services
from coordination.referrals.workflow import ReferralState
from tests.people import Cast
from tests.referrals.conftest import DRAFT, FACT, ITEM, WAITS, Draft, overwrite


def test_filing_makes_a_draft_with_a_line_on_the_timeline_and_an_entry(case: Case, liaison: User) -> None:
    referral = services.file(case, by=liaison, **DRAFT)
    assert referral.state == ReferralState.DRAFT
    assert referral.filed_by == liaison
    assert any(event.about == referral.origin for event in cases.timeline(case))
    assert [entry.action for entry in entries_about(referral.reference)] == ["referrals.filed"]


@pytest.mark.parametrize(
    "role", ["custodian", "auditor", "administrator", "victim_liaison", "officer", "counsel"]
)
def test_who_does_not_file_may_not(role: str, case: Case, cast: Cast) -> None:
    with pytest.raises(NotPermitted):
        services.file(case, by=cast(role), **DRAFT)


def test_a_case_that_is_not_ones_own_is_not_found(case: Case, liaison: User, duty_officer: User) -> None:
    team = liaison.groups.get()
    case_services.revoke(case, principal=team, by=duty_officer)
    with pytest.raises(NotFound):
        services.file(case, by=liaison, **DRAFT)
    assert not selectors.visible_to(liaison).exists()


@pytest.mark.parametrize("field", ["title", "feared", "why_suspicious"])
def test_an_empty_field_is_named(field: str, case: Case, liaison: User) -> None:
    with pytest.raises(InvalidInput) as caught:
        services.file(case, by=liaison, **{**DRAFT, field: "  "})
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"danger_to_life": False, "danger_reason": ""}, ["danger_to_life", "danger_reason"]),
        ({"danger_to_life": False}, ["danger_to_life"]),
        ({"danger_reason": " "}, ["danger_reason"]),
        ({"title": "", "feared": " ", "priority": "P9"}, ["title", "feared", "priority"]),
    ],
)
def test_a_p0_states_the_danger_and_why_and_all_that_is_wrong_is_named(
    fields: dict[str, object], named: list[str], case: Case, liaison: User, draft: Draft
) -> None:
    referral = draft()
    acts = [
        lambda: services.file(case, by=liaison, **{**DRAFT, **fields}),  # type: ignore[arg-type]
        lambda: services.revise(referral, by=liaison, **fields),
    ]
    for act in acts:
        with pytest.raises(InvalidInput) as caught:
            act()
        assert sorted(each.field for each in caught.value.errors) == sorted(named)
    referral.refresh_from_db()
    assert referral.danger_to_life
    assert selectors.visible_to(liaison).count() == 1


def test_a_draft_is_not_made_p0_without_a_danger(draft: Draft, liaison: User) -> None:
    referral = draft(danger_to_life=False, danger_reason="", priority="normal")
    with pytest.raises(InvalidInput) as caught:
        services.revise(referral, by=liaison, priority="P0")
    assert [each.field for each in caught.value.errors] == ["danger_to_life", "danger_reason"]


def test_revise_changes_the_draft(draft: Draft, liaison: User) -> None:
    revised = services.revise(draft(), by=liaison, feared="Something else.", feared_when="Next week")
    revised.refresh_from_db()
    assert (revised.feared, revised.feared_when) == ("Something else.", "Next week")


def test_a_danger_to_life_at_normal_priority_says_why_it_waits(draft: Draft, liaison: User) -> None:
    referral = draft()
    with pytest.raises(InvalidInput) as caught:
        services.revise(referral, by=liaison, priority="normal")
    assert [each.field for each in caught.value.errors] == ["priority_reason"]
    services.revise(referral, by=liaison, priority="normal", priority_reason=WAITS)
    referral.refresh_from_db()
    assert (referral.priority, referral.priority_reason) == ("normal", WAITS)


def test_what_was_drafted_before_is_not_submitted_without_saying_why_it_waits(
    draft: Draft, liaison: User
) -> None:
    referral = draft(priority="normal")
    overwrite(referral, priority_reason=None)
    with pytest.raises(InvalidInput) as caught:
        services.submit(referral, by=liaison)
    assert [each.field for each in caught.value.errors] == ["priority_reason"]


@pytest.mark.parametrize("field", ["state", "filed_by", "reference", "break_glass", "correction_true"])
def test_revise_refuses_what_is_not_a_field_of_the_draft(field: str, draft: Draft, liaison: User) -> None:
    with pytest.raises(InvalidInput) as caught:
        services.revise(draft(), by=liaison, **{field: "sent"})
    assert caught.value.field == field


def test_in_review_the_content_is_frozen(in_review: Draft, liaison: User, springfield: Destination) -> None:
    referral = in_review()
    acts = [
        lambda: services.revise(referral, by=liaison, title="Other"),
        lambda: services.add_item(referral, by=liaison, **ITEM),
        lambda: services.add_fact(referral, by=liaison, **FACT),
        lambda: services.add_addressee(referral, by=liaison, destination=springfield),
        lambda: services.remove_item(referral.items.get(), by=liaison),
        lambda: services.remove_fact(referral.facts.get(), by=liaison),
        lambda: services.remove_addressee(referral.addressees.get(), by=liaison),
    ]
    for act in acts:
        with pytest.raises(IllegalTransition):
            act()


def test_items_facts_and_recipients_are_taken_off_a_draft(draft: Draft, liaison: User) -> None:
    referral = draft()
    services.remove_item(referral.items.get(), by=liaison)
    services.remove_fact(referral.facts.get(), by=liaison)
    services.remove_addressee(referral.addressees.get(), by=liaison)
    assert not referral.items.exists()
    assert not referral.facts.exists()
    assert not referral.addressees.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"category": "gossip"}, "category"),
        ({"provenance": "heard"}, "provenance"),
        ({"basis": "us.nothing"}, "basis"),
        ({"reason": ""}, "reason"),
        ({"occurred_at": datetime(2026, 3, 6, 23, 12)}, "occurred_at"),  # noqa: DTZ001 - that is the point
    ],
)
def test_an_item_that_is_wrong_names_its_field(
    change: dict[str, object], field: str, draft: Draft, liaison: User
) -> None:
    with pytest.raises(InvalidInput) as caught:
        services.add_item(draft(), by=liaison, **{**ITEM, **change})
    assert caught.value.field == field


def test_a_recipient_stands_once(draft: Draft, liaison: User, sheriff: Destination) -> None:
    with pytest.raises(Conflict):
        services.add_addressee(draft(), by=liaison, destination=sheriff)


def test_a_suspended_agency_is_no_recipient(
    draft: Draft, liaison: User, springfield: Destination, second_agency: Agency
) -> None:
    partners.suspend_agency(second_agency, by=None, reason="A forged request came from its mailbox.")
    with pytest.raises(InvalidInput) as caught:
        services.add_addressee(draft(), by=liaison, destination=springfield)
    assert caught.value.field == "destination"
