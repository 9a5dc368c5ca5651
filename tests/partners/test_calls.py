"""An agency is called back on our number; what it denies is cut off, and whoever leaves is out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.cases.services import complete_task
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from coordination.partners import selectors, services, signals
from coordination.partners.models import Agency, CallBack, Officer
from coordination.policy import services as policy
from tests.doors import signed_in
from tests.people import Cast
from tests.world import OfficerOf

TOLD = {"spoke_with": "Dana Pruitt, watch commander", "words": "Case 26-0412 is ours, and she works it."}


@pytest.fixture
def officer(agency: Agency, police_officer_of: OfficerOf) -> Officer:
    return Officer.objects.get(user=police_officer_of(agency))


@pytest.fixture
def second(cast: Cast) -> User:
    return cast(Role.ADMINISTRATOR, username="second")


@pytest.fixture
def stopped() -> Any:
    found: list[int] = []

    def note(sender: Any, *, officer: Officer, **_: Any) -> None:
        found.append(officer.pk)

    signals.officer_stopped.connect(note)
    yield found
    signals.officer_stopped.disconnect(note)


def _kinds(person: User) -> set[str]:
    return {each.kind for each in cases.waiting_for(person)}


def test_the_call_goes_to_our_number_and_the_script_names_it(agency: Agency, officer: Officer) -> None:
    call = services.ask_call_back(agency, by=None, about="D-91QX", officer=officer)
    assert call.phone == agency.phone
    assert agency.phone in call.script
    assert "Use no number" in call.script
    assert "Carla Reyes" in call.script
    assert str(agency) in call.script


def test_the_number_of_the_moment_is_on_record_whatever_it_becomes(agency: Agency) -> None:
    call = services.ask_call_back(agency, by=None, about="D-91QX")
    Agency.objects.filter(pk=agency.pk).update(phone="+1 970 555 0199")
    assert selectors.call(call.pk).phone == "+1 970 555 0112"


def test_a_call_waits_before_whoever_is_on_shift_and_ends_with_its_outcome(
    agency: Agency, liaison: User, reviewer: User, duty_officer: User
) -> None:
    call = services.ask_call_back(agency, by=None, about="D-91QX", priority="P0")
    assert services.ask_call_back(agency, by=None, about="D-91QX") == call
    [task] = [each for each in cases.waiting_for(liaison) if each.kind == "call_back_agency"]
    assert task.priority == "P0"
    assert "call_back_agency" in _kinds(duty_officer)
    assert "call_back_agency" not in _kinds(reviewer)
    with pytest.raises(Refused):
        complete_task(task, by=liaison, outcome="Done.")
    services.record_call(call, by=liaison, outcome="confirmed", **TOLD)
    assert "call_back_agency" not in _kinds(liaison)


def test_nobody_reached_leaves_the_call_open_and_is_counted(agency: Agency, liaison: User) -> None:
    call = services.ask_call_back(agency, by=liaison, about="D-91QX")
    for tries in (1, 2):
        assert services.record_call(call, by=liaison, outcome="not_reached").tries == tries
    assert not selectors.call(call.pk).outcome
    assert "call_back_agency" in _kinds(liaison)


def test_what_the_agency_does_not_know_cuts_off_officer_and_agency_at_once(
    agency: Agency, officer: Officer, liaison: User, stopped: list[int]
) -> None:
    call = services.ask_call_back(agency, by=None, about="D-91QX", officer=officer)
    services.record_call(call, by=liaison, outcome="no_such_case", suspend=True, **TOLD)
    standing = selectors.standing_for_requests(officer)
    assert (standing.verified, standing.suspended, standing.trust) == (False, True, "limited")
    assert selectors.officer_of(officer.user) is None
    assert not selectors.is_open(Agency.objects.get())
    assert stopped == [officer.pk]


def test_the_agency_stays_where_who_called_says_so(agency: Agency, officer: Officer, liaison: User) -> None:
    call = services.ask_call_back(agency, by=None, about="D-91QX", officer=officer)
    services.record_call(call, by=liaison, outcome="no_such_officer", suspend=False, **TOLD)
    assert selectors.is_open(Agency.objects.get())
    assert selectors.officer_of(officer.user) is None


def test_whoever_called_does_not_lift_what_the_call_cut_off(
    officer: Officer, administrator: User, second: User
) -> None:
    services.record_officer_call(officer, by=administrator, outcome="no_such_officer", **TOLD)
    assert selectors.standing_for_requests(officer).suspended
    for act in (
        lambda: services.record_officer_call(officer, by=administrator, outcome="confirmed", **TOLD),
        lambda: services.restore_trust(officer, by=administrator, reason="A mistake."),
    ):
        with pytest.raises(Refused):
            act()
    services.record_officer_call(officer, by=second, outcome="confirmed", **TOLD)
    services.restore_trust(officer, by=second, reason="Their records were wrong.")
    assert selectors.standing_for_requests(officer).verified


def test_what_somebody_on_shift_cut_off_an_administrator_verifies_anew(
    agency: Agency, liaison: User, administrator: User
) -> None:
    call = services.ask_call_back(agency, by=None, about="D-91QX")
    services.record_call(call, by=liaison, outcome="no_such_case", suspend=True, **TOLD)
    with pytest.raises(NotPermitted):
        services.verify_agency(agency, by=liaison, how_verified="A mistake.")
    services.verify_agency(agency, by=administrator, how_verified="Called the chief.")
    assert selectors.is_open(agency)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"outcome": "maybe"}, "outcome"),
        ({"outcome": "confirmed", "spoke_with": " ", "words": "x"}, "spoke_with"),
        ({"outcome": "confirmed", "spoke_with": "x", "words": ""}, "words"),
        ({"outcome": "confirmed", "spoke_with": "x", "words": "x" * 2_001}, "words"),
    ],
)
def test_an_outcome_is_one_of_a_few_and_says_who_said_what(
    agency: Agency, liaison: User, words: dict[str, str], field: str
) -> None:
    call = services.ask_call_back(agency, by=None, about="D-91QX")
    with pytest.raises(InvalidInput) as refused:
        services.record_call(call, by=liaison, **words)
    assert refused.value.field == field
    assert not selectors.call(call.pk).outcome


def test_a_call_has_one_outcome(agency: Agency, liaison: User) -> None:
    call = services.ask_call_back(agency, by=None, about="D-91QX")
    services.record_call(call, by=liaison, outcome="confirmed", **TOLD)
    with pytest.raises(Refused):
        services.record_call(call, by=liaison, outcome="no_such_case", **TOLD)


def test_an_agency_without_a_number_of_ours_is_not_called(agency: Agency) -> None:
    Agency.objects.filter(pk=agency.pk).update(phone="")
    with pytest.raises(Refused, match="no number of ours"):
        services.ask_call_back(agency, by=None, about="D-91QX")


def test_a_call_confirms_no_officer_of_another_agency(
    agency: Agency, second_agency: Agency, officer: Officer
) -> None:
    with pytest.raises(Refused):
        services.ask_call_back(second_agency, by=None, about="D-91QX", officer=officer)


@pytest.mark.parametrize(
    "role", [Role.REVIEWER, Role.VICTIM_LIAISON, Role.AUDITOR, Role.AGENCY_ADMINISTRATOR]
)
def test_who_may_not_call_records_no_call(agency: Agency, cast: Cast, role: Role) -> None:
    call = services.ask_call_back(agency, by=None, about="D-91QX")
    with pytest.raises(NotPermitted):
        services.record_call(call, by=cast(role), outcome="confirmed", **TOLD)


def test_what_they_said_is_sealed_and_in_the_ledger_as_a_digest(agency: Agency, liaison: User) -> None:
    call = services.ask_call_back(agency, by=None, about="D-91QX")
    services.record_call(call, by=liaison, outcome="confirmed", **TOLD)
    entries = list(ledger.entries_about(f"agency:{agency.pk}"))
    assert [each.action for each in entries[-2:]] == ["partners.call_asked", "partners.called_back"]
    assert entries[-1].data["details"]["outcome"] == "confirmed"
    for secret in (b"Pruitt", b"26-0412"):
        assert all(secret not in bytes(entry.entry) for entry in entries)


def test_a_call_verifies_an_officer_for_as_long_as_policy_says(
    agency: Agency, administrator: User, second: User
) -> None:
    policy.load(settings.BASE_DIR / "fixtures" / "policy")
    officer = services.register_officer(agency, by=administrator, name="Nora Whitfield", username="nora")
    with pytest.raises(Refused):
        services.record_officer_call(officer, by=administrator, outcome="confirmed", **TOLD)
    assert not CallBack.objects.exists()
    services.record_officer_call(officer, by=second, outcome="not_reached")
    assert not selectors.standing_for_requests(officer).verified
    services.record_officer_call(officer, by=second, outcome="confirmed", **TOLD)
    officer.refresh_from_db()
    assert officer.verified_at is not None
    assert officer.expires_at == officer.verified_at + timedelta(days=365)
    assert selectors.calls_of(agency).get().tries == 1


def test_policy_shortens_a_verification(
    agency: Agency, officer: Officer, second: User, tmp_path: Any
) -> None:
    pack = tmp_path / "short" / "1.toml"
    pack.parent.mkdir()
    pack.write_text(
        '[pack]\nname = "short"\ntitle = "t"\njurisdiction = "US"\nversion = "1"\ntime_zone = "UTC"\n'
        'effective_from = 2026-01-01\n[[clocks]]\nid = "policy.officer-verification"\ntrigger = "t"\n'
        'applies_to = "a"\namount = 24\nunit = "hours"\ncitation = "c"\n'
    )
    policy.load(tmp_path)
    services.record_officer_call(officer, by=second, outcome="confirmed", **TOLD)
    officer.refresh_from_db()
    assert officer.verified_at is not None
    assert officer.expires_at == officer.verified_at + timedelta(hours=24)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_edr_11_nobody_verifies_their_own_agency_or_its_officers(
    agency: Agency, officer: Officer, cast: Cast, role: Role
) -> None:
    person = cast(role)
    acts: list[Callable[[], object]] = [
        lambda: services.verify_agency(agency, by=person, how_verified="I run it."),
        lambda: services.verify_officer(officer, by=person, how_verified="A colleague."),
        lambda: services.record_officer_call(officer, by=person, outcome="confirmed", **TOLD),
        lambda: services.register_officer(agency, by=person, name="A colleague", username="colleague"),
    ]
    for act in acts:
        with pytest.raises(NotPermitted):
            act()


def test_edr_11_an_agency_takes_two_of_the_desk_and_nobody_of_the_agency(
    agency: Agency, cast: Cast, administrator: User
) -> None:
    theirs = cast(Role.AGENCY_ADMINISTRATOR)
    services.register_officer(agency, by=None, user=theirs, name="Agency Administrator")
    with pytest.raises(InvalidInput):
        services.register_officer(agency, by=None, user=administrator, name="Somebody of the desk")
    assert selectors.agency_of(theirs) is None


def test_whoever_has_left_opens_nothing_and_is_not_verified_again(
    agency: Agency, officer: Officer, administrator: User, stopped: list[int]
) -> None:
    services.record_officer_call(officer, by=administrator, outcome="left", **TOLD)
    assert selectors.officer_of(officer.user) is None
    assert selectors.standing_for_requests(officer).reasons == ("The officer has left the agency.",)
    assert stopped == [officer.pk]
    with pytest.raises(Refused, match="registered anew"):
        services.verify_officer(officer, by=None, how_verified="Back again.")
    with pytest.raises(Refused):
        services.record_departure(officer, by=administrator, reason="Again.")


def test_edr_08_the_end_of_a_verification_is_recorded_once_and_told(
    agency: Agency, officer: Officer, second: User, stopped: list[int]
) -> None:
    assert officer.expires_at is not None
    assert services.record_lapses(officer.expires_at - timedelta(seconds=1)) == 0
    assert services.record_lapses(officer.expires_at) == 1
    assert services.record_lapses(officer.expires_at + timedelta(days=1)) == 0
    assert stopped == [officer.pk]
    assert [each.action for each in ledger.entries_about(f"agency:{agency.pk}")][
        -1
    ] == "partners.officer_lapsed"
    with clock.frozen(officer.expires_at + timedelta(days=31)):
        services.record_officer_call(officer, by=second, outcome="confirmed", **TOLD)
        assert selectors.standing_for_requests(officer).verified
        assert services.record_lapses(clock.now()) == 0


def test_edr_08_somebody_is_asked_to_call_again_before_a_verification_ends(
    agency: Agency, officer: Officer, administrator: User
) -> None:
    ends = officer.expires_at
    assert ends is not None
    assert services.remind(ends - timedelta(days=31)) == 0
    with clock.frozen(ends - timedelta(days=30)):
        assert services.remind(clock.now()) == 1
        services.remind(clock.now())
        [task] = [each for each in cases.waiting_for(administrator) if each.kind == "verify_officer_again"]
        assert task.due_at == ends
        with pytest.raises(Refused):
            complete_task(task, by=administrator, outcome="Later.")
        services.record_officer_call(officer, by=administrator, outcome="confirmed", **TOLD)
        assert "verify_officer_again" not in _kinds(administrator)
        assert services.remind(clock.now()) == 0


def test_trust_is_limited_by_one_and_restored_by_another(
    officer: Officer, administrator: User, second: User
) -> None:
    services.limit_trust(officer, by=administrator, reason="Three requests in an hour.")
    standing = selectors.standing_for_requests(officer)
    assert (standing.verified, standing.trust) == (True, "limited")
    assert standing.reasons == ("Trust in this officer is limited: call back before anything leaves.",)
    with pytest.raises(Refused):
        services.restore_trust(officer, by=administrator, reason="It was nothing.")
    services.restore_trust(officer, by=second, reason="A drill of theirs.")
    assert selectors.standing_for_requests(officer).reasons == ()


def test_a_call_is_made_and_recorded_on_the_desk(
    client: Client, agency: Agency, officer: Officer, liaison: User
) -> None:
    signed_in(liaison, client)
    page = f"/admin/partners/agency/{agency.pk}/"
    client.post(f"{page}do/ask_call_back/", {"about": "D-91QX", "officer": officer.pk})
    call = CallBack.objects.get()
    shown = client.get(f"/admin/partners/callback/{call.pk}/change/").content.decode()
    assert agency.phone in shown
    assert "Use no number" in shown
    record = f"/admin/partners/callback/{call.pk}/do/record/"
    said = client.post(record, {"outcome": "not_reached"}, follow=True).content.decode()
    assert "Nobody was reached" in said
    client.post(record, {"outcome": "no_such_case", "suspend": "on", **TOLD})
    call.refresh_from_db()
    assert (call.outcome, call.called_by) == ("no_such_case", liaison)
    assert not selectors.is_open(Agency.objects.get())
    assert "no such case" in client.get(f"{page}change/").content.decode().lower()


def test_trust_and_departure_are_recorded_on_the_desk(
    client: Client, agency: Agency, officer: Officer, administrator: User
) -> None:
    signed_in(administrator, client)
    page = f"/admin/partners/agency/{agency.pk}/"
    client.post(f"{page}do/limit_trust/", {"target": officer.pk, "reason": "Three in an hour."})
    assert "call back whatever they ask" in client.get(f"{page}change/").content.decode()
    client.post(f"{page}do/officer_left/", {"target": officer.pk, "reason": "Their supervisor said so."})
    assert "has left" in client.get(f"{page}change/").content.decode()
    assert selectors.officer_of(officer.user) is None
