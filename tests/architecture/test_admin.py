"""The desk's own pages: ours alone, each act with a permission of the table of roles, nothing deleted."""

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import DateTimeField
from django.test import RequestFactory

from coordination.access import roles
from coordination.access.recordadmin import RecordAdmin
from coordination.access.services import Role, User
from tests.people import Cast

ADMINS: list[Any] = list(admin.site._registry.values())
ACTS = [
    (type(each).__name__, act)
    for each in ADMINS
    if isinstance(each, RecordAdmin)
    for act in each.acts.values()
]


def test_only_our_own_pages_are_on_the_desk() -> None:
    """Procrastinate's own admin, too, could act past the services: jobs are no domain record."""
    assert ADMINS
    assert {type(each).__module__.partition(".")[0] for each in ADMINS} == {"coordination"}
    assert not any(each.opts.app_label == "procrastinate" for each in ADMINS)


@pytest.mark.parametrize(("page", "act"), ACTS, ids=[f"{page}.{act.name}" for page, act in ACTS])
def test_every_act_names_a_permission_that_some_role_has(page: str, act: Any) -> None:
    assert act.permission in roles.permissions(), page


def test_the_weighty_acts_ask_for_the_second_factor_again() -> None:
    """Approval, roles, tokens, ways in, packages, who a partner is. Key rotation is no act of the desk."""
    assert {f"{page}.{act.name}" for page, act in ACTS if act.step_up} == {
        "AgencyAdmin.allow_unsigned",
        "AgencyAdmin.call_about_officer",
        "AgencyAdmin.confirm_key",
        "AgencyAdmin.confirm_token",
        "AgencyAdmin.issue_token",
        "AgencyAdmin.propose_unsigned",
        "AgencyAdmin.restore_trust",
        "AgencyAdmin.rotate_token",
        "AgencyAdmin.verify",
        "CaseAdmin.lift_hold",
        "CaseAdmin.make_package",
        "CaseAdmin.put_under",
        "CompartmentAdmin.admit",
        "CompartmentAdmin.lift",
        "ContactChangeAdmin.make",
        "ContactChangeAdmin.record_call",
        "CriteriaProposalAdmin.approve",
        "DataRequestAdmin.produce",
        "DataRequestAdmin.sign_off",
        "DestinationAdmin.change",
        "DestinationAdmin.confirm",
        "DestinationAdmin.open",
        "ExhibitAdmin.erase",
        "PackageAdmin.again",
        "PackageAdmin.download",
        "PersonAdmin.change_roles",
        "PersonAdmin.confirm_token",
        "PersonAdmin.enable",
        "PersonAdmin.give_way_in",
        "PersonAdmin.issue_token",
        "PersonAdmin.release",
        "PersonAdmin.rotate_token",
        "PersonAdmin.start_anew",
        "ReferralAdmin.approve",
        "ReferralAdmin.approve_answer",
        "ReferralAdmin.break_glass",
        "ReferralAdmin.recall",
        "RestrictionAdmin.lift",
        "RestrictionAdmin.sign",
        "RoleChangeAdmin.approve",
        "RoleChangeAdmin.approve_enabling",
        "RoleChangeAdmin.approve_way_in",
    }


@pytest.mark.parametrize("each", ADMINS, ids=str)
def test_every_action_of_a_list_declares_its_permissions(each: Any) -> None:
    for action in each.actions or ():
        function = getattr(each, action) if isinstance(action, str) else action
        assert getattr(function, "allowed_permissions", ()), action
    assert "delete_selected" not in dict(admin.site.actions)


@pytest.mark.parametrize("each", ADMINS, ids=str)
def test_no_list_shows_a_time_without_its_zone(each: Any, rf: RequestFactory) -> None:
    times = {field.name for field in each.opts.fields if isinstance(field, DateTimeField)}
    assert not times & {name for name in each.get_list_display(rf.get("/")) if isinstance(name, str)}


@pytest.mark.parametrize("each", ADMINS, ids=str)
def test_every_page_asks_the_table_of_roles(each: Any) -> None:
    # The ledger stands below the base of the desk's pages and keeps Django's own names.
    view = getattr(each, "view_permission", "") or f"{each.opts.app_label}.view_{each.opts.model_name}"
    named = {view, getattr(each, "add_permission", ""), getattr(each, "change_permission", "")}
    assert named - {""} <= roles.permissions()


@pytest.mark.parametrize("role", Role)
def test_nobody_deletes_on_the_desk(cast: Cast, role: Role, rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = cast(role)
    assert not [each for each in ADMINS if each.has_delete_permission(request)]


def test_somebody_without_a_role_is_shown_no_section(outsider: User, rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = outsider
    assert not [each for each in ADMINS if each.has_module_permission(request)]
