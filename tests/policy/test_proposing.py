"""Changing the criteria: two people, a day that is not past, nothing lost, and every step on the ledger."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.cases import services as casework
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.ledger.models import Leaf
from coordination.policy import contents, selectors, services
from coordination.policy.changes import changes
from coordination.policy.models import CriteriaProposal, CriteriaVersion, Pack
from coordination.policy.workflow import PROPOSAL, ProposalState, ProposalVerb
from tests.people import Cast
from tests.threads import at_once

TODAY = datetime(2026, 3, 6, 20, tzinfo=UTC)
DAY = date(2026, 3, 9)
BEGINS = datetime(2026, 3, 9, 7, tzinfo=UTC)  # in Los Angeles, after the clocks went forward

Propose = Callable[..., CriteriaProposal]


def as_in_a_file(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{("id" if name == "code" else name): value for name, value in row.items()} for row in rows]


def what_is_new(**changes: Any) -> dict[str, Any]:
    base = selectors.newest_criteria()
    rules = as_in_a_file(base.rules)
    rules[4] = {**rules[4], "when": {**rules[4]["when"], "warning_behaviours_at_least": 1}}
    return {
        "version": "v3",
        "effective_on": DAY,
        "high_severity_categories": base.high_severity_categories,
        "sections": as_in_a_file(base.sections),
        "rules": rules,
        "citation": "Platform policy, criteria v3",
        "reason": "One warning behaviour was enough in what we looked at again.",
        **changes,
    }


@pytest.fixture(autouse=True)
def _today(shipped: list[Pack]) -> Any:
    with clock.frozen(TODAY):
        yield


@pytest.fixture
def propose(senior_reviewer: User) -> Propose:
    return lambda **new: services.propose_criteria(by=new.pop("by", senior_reviewer), **what_is_new(**new))


def approve(proposal: CriteriaProposal, by: User) -> CriteriaVersion:
    return services.approve_criteria(proposal, by=by, digest=proposal.digest)


def test_what_two_people_want_is_in_force_from_its_day(propose: Propose, counsel: User) -> None:
    made = approve(propose(), counsel)
    assert made.effective_from == BEGINS
    assert selectors.criteria_in_force(BEGINS - timedelta(seconds=1)).version == "v2"
    assert selectors.criteria_in_force(BEGINS) == made
    assert selectors.criteria_in_force(BEGINS).label == "platform 2026.3 (v3)"


def test_a_proposal_changes_nothing(propose: Propose) -> None:
    before = selectors.criteria_in_force()
    propose()
    assert selectors.newest_criteria() == before
    assert selectors.criteria_in_force(BEGINS) == before


def test_of_today_is_as_soon_as_it_is_approved_and_never_before(propose: Propose, counsel: User) -> None:
    proposal = propose(effective_on=date(2026, 3, 6))
    with clock.frozen(TODAY + timedelta(hours=2)):
        assert approve(proposal, counsel).effective_from == TODAY + timedelta(hours=2)


def test_no_version_begins_in_the_past(propose: Propose, counsel: User) -> None:
    with pytest.raises(InvalidInput) as caught:
        propose(effective_on=date(2026, 3, 5))
    assert caught.value.field == "effective_on"
    proposal = propose()
    with clock.frozen(BEGINS + timedelta(days=1)), pytest.raises(Refused) as refused:
        approve(proposal, counsel)
    assert refused.value.rule == "policy.no-rewriting"
    assert selectors.newest_criteria().version == "v2"


def test_nobody_decides_about_what_they_proposed(propose: Propose, counsel: User) -> None:
    own = propose(by=counsel)
    for deed in (
        lambda: approve(own, counsel),
        lambda: services.return_criteria(own, by=counsel, reason="No."),
        lambda: services.decline_criteria(own, by=counsel, reason="No."),
    ):
        with pytest.raises(Refused) as caught:
            deed()
        assert caught.value.rule == "separation-of-duties"
    assert selectors.criteria_wait(own.pk)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SAFETY_LIAISON, Role.ADMINISTRATOR, Role.AUDITOR])
def test_others_propose_nothing(cast: Cast, role: Role) -> None:
    with pytest.raises(NotPermitted):
        services.propose_criteria(by=cast(role), **what_is_new())


@pytest.mark.parametrize("role", [Role.SENIOR_REVIEWER, Role.DUTY_OFFICER, Role.REVIEWER, Role.ADMINISTRATOR])
def test_only_counsel_decides(propose: Propose, cast: Cast, role: Role) -> None:
    with pytest.raises(NotPermitted):
        approve(propose(), cast(role, username="another"))


def test_the_database_holds_it_to_two_people(propose: Propose, senior_reviewer: User) -> None:
    proposal = propose()
    proposal.state, proposal.decided_by = "approved", senior_reviewer
    proposal.decided_at = clock.now()
    with pytest.raises(IntegrityError, match="policy_criteria_take_two"), transaction.atomic():
        proposal.save()
    proposal.decided_by = None
    with pytest.raises(IntegrityError, match="policy_criteria_take_two"), transaction.atomic():
        proposal.save()


def by_hand(proposal: CriteriaProposal, **other: Any) -> CriteriaVersion:
    return CriteriaVersion.objects.create(
        **{
            "pack": proposal.base.pack,
            "proposal": proposal,
            "code": "platform.criteria",
            "version": proposal.version,
            "citation": proposal.citation,
            "effective_from": TODAY,
            **contents.content_of(proposal),
            **other,
        }
    )


def test_a_shell_cannot_make_a_version_that_nobody_approved(propose: Propose, counsel: User) -> None:
    proposal = propose()
    with pytest.raises(IntegrityError, match="were not approved"), transaction.atomic():
        by_hand(proposal)
    approve(proposal, counsel)
    proposal.refresh_from_db()
    with pytest.raises(IntegrityError), transaction.atomic():
        by_hand(proposal)  # once each
    other = propose(version="v4", effective_on=DAY + timedelta(days=1), high_severity_categories=["csam"])
    CriteriaProposal.objects.filter(pk=other.pk).update(
        state="approved", decided_by=counsel, decided_at=clock.now()
    )
    with pytest.raises(IntegrityError, match="were not approved"), transaction.atomic():
        by_hand(other, high_severity_categories=["other"])


def test_what_is_approved_is_what_was_read(propose: Propose, counsel: User) -> None:
    proposal = propose()
    with pytest.raises(Conflict):
        services.approve_criteria(proposal, by=counsel, digest="sha256:" + "0" * 64)
    shown = proposal.digest
    CriteriaProposal.objects.filter(pk=proposal.pk).update(high_severity_categories=["other"])
    with pytest.raises(Conflict):
        services.approve_criteria(proposal, by=counsel, digest=shown)


def test_a_change_goes_on_from_the_newest_so_that_none_is_lost(propose: Propose, counsel: User) -> None:
    one, two = propose(), propose(version="v4", high_severity_categories=["csam"])
    approve(one, counsel)
    with pytest.raises(Conflict, match="newer version than v2"):
        approve(two, counsel)
    again = propose(version="v5", effective_on=DAY + timedelta(days=1), high_severity_categories=["csam"])
    assert again.base.version == "v3"


def test_a_version_does_not_begin_before_the_one_it_goes_on_from(propose: Propose, counsel: User) -> None:
    approve(propose(), counsel)
    for day in (DAY, DAY - timedelta(days=1)):
        with pytest.raises(InvalidInput, match="2026-03-10 or later") as caught:
            propose(version="v4", effective_on=day, high_severity_categories=["csam"])
        assert caught.value.field == "effective_on"


def test_who_proposed_takes_it_back_and_nobody_else(
    propose: Propose, senior_reviewer: User, counsel: User
) -> None:
    proposal = propose()
    with pytest.raises(Refused):
        services.withdraw_criteria(proposal, by=counsel)
    assert services.withdraw_criteria(proposal, by=senior_reviewer).state == "withdrawn"
    with pytest.raises(IllegalTransition):
        approve(proposal, counsel)


def test_what_is_returned_says_why_and_is_proposed_anew(propose: Propose, counsel: User) -> None:
    proposal = propose()
    with pytest.raises(InvalidInput):
        services.return_criteria(proposal, by=counsel, reason=" ")
    returned = services.return_criteria(proposal, by=counsel, reason="Say what a behaviour is.")
    assert (returned.state, returned.decision_reason) == ("returned", "Say what a behaviour is.")
    assert approve(propose(), counsel).version == "v3"


def test_who_lost_the_right_to_propose_has_proposed_nothing(
    propose: Propose, senior_reviewer: User, counsel: User
) -> None:
    proposal = propose()
    senior_reviewer.groups.clear()
    with pytest.raises(Refused, match="may not propose"):
        approve(proposal, counsel)


@pytest.mark.parametrize("verb", ProposalVerb)
@pytest.mark.parametrize("state", ProposalState)
def test_every_pair_of_state_and_verb_is_in_the_table_or_refused(state: str, verb: ProposalVerb) -> None:
    if state == ProposalState.PROPOSED:
        assert PROPOSAL.after(state, verb) != state
    else:
        with pytest.raises(IllegalTransition):
            PROPOSAL.after(state, verb)


@pytest.mark.parametrize(
    ("new", "field", "message"),
    [
        ({"version": "v2"}, "version", "There is a v2 already"),
        ({"version": "v 3"}, "version", "Letters, figures"),
        ({"reason": " "}, "reason", "needed"),
        ({"citation": ""}, "citation", "needed"),
        ({"citation": "x" * 301}, "citation", "At most 300"),
        ({"high_severity_categories": ["arson"]}, "high_severity_categories", "one of mass_casualty"),
        ({"high_severity_categories": []}, "high_severity_categories", "list of one or more"),
        ({"sections": []}, "sections", "list of tables"),
        ({"sections": [{"id": "1", "heading": "x"}]}, "sections", "text: is missing"),
        ({"rules": []}, "rules", "list of tables"),
        ({"rules": [{"id": "a"}]}, "rules", "is missing"),
        ({"rules": "level = high"}, "rules", "list of tables"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(
    propose: Propose, new: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        propose(**new)
    assert field in [each.field for each in caught.value.errors]
    assert message.lower() in str(caught.value).lower()
    assert not CriteriaProposal.objects.exists()


def test_a_copy_that_changes_nothing_is_none(propose: Propose) -> None:
    base = selectors.newest_criteria()
    with pytest.raises(InvalidInput, match="nothing is changed"):
        propose(rules=as_in_a_file(base.rules), high_severity_categories=base.high_severity_categories[::-1])


def test_counsel_has_a_task_until_it_is_decided(
    propose: Propose, senior_reviewer: User, counsel: User, duty_counsel: User
) -> None:
    proposal = propose()
    task = cases.open_task("approve_criteria", f"policy.criteriaproposal:{proposal.pk}")
    assert task is not None
    for person, waits in ((counsel, True), (duty_counsel, True), (senior_reviewer, False)):
        assert cases.waiting_for(person).filter(pk=task.pk).exists() is waits
    with pytest.raises(Refused):
        casework.complete_task(task, by=counsel, outcome="Looked at.")
    approve(proposal, duty_counsel)
    task.refresh_from_db()
    assert (task.state, task.outcome) == ("done", "Approved.")


def test_the_ledger_has_the_digest_of_what_was_proposed_and_approved(propose: Propose, counsel: User) -> None:
    proposal = propose()
    approve(proposal, counsel)
    found = Leaf.objects.filter(subject=f"criteriaproposal:{proposal.pk}").order_by("pk")
    assert [leaf.action for leaf in found] == ["policy.criteria_proposed", "policy.criteria_approved"]
    assert {leaf.data["details"]["digest"] for leaf in found} == {proposal.digest}
    assert found[1].data["by"] == counsel.pk
    assert "One warning behaviour" not in str([leaf.data for leaf in found])


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_make_one_version(propose: Propose, counsel: User, duty_counsel: User) -> None:
    proposal = propose()

    def approving(by: User) -> Callable[[], str]:
        def attempt() -> str:
            with clock.frozen(TODAY):
                try:
                    approve(proposal, by)
                except IllegalTransition:
                    return "late"
                return "made"

        return attempt

    found = at_once(*(approving(by) for by in [counsel, duty_counsel] * 4))
    assert sorted(found) == ["late"] * 7 + ["made"]
    assert CriteriaVersion.objects.filter(version="v3").count() == 1
    assert Leaf.objects.filter(action="policy.criteria_approved").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_proposals_approved_at_once_one_has_to_be_proposed_anew(
    propose: Propose, counsel: User
) -> None:
    both = [propose(), propose(version="v4", high_severity_categories=["csam"])]

    def approving(proposal: CriteriaProposal) -> Callable[[], str]:
        def attempt() -> str:
            with clock.frozen(TODAY):
                try:
                    approve(proposal, counsel)
                except Conflict:
                    return "conflict"
                return "made"

        return attempt

    assert sorted(at_once(*map(approving, both))) == ["conflict", "made"]


def test_what_changes_is_said_in_words(propose: Propose) -> None:
    severe = [each for each in selectors.newest_criteria().high_severity_categories if each != "self_harm"]
    proposal = propose(high_severity_categories=[*severe, "stalking"])
    found = changes(proposal.base, proposal)
    assert [(each.what, each.became) for each in found] == [
        ("High severity", "added"),
        ("High severity", "removed"),
        ("Rule medium-behaviours", "changed"),
    ]
    assert found[0].pieces[0].text == "stalking: pages a human"
    assert [piece.text.strip() for piece in found[2].pieces if piece.kind != "same"] == ["2", "1"]
