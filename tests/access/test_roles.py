"""The table of roles is the truth: about permissions, groups, separation of duties and the documentation."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection

from coordination.access import roles, selectors, sync
from coordination.access.models import User
from coordination.access.roles import ROLES, Role
from coordination.core import generated

ACTS_ON_REFERRALS = {
    f"referrals.{verb}_referral"
    for verb in [
        "file",
        "submit",
        "approve",
        "return",
        "decline",
        "withdraw",
        "correct",
        "close",
        "break_glass",
    ]
}
APPROVERS = {Role.SENIOR_REVIEWER, Role.DUTY_OFFICER, Role.COUNSEL, Role.DUTY_COUNSEL}


def _held(role: str) -> set[str]:
    rows = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
    return {f"{label}.{codename}" for label, codename in rows}


def test_every_permission_of_the_table_is_declared_by_a_model(db: None) -> None:
    assert sync.sync_roles(using="default") == set()


@pytest.mark.parametrize("role", Role)
def test_each_role_is_a_group_with_exactly_its_permissions(db: None, role: Role) -> None:
    assert _held(role) == ROLES[role].permissions


def test_a_change_by_hand_does_not_last(db: None) -> None:
    custodians = Group.objects.get(name=Role.CUSTODIAN)
    approve = Permission.objects.get(content_type__app_label="referrals", codename="approve_referral")
    custodians.permissions.set([approve])
    sync.sync_roles(using="default")
    assert _held(Role.CUSTODIAN) == ROLES[Role.CUSTODIAN].permissions


def test_synchronising_again_changes_nothing(db: None, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(5):  # type: ignore[operator]  # three reads in a savepoint
        sync.sync_roles(using="default")


def test_every_role_has_its_line() -> None:
    assert list(ROLES) == list(Role)
    assert all(rights.purpose for rights in ROLES.values())


def test_only_these_roles_approve() -> None:
    assert {
        role for role, rights in ROLES.items() if "referrals.approve_referral" in rights.permissions
    } == APPROVERS


def test_only_the_duty_officer_breaks_glass() -> None:
    assert {
        role for role, rights in ROLES.items() if "referrals.break_glass_referral" in rights.permissions
    } == {Role.DUTY_OFFICER}


@pytest.mark.parametrize("role", [Role.CUSTODIAN, Role.AUDITOR, Role.ADMINISTRATOR, Role.VICTIM_LIAISON])
def test_some_roles_act_on_no_referral(role: Role) -> None:
    assert not ROLES[role].permissions & ACTS_ON_REFERRALS


def test_the_auditor_sees_everything_and_acts_on_nothing() -> None:
    everything_to_see = {name for name in roles.permissions() if name.split(".")[1].startswith("view_")}
    assert ROLES[Role.AUDITOR].permissions == everything_to_see


def test_outside_roles_see_nothing_of_the_desk() -> None:
    for role, rights in ROLES.items():
        if not rights.staff:
            assert not any(".view_" in name for name in rights.permissions), role


def test_an_administrator_sees_no_case_flag_or_referral() -> None:
    assert not {
        name
        for name in ROLES[Role.ADMINISTRATOR].permissions
        if name.startswith(("cases", "triage", "referrals"))
        and name != "cases.view_loose_task"  # those that belong to no case
    }


def test_the_documentation_shows_the_table() -> None:
    assert generated.section("docs/security.md", "roles") == roles.as_markdown(), generated.HINT


def test_there_is_no_superuser_and_no_column_for_one(db: None) -> None:
    with connection.cursor() as cursor:
        columns = {
            column.name for column in connection.introspection.get_table_description(cursor, "access_user")
        }
    assert "is_superuser" not in columns
    assert User().is_superuser is False
    with pytest.raises(TypeError, match="no superuser"):
        User.objects.create_superuser("root", "", "correct horse battery staple")
    with pytest.raises(TypeError):
        User(username="root", is_superuser=True)


def test_who_may_approve_can_be_listed(senior_reviewer: User, counsel: User, liaison: User) -> None:
    counsel.is_active = False
    counsel.save()
    assert list(selectors.holders("referrals.approve_referral")) == [senior_reviewer]


def test_people_in_a_role_can_be_listed(reviewer: User, liaison: User, auditor: User) -> None:
    assert list(selectors.people_in("reviewer", "safety_liaison")) == [liaison, reviewer]
