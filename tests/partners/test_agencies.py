"""An agency is registered by one person and verified by another; officers act while both stand."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from coordination.access import services as access
from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.cases.services import complete_task
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotFound, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from coordination.partners import selectors, services
from coordination.partners.models import Agency, Officer
from tests.people import Cast
from tests.world import OfficerOf

WORDS = {
    "name": "Springfield Police Department",
    "identifier": "TX0000000",
    "kind": "police",
    "recipient_class": "us_government",
    "country": "us",
    "phone": "+1 512 555 0100",
}


@pytest.fixture
def second(cast: Cast) -> User:
    return cast(Role.ADMINISTRATOR, username="second")


@pytest.fixture
def officer(agency: Agency, police_officer: User) -> Officer:
    made = services.register_officer(
        agency, by=None, user=police_officer, name="Carla Reyes", contact="c.reyes@harrow-sheriff.example"
    )
    return services.verify_officer(made, by=None, how_verified="Called back.")


def test_whoever_registers_an_agency_does_not_verify_it(administrator: User, second: User) -> None:
    agency = services.register_agency(by=administrator, **WORDS)
    assert not selectors.is_open(agency)
    with pytest.raises(Refused):
        services.verify_agency(agency, by=administrator, how_verified="I know them.")
    assert selectors.is_open(services.verify_agency(agency, by=second, how_verified="Called back."))


def test_two_agencies_of_one_name_are_told_apart(administrator: User) -> None:
    texas = services.register_agency(by=administrator, **WORDS)
    illinois = services.register_agency(by=administrator, **{**WORDS, "identifier": "IL0000000"})
    assert str(texas) == "Springfield Police Department (TX0000000, US)"
    assert str(illinois) == "Springfield Police Department (IL0000000, US)"
    assert list(selectors.agencies()) == [illinois, texas]
    assert selectors.agency(texas.pk) == texas
    with pytest.raises(NotFound):
        selectors.agency(0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("identifier", "x" * 61),
        ("kind", "club"),
        ("recipient_class", "friends"),
        ("country", "Texas"),
        ("country", "XX"),
        ("phone", " "),
        ("phone", "call me"),
        ("phone", "+1 555 0100 0000 0000"),
        ("time_zone", "Mars/Olympus"),
    ],
)
def test_bad_input_names_its_field(administrator: User, field: str, value: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.register_agency(by=administrator, **{**WORDS, field: value})
    assert refused.value.field == field
    assert not Agency.objects.exists()


def test_an_identifier_stands_once_in_a_country(administrator: User, agency: Agency) -> None:
    for same in ("co0000000", "CO-000 0000"):
        with pytest.raises(InvalidInput) as refused:
            services.register_agency(by=administrator, **{**WORDS, "identifier": same})
        assert refused.value.field == "identifier"
        assert agency.name in str(refused.value)
    elsewhere = services.register_agency(
        by=administrator, **{**WORDS, "identifier": "co0000000", "country": "CA"}
    )
    assert selectors.namesakes_of(elsewhere) == [agency]


def test_who_registered_an_agency_ends_no_task_to_verify_it(administrator: User, second: User) -> None:
    agency = services.register_agency(by=administrator, **WORDS)
    [task] = [each for each in cases.waiting_for(second) if each.kind == "verify_agency"]
    with pytest.raises(Refused):
        complete_task(task, by=second, outcome="Done.")
    services.suspend_agency(agency, by=second, reason="Registered by mistake.")
    assert not [each for each in cases.waiting_for(second) if each.kind == "verify_agency"]


def test_what_set_up_registers_asks_nobody(second: User) -> None:
    services.register_agency(by=None, **WORDS)
    assert not [each for each in cases.waiting_for(second) if each.kind == "verify_agency"]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_only_administrators_change_partners(agency: Agency, cast: Cast, role: Role) -> None:
    person = cast(role)
    acts: list[Callable[[], object]] = [
        lambda: services.register_agency(by=person, **WORDS),
        lambda: services.verify_agency(agency, by=person, how_verified="x"),
        lambda: services.suspend_agency(agency, by=person, reason="x"),
        lambda: services.register_officer(agency, by=person, name="x", username="x"),
    ]
    for act in acts:
        with pytest.raises(NotPermitted):
            act()


def test_an_officer_acts_for_their_agency_alone(
    agency: Agency, second_agency: Agency, police_officer_of: OfficerOf, liaison: User
) -> None:
    assert selectors.agency_of(police_officer_of(agency)) == agency
    assert selectors.agency_of(police_officer_of(second_agency)) == second_agency
    assert selectors.agency_of(liaison) is None


def test_an_officer_is_nobody_before_another_person_verified_them(
    agency: Agency, administrator: User, second: User
) -> None:
    officer = services.register_officer(agency, by=administrator, name="Nora Whitfield", username="nora")
    assert officer.user.role_names == [Role.OFFICER]
    assert selectors.officer_of(officer.user) is None
    with pytest.raises(Refused):
        services.verify_officer(officer, by=administrator, how_verified="I know her.")
    services.verify_officer(officer, by=second, how_verified="Called back on our number.")
    assert selectors.officer_of(officer.user) == officer


def test_the_role_is_that_of_the_agencys_kind(administrator: User) -> None:
    line = services.register_agency(by=None, **{**WORDS, "kind": "responder", "identifier": "NPO-1"})
    firm = services.register_agency(by=None, **{**WORDS, "kind": "counsel", "identifier": "BAR-1"})
    joy = services.register_officer(line, by=None, name="Joy Amundsen", username="joy")
    webb = services.register_officer(firm, by=None, name="A. Webb", username="webb")
    assert (joy.user.role_names, webb.user.role_names) == ([Role.RESPONDER], [Role.OUTSIDE_COUNSEL])


def test_a_verification_ends_after_twelve_months_to_the_second(officer: Officer) -> None:
    assert officer.verified_at is not None
    end = officer.verified_at + timedelta(days=365)
    with clock.frozen(end - timedelta(seconds=1)):
        assert selectors.officer_of(officer.user) == officer
    with clock.frozen(end):
        assert selectors.officer_of(officer.user) is None
        services.verify_officer(officer, by=None, how_verified="Called back again.")
        assert selectors.officer_of(officer.user) == officer


def test_a_suspended_officer_is_nobody_at_once(officer: Officer, administrator: User) -> None:
    services.suspend_officer(officer, by=administrator, reason="The mailbox was taken over.")
    assert selectors.officer_of(officer.user) is None
    with pytest.raises(Refused):
        services.suspend_officer(officer, by=administrator, reason="Again.")


def test_whoever_suspends_does_not_lift_it(
    agency: Agency, officer: Officer, administrator: User, second: User
) -> None:
    services.suspend_officer(officer, by=second, reason="The mailbox was taken over.")
    services.suspend_agency(agency, by=second, reason="A forged request.")
    with pytest.raises(Refused, match="suspended"):
        services.verify_officer(officer, by=second, how_verified="They called me.")
    with pytest.raises(Refused, match="suspended"):
        services.verify_agency(agency, by=second, how_verified="They called me.")
    assert selectors.officer_of(officer.user) is None
    Agency.objects.filter(pk=agency.pk).update(registered_by=None)
    services.verify_agency(agency, by=administrator, how_verified="Called the watch commander.")
    assert (agency.suspended_at, agency.suspended_by) == (None, None)


def test_a_suspended_agency_has_no_officers_at_once(
    agency: Agency, officer: Officer, administrator: User, second: User
) -> None:
    services.suspend_agency(agency, by=administrator, reason="A forged request.")
    assert selectors.officer_of(officer.user) is None
    with pytest.raises(Refused):
        services.suspend_agency(agency, by=administrator, reason="Again.")
    services.verify_agency(agency, by=second, how_verified="Called the watch commander.")
    assert selectors.officer_of(officer.user) == officer


def test_a_disabled_person_is_no_officer(officer: Officer, administrator: User) -> None:
    access.change_person(officer.user, by=administrator, alias="", is_active=False)
    assert selectors.officer_of(User.objects.get(pk=officer.user.pk)) is None


def test_nobody_is_on_the_desk_and_outside_it(agency: Agency, liaison: User, officer: Officer) -> None:
    for user in (liaison, officer.user):
        with pytest.raises(InvalidInput) as refused:
            services.register_officer(agency, by=None, user=user, name="Twice")
        assert refused.value.field == "user"


def test_what_was_done_is_in_the_ledger_without_anybodys_words(agency: Agency, officer: Officer) -> None:
    services.suspend_agency(agency, by=None, reason="A forged request came from their mailbox.")
    entries = list(ledger.entries_about(f"agency:{agency.pk}"))
    assert [entry.action for entry in entries] == [
        "partners.agency_registered",
        "partners.agency_verified",
        "partners.officer_registered",
        "partners.officer_verified",
        "partners.agency_suspended",
    ]
    for secret in (b"forged", b"Reyes", b"c.reyes"):
        assert all(secret not in bytes(entry.entry) for entry in entries)


def _kinds(person: User) -> set[str]:
    return {each.kind for each in cases.waiting_for(person)}


def test_a_new_officer_waits_before_the_other_administrators(
    agency: Agency, administrator: User, second: User
) -> None:
    officer = services.register_officer(agency, by=administrator, name="Nora Whitfield", username="nora")
    [task] = [each for each in cases.waiting_for(second) if each.kind == "verify_officer"]
    assert "nora" in task.title
    assert "Nora" not in task.title
    with pytest.raises(Refused):
        complete_task(task, by=second, outcome="Done.")
    services.verify_officer(officer, by=second, how_verified="Called back.")
    assert "verify_officer" not in _kinds(second)


def test_a_new_key_waits_before_the_other_administrators(
    agency: Agency, administrator: User, second: User
) -> None:
    public = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # RFC 8032, 7.1, test 1
    key = services.register_key(agency, by=administrator, public_key=public, how_known="By mail.")
    assert "confirm_key" in _kinds(second)
    services.revoke_key(key, by=second, reason="It was another's.")
    assert "confirm_key" not in _kinds(second)
