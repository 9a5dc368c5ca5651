"""More rights take two people, fewer take one; some roles never go together."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.checks import run_checks
from django.db import IntegrityError, transaction

from coordination.access import checks, selectors, services, sync
from coordination.access.models import RoleChange, User
from coordination.access.roles import CONFLICTS, ROLES, Role, conflicts_in
from coordination.access.workflow import ROLE_CHANGE, RoleChangeState, RoleChangeVerb
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.core import clock
from coordination.core.errors import IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from tests.people import Cast

APPROVE = "referrals.approve_referral"
WHY = "She passed the course."


@pytest.fixture
def second(cast: Cast) -> User:
    """Another administrator."""
    return cast("administrator", username="second")


@pytest.fixture
def proposed(reviewer: User, administrator: User) -> RoleChange:
    change = services.set_roles(reviewer, ["reviewer", "senior_reviewer"], by=administrator, reason=WHY)
    assert change is not None
    return change


def _now(user: User) -> User:
    return User.objects.get(pk=user.pk)


def _deeds(user: User) -> list[dict[str, Any]]:
    return [leaf.data for leaf in ledger.entries_about(f"user:{user.pk}")]


def test_ins_a_role_is_in_force_once_a_second_administrator_approves(
    proposed: RoleChange, reviewer: User, administrator: User, second: User
) -> None:
    assert not services.has(_now(reviewer), APPROVE)
    task = cases.open_task("decide_roles", f"access.rolechange:{proposed.pk}")
    assert task is not None
    assert task in cases.waiting_for(second)
    services.approve_roles(proposed, by=second)
    assert services.has(_now(reviewer), APPROVE)
    assert cases.open_task("decide_roles", f"access.rolechange:{proposed.pk}") is None
    first, approved, changed = [each for each in _deeds(reviewer) if "roles_" in each["action"]][1:]
    assert (first["action"], first["by"]) == ("access.roles_proposed", administrator.pk)
    assert (approved["action"], approved["by"]) == ("access.roles_approved", second.pk)
    assert changed["details"] == {"added": ["senior_reviewer"], "removed": [], "proposal": proposed.pk}


def test_neither_the_proposer_nor_the_person_nor_others_decide(
    proposed: RoleChange, administrator: User, reviewer: User, counsel: User
) -> None:
    with pytest.raises(Refused, match="Another administrator"):
        services.approve_roles(proposed, by=administrator)
    for person in (reviewer, counsel):
        with pytest.raises(NotPermitted):
            services.approve_roles(proposed, by=person)
        with pytest.raises(NotPermitted):
            services.decline_change(proposed, by=person, reason="No.")


def test_two_administrators_do_not_make_each_other_more(administrator: User, second: User) -> None:
    with pytest.raises(InvalidInput, match="administrator and duty officer"):
        services.set_roles(second, ["administrator", "duty_officer"], by=administrator, reason=WHY)


def test_the_database_refuses_a_change_that_one_person_decided(
    proposed: RoleChange, administrator: User
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleChange.objects.filter(pk=proposed.pk).update(state="approved", decided_by=administrator)


def test_taking_a_role_waits_for_nobody(proposed: RoleChange, reviewer: User, administrator: User) -> None:
    assert services.set_roles(reviewer, [], by=administrator) is None
    assert _now(reviewer).role_names == []


def test_a_swap_takes_at_once_and_gives_later(reviewer: User, administrator: User, second: User) -> None:
    change = services.set_roles(reviewer, ["safety_liaison"], by=administrator, reason=WHY)
    assert change is not None
    assert _now(reviewer).role_names == []
    services.approve_roles(change, by=second)
    assert _now(reviewer).role_names == ["safety_liaison"]


def test_a_proposal_says_why(reviewer: User, administrator: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.set_roles(reviewer, ["safety_liaison"], by=administrator)
    assert refused.value.field == "reason"
    assert _now(reviewer).role_names == ["reviewer"]


def test_a_proposal_expires(proposed: RoleChange, reviewer: User, second: User) -> None:
    with clock.frozen(proposed.expires_at):
        with pytest.raises(Refused, match="expired"):
            services.approve_roles(proposed, by=second)
        assert services.expire_role_changes(clock.now()) == 1
    with pytest.raises(IllegalTransition), clock.frozen(proposed.expires_at - timedelta(hours=1)):
        services.approve_roles(proposed, by=second)
    assert _now(reviewer).role_names == ["reviewer"]


def test_what_was_proposed_by_somebody_who_is_gone_is_not_given(
    proposed: RoleChange, administrator: User, second: User, reviewer: User
) -> None:
    services.change_person(administrator, by=second, alias="", is_active=False)
    with pytest.raises(Refused):
        services.approve_roles(proposed, by=second)
    services.change_person(reviewer, by=second, alias="", is_active=False)
    assert _now(reviewer).role_names == ["reviewer"]


@pytest.mark.parametrize("verb", list(RoleChangeVerb))
def test_each_end_of_a_proposal_is_the_only_one(
    verb: RoleChangeVerb, proposed: RoleChange, administrator: User, second: User
) -> None:
    acts = {
        RoleChangeVerb.APPROVE: lambda: services.approve_roles(proposed, by=second),
        RoleChangeVerb.DECLINE: lambda: services.decline_change(proposed, by=second, reason="Not yet."),
        RoleChangeVerb.WITHDRAW: lambda: services.withdraw_change(proposed, by=administrator),
    }
    for state in RoleChangeState:
        allowed = verb in ROLE_CHANGE.allowed(state)
        if verb == RoleChangeVerb.EXPIRE:
            assert allowed == (state == RoleChangeState.PROPOSED)
            continue
        RoleChange.objects.filter(pk=proposed.pk).update(state=state, decided_by=second)
        with transaction.atomic():
            if allowed:
                assert acts[verb]().state == ROLE_CHANGE.after(state, verb)
            else:
                with pytest.raises(IllegalTransition):
                    acts[verb]()
            transaction.set_rollback(True)


def test_a_new_proposal_takes_the_place_of_the_last(
    proposed: RoleChange, reviewer: User, administrator: User
) -> None:
    later = services.set_roles(reviewer, ["reviewer", "safety_liaison"], by=administrator, reason=WHY)
    assert selectors.waiting_change_of(reviewer) == later
    proposed.refresh_from_db()
    assert proposed.state == RoleChangeState.WITHDRAWN


def test_the_task_is_not_ticked_off(proposed: RoleChange, second: User) -> None:
    task = cases.open_task("decide_roles", f"access.rolechange:{proposed.pk}")
    assert task is not None
    with pytest.raises(Refused, match="own page"):
        case_services.complete_task(task, by=second, outcome="Fine.")


def test_the_command_line_gives_roles_alone_and_the_ledger_says_so(administrator: User) -> None:
    [entry] = [each for each in _deeds(administrator) if each["action"] == "access.roles_changed"]
    assert entry["by"] == "system"
    assert entry["details"]["set_up"] is True


def test_nobody_holds_what_does_not_go_together() -> None:
    pairs = {frozenset((each.role, other)) for each in CONFLICTS for other in each.others}
    for role in Role:
        if role != Role.AUDITOR:
            assert {role, Role.AUDITOR} in pairs
        if role != Role.ADMINISTRATOR:
            assert {role, Role.ADMINISTRATOR} in pairs
    deciding = {role for role in Role if any("approve_" in each for each in ROLES[role].permissions)}
    assert all({role, Role.CUSTODIAN} in pairs for role in deciding)


@pytest.mark.parametrize(
    "pair", sorted({tuple(sorted((each.role, other))) for each in CONFLICTS for other in each.others})
)
def test_ins_a_pair_that_does_not_go_together_is_refused_by_name(
    pair: tuple[str, str], cast: Cast, administrator: User
) -> None:
    person = cast(pair[0], username="somebody")
    for by in (administrator, None):
        with pytest.raises(InvalidInput) as refused:
            services.set_roles(person, pair, by=by, reason=WHY)
        assert refused.value.field == "roles"
    both_inside = all(ROLES[Role(role)].staff for role in pair)
    assert not both_inside or all(role.replace("_", " ") in str(refused.value) for role in pair)
    assert _now(person).role_names == [pair[0]]


def test_a_pair_that_came_together_since_is_refused_at_the_decision(
    reviewer: User, administrator: User, second: User, custodian: User
) -> None:
    services.set_roles(custodian, [], by=administrator)
    change = services.set_roles(custodian, ["custodian"], by=administrator, reason=WHY)
    services.set_roles(custodian, ["reviewer"], by=None)
    assert change is not None
    with pytest.raises(InvalidInput, match="custodian and reviewer"):
        services.approve_roles(change, by=second)


def test_a_check_finds_who_holds_both_all_the_same(reviewer: User, auditor: User) -> None:
    assert checks.roles_go_together(databases=["default"]) == []
    reviewer.groups.add(Group.objects.get(name=Role.AUDITOR))
    [found] = checks.roles_go_together(databases=["default"])
    assert f"Person {reviewer.pk} is auditor and reviewer" in found.msg
    assert checks.roles_go_together(databases=None) == []


def test_an_auditor_looks_and_an_administrator_sees_no_case() -> None:
    assert all(".view_" in permission for permission in ROLES[Role.AUDITOR].permissions)
    about_cases = ("cases.", "referrals.", "triage.", "inbox.")
    held = [each for each in ROLES[Role.ADMINISTRATOR].permissions if each.startswith(about_cases)]
    assert held == ["cases.view_loose_task"], "tasks that belong to no case are the one exception"
    assert conflicts_in(["reviewer", "safety_liaison"]) == []


def test_INS_08_a_role_that_is_given_and_taken_again_is_told_and_stands_in_the_ledger_twice(
    proposed: RoleChange, reviewer: User, administrator: User, second: User
) -> None:
    told = cases.open_task("decide_roles", f"access.rolechange:{proposed.pk}")
    assert told is not None
    assert "senior reviewer" in told.title
    assert told in cases.waiting_for(second)
    services.approve_roles(proposed, by=second)
    services.set_roles(_now(reviewer), ["reviewer"], by=second)
    assert not services.has(_now(reviewer), APPROVE)
    changes = [each for each in _deeds(reviewer) if each["action"] == "access.roles_changed"][-2:]
    assert [(each["by"], each["details"]["added"], each["details"]["removed"]) for each in changes] == [
        (second.pk, ["senior_reviewer"], []),
        (second.pk, [], ["senior_reviewer"]),
    ]


def test_INS_08_a_group_that_is_edited_by_hand_is_named_and_does_not_last(reviewer: User) -> None:
    assert checks.roles_are_the_tables(databases=["default"]) == []
    approve = Permission.objects.get(content_type__app_label="referrals", codename="approve_referral")
    Group.objects.get(name="reviewer").permissions.add(approve)
    assert services.has(_now(reviewer), APPROVE)
    [found] = checks.roles_are_the_tables(databases=["default"])
    assert (found.id, "reviewer" in found.msg) == ("coordination.access.W003", True)
    assert found in run_checks(databases=["default"])
    sync.sync_roles(using="default")
    assert not services.has(_now(reviewer), APPROVE)
    assert checks.roles_are_the_tables(databases=["default"]) == []
