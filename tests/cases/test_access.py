"""Who sees which case: by role and by grant, and the two tables of grants agree."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from coordination.access import services as access
from coordination.access.services import Role, User
from coordination.cases import selectors, services
from coordination.cases.models import Case, CaseAccess, CaseGroupPermission, CaseUserPermission
from coordination.core.errors import InvalidInput, NotFound, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from tests.people import Cast

SEES = {
    *(Role.SAFETY_LIAISON, Role.REVIEWER, Role.SENIOR_REVIEWER, Role.DUTY_OFFICER),
    *(Role.COUNSEL, Role.DUTY_COUNSEL, Role.AUDITOR),
}
WORKS = SEES - {Role.AUDITOR}


@pytest.mark.parametrize("role", Role)
def test_each_role_sees_a_new_case_or_does_not(case: Case, cast: Cast, role: Role) -> None:
    person = cast(role)
    assert list(selectors.visible_to(person)) == ([case] if role in SEES else [])
    assert selectors.latest_for(person) == ([case] if role in SEES else [])
    assert selectors.count_for(person) == (1 if role in SEES else 0)


@pytest.mark.parametrize("role", Role)
def test_each_role_works_on_a_new_case_or_is_refused(case: Case, cast: Cast, role: Role) -> None:
    person = cast(role)
    if role in WORKS:
        assert services.add_note(case, text="Looked at it.", by=person).author == person
    else:
        with pytest.raises(NotPermitted if role in SEES else NotFound):
            services.add_note(case, text="Looked at it.", by=person)


def test_somebody_without_a_role_sees_nothing(case: Case, outsider: User) -> None:
    assert not selectors.visible_to(outsider).exists()


def test_a_disabled_person_sees_nothing(case: Case, liaison: User, administrator: User) -> None:
    gone = access.change_person(liaison, by=administrator, alias="", is_active=False)
    assert not selectors.visible_to(gone).exists()
    assert not selectors.waiting_for(gone).exists()


def test_a_foreign_and_a_missing_case_answer_the_same(case: Case, custodian: User) -> None:
    with pytest.raises(NotFound) as foreign:
        selectors.case_for(custodian, case.reference)
    with pytest.raises(NotFound) as missing:
        selectors.case_for(custodian, "C-0000-0000")
    assert str(foreign.value) == str(missing.value)


def test_a_grant_lets_one_more_person_in(case: Case, counsel: User, custodian: User) -> None:
    services.grant(case, principal=custodian, by=counsel)
    assert selectors.case_for(custodian, case.reference) == case
    assert services.add_note(case, text="Records collected.", by=custodian)
    assert selectors.people_of(case) == [custodian]


def test_a_grant_to_see_does_not_let_one_work(case: Case, counsel: User, custodian: User) -> None:
    services.grant(case, principal=custodian, by=counsel, permissions=["view_case"])
    assert selectors.case_for(custodian, case.reference) == case
    with pytest.raises(NotPermitted):
        services.add_note(case, text="Records collected.", by=custodian)


def test_a_team_is_let_in(case: Case, counsel: User, victim_liaison: User) -> None:
    services.grant(case, principal=Group.objects.get(name=Role.VICTIM_LIAISON), by=counsel)
    assert selectors.latest_for(victim_liaison) == [case]
    assert "victim_liaison" in selectors.teams_of(case)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.PLATFORM_SYSTEM, Role.ADMINISTRATOR])
def test_nobody_outside_the_desk_is_let_in(case: Case, counsel: User, cast: Cast, role: Role) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.grant(case, principal=cast(role), by=counsel)
    assert refused.value.field == "principal"


def test_only_who_may_grant_grants(case: Case, liaison: User, auditor: User, custodian: User) -> None:
    for person in (liaison, auditor):
        with pytest.raises(NotPermitted):
            services.grant(case, principal=custodian, by=person)
    with pytest.raises(NotFound):
        services.grant(case, principal=custodian, by=custodian)
    assert not selectors.visible_to(custodian).exists()


def test_revoking_a_team_takes_both_tables(case: Case, counsel: User, reviewer: User) -> None:
    team = Group.objects.get(name=Role.REVIEWER)
    services.revoke(case, principal=team, by=counsel)
    assert not selectors.visible_to(reviewer).exists()
    assert not CaseGroupPermission.objects.filter(group=team, content_object=case).exists()
    assert not CaseAccess.objects.filter(principal=f"g{team.pk}", case=case).exists()
    with pytest.raises(InvalidInput):
        services.revoke(case, principal=team, by=counsel)


def test_the_last_who_can_work_on_a_case_is_not_taken_off_it(
    case: Case, counsel: User, reviewer: User
) -> None:
    services.revoke(case, principal=Group.objects.get(name=Role.REVIEWER), by=counsel)
    counsels = Group.objects.get(name=Role.COUNSEL)
    with pytest.raises(Refused, match="Nobody else could work"):
        services.revoke(case, principal=counsels, by=counsel)
    assert selectors.may(counsel, case, "work_case")


def test_looking_for_the_last_asks_no_more_of_many_people_than_of_few(case: Case, cast: Cast) -> None:
    asked = []
    for number, role in enumerate((Role.REVIEWER, Role.SENIOR_REVIEWER)):
        for each in range(15 * number):
            cast(Role.AUDITOR, username=f"auditor_{each}")
            cast(Role.CUSTODIAN, username=f"custodian_{each}")
        cast(Role.COUNSEL, username=f"counsel_{number}")
        with CaptureQueriesContext(connection) as queries:
            services.revoke(case, principal=Group.objects.get(name=role), by=None)
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_the_last_is_who_may_work_and_not_who_only_sees(case: Case, counsel: User, cast: Cast) -> None:
    working, watching = cast(Role.CUSTODIAN), cast(Role.CUSTODIAN, username="watching")
    cast(Role.AUDITOR)
    services.grant(case, principal=working, by=counsel)
    services.grant(case, principal=watching, by=counsel, permissions=["view_case"])
    for team in Group.objects.filter(name__in=WORKS):
        services.revoke(case, principal=team, by=None)
    assert [each for each in User.objects.all() if selectors.may(each, case, "work_case")] == [working]
    with pytest.raises(Refused, match="Nobody else could work"):
        services.revoke(case, principal=working, by=None)


def test_revoking_the_work_leaves_the_sight(case: Case, counsel: User, reviewer: User) -> None:
    services.revoke(
        case, principal=Group.objects.get(name=Role.REVIEWER), by=counsel, permissions=["work_case"]
    )
    assert selectors.latest_for(reviewer) == [case]
    with pytest.raises(NotPermitted):
        services.add_note(case, text="Still here?", by=reviewer)


def test_a_grant_that_fails_half_way_leaves_nothing(
    case: Case, counsel: User, custodian: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("coordination.cases.services.access.ledger.record", fail)
    with pytest.raises(RuntimeError):
        services.grant(case, principal=custodian, by=counsel)
    assert not CaseUserPermission.objects.filter(user=custodian).exists()
    assert not CaseAccess.objects.filter(principal=f"u{custodian.pk}").exists()


def test_the_access_table_says_what_guardian_says(case: Case, counsel: User, custodian: User) -> None:
    services.grant(case, principal=custodian, by=counsel)
    services.revoke(case, principal=Group.objects.get(name=Role.AUDITOR), by=counsel)
    seen = {f"u{pk}" for pk in _holders(CaseUserPermission, "user_id")}
    seen |= {f"g{pk}" for pk in _holders(CaseGroupPermission, "group_id")}
    assert seen == set(CaseAccess.objects.values_list("principal", flat=True))


def test_access_is_in_the_ledger(case: Case, counsel: User, custodian: User) -> None:
    services.grant(case, principal=custodian, by=counsel)
    services.revoke(case, principal=custodian, by=counsel)
    actions = [entry.action for entry in ledger.entries_about(case.reference)]
    assert actions[-2:] == ["cases.access_granted", "cases.access_revoked"]


def test_the_newest_cases_come_first_however_one_was_let_in(
    case: Case, counsel: User, custodian: User
) -> None:
    start = datetime(2026, 3, 6, tzinfo=UTC)
    opened = [services.open_case(f"Case {day}", by=None, at=start + timedelta(days=day)) for day in range(30)]
    for each in opened[::2]:
        services.grant(each, principal=custodian, by=counsel)
    services.grant(opened[29], principal=Group.objects.get(name=Role.CUSTODIAN), by=counsel)
    services.grant(opened[28], principal=Group.objects.get(name=Role.CUSTODIAN), by=counsel)
    expected = [opened[29], *opened[28::-2]]
    assert selectors.latest_for(custodian, limit=10) == expected[:10]
    assert selectors.count_for(custodian) == 16
    assert len(selectors.latest_for(counsel)) == 25
    assert selectors.count_for(counsel) == 31


def test_a_count_stops_at_its_cap(case: Case, liaison: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        services.open_case(f"Case {number}", by=None)
    monkeypatch.setattr(selectors, "MOST_COUNTED", 3)
    assert selectors.count_for(liaison) == 3


def test_the_cap_is_ten_thousand_and_one() -> None:
    assert selectors.MOST_COUNTED == 10_001


def test_lists_take_few_queries(case: Case, liaison: User, django_assert_max_num_queries: object) -> None:
    fresh = User.objects.get(pk=liaison.pk)
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        assert selectors.latest_for(fresh) == [case]


def _holders(model: type[CaseUserPermission] | type[CaseGroupPermission], column: str) -> set[int]:
    return set(model.objects.filter(permission__codename="view_case").values_list(column, flat=True))
