"""Agencies and destinations on the desk: who reads, who acts, and where an error stands."""

from typing import Any

import pytest
from django.test import Client

from coordination.access.services import Role, User
from coordination.partners import selectors
from coordination.partners.models import Agency, Destination
from tests.doors import signed_in
from tests.people import Cast
from tests.world import DestinationOf, OfficerOf

AGENCIES = "/admin/partners/agency/"
DESTINATIONS = "/admin/partners/destination/"
NEW = {
    "name": "Springfield Police Department",
    "identifier": "TX0000000",
    "kind": "police",
    "recipient_class": "us_government",
    "country": "US",
    "phone": "+1 512 555 0100",
    "time_zone": "America/Chicago",
}


CONFIRMED = {"outcome": "confirmed", "spoke_with": "The watch commander", "words": "She serves here."}


def _as(client: Client, user: User) -> Client:
    signed_in(user, client)
    return client


@pytest.fixture
def desk(client: Client, administrator: User) -> Client:
    return _as(client, administrator)


def _do(client: Client, record: Agency | Destination, act: str, **data: Any) -> Any:
    base = AGENCIES if isinstance(record, Agency) else DESTINATIONS
    return client.post(f"{base}{record.pk}/do/{act}/", data, follow=True)


def test_two_people_bring_an_agency_in(client: Client, administrator: User, cast: Cast) -> None:
    answer = _as(client, administrator).post(f"{AGENCIES}add/", NEW, follow=True)
    agency = Agency.objects.get()
    assert "not verified" in answer.content.decode()
    assert "do/verify/" not in answer.content.decode()
    second = _as(client, cast(Role.ADMINISTRATOR, username="second"))
    _do(second, agency, "verify", how_verified="Called back on the registry's number.")
    assert selectors.is_open(Agency.objects.get())


def test_a_new_agency_waits_on_the_first_page_of_the_other_administrators(
    client: Client, administrator: User, cast: Cast
) -> None:
    page = _as(client, administrator).post(f"{AGENCIES}add/", NEW, follow=True).content.decode()
    assert "Another administrator calls the number and presses" in page
    second = _as(client, cast(Role.ADMINISTRATOR, username="second"))
    agency = Agency.objects.get()
    assert f"Verify {agency}" in second.get("/admin/").content.decode()
    shown = second.get(f"{AGENCIES}{agency.pk}/change/").content.decode()
    assert f"Call {agency.phone} and press" in shown
    _do(second, agency, "verify", how_verified="Called back on the registry's number.")
    assert f"Verify {agency}" not in second.get("/admin/").content.decode()


def test_an_identifier_of_another_country_is_shown_to_who_verifies(desk: Client, agency: Agency) -> None:
    known = {
        **NEW,
        "country": "CA",
        "identifier": f" {agency.identifier[:2]}-{agency.identifier[2:].lower()}",
    }
    page = desk.post(f"{AGENCIES}add/", known, follow=True).content.decode()
    assert "Same identifier" in page
    assert f'href="{AGENCIES}{agency.pk}/change/"' in page


def test_a_token_for_an_agency_does_what_an_agency_may(
    desk: Client, agency: Agency, police_officer_of: OfficerOf
) -> None:
    police_officer_of(agency)
    page = desk.get(f"{AGENCIES}{agency.pk}/change/").content.decode()
    assert "read what was sent to the agency" in page
    assert "post safety flags" not in page
    assert "submit a data request" not in page
    officer = selectors.officers_of(agency).get()
    _do(desk, agency, "issue_token", target=officer.pk, name="portal", scopes=["flag"], days=30)
    assert not selectors.tokens_of(agency)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("country", "Texas"), ("country", "XX"), ("time_zone", "Mars/Olympus"), ("identifier", "")),
        *(("phone", ""), ("phone", "call me"), ("phone", "+1 555")),
    ],
)
def test_an_error_stands_at_its_field(desk: Client, field: str, value: str) -> None:
    answer = desk.post(f"{AGENCIES}add/", {**NEW, field: value})
    assert answer.context["form"].errors[field]
    assert not Agency.objects.exists()


def test_officers_are_registered_and_suspended(
    desk: Client, agency: Agency, police_officer_of: OfficerOf, cast: Cast
) -> None:
    user = police_officer_of(agency)
    officer = selectors.officers_of(agency).get()
    page = desk.get(f"{AGENCIES}{agency.pk}/change/").content.decode()
    assert "Carla Reyes" in page
    assert "● open" in page
    _do(desk, agency, "suspend_officer", target=officer.pk, reason="The mailbox was taken over.")
    assert selectors.officer_of(user) is None
    said = _do(desk, agency, "call_about_officer", target=officer.pk, **CONFIRMED)
    assert "Whoever suspended this does not lift it" in said.content.decode()
    assert selectors.officer_of(user) is None
    second = _as(Client(), cast(Role.ADMINISTRATOR, username="second"))
    _do(second, agency, "call_about_officer", target=officer.pk, **CONFIRMED)
    assert selectors.officer_of(user) == officer
    _do(desk, agency, "register_officer", name="Nora Whitfield", username="nora")
    assert [each.name for each in selectors.officers_of(agency)] == ["Carla Reyes", "Nora Whitfield"]


def test_another_agencys_officer_is_not_acted_on_from_here(
    desk: Client, agency: Agency, second_agency: Agency, police_officer_of: OfficerOf
) -> None:
    user = police_officer_of(second_agency)
    officer = selectors.officers_of(second_agency).get()
    _do(desk, agency, "suspend_officer", target=officer.pk, reason="Wrong page.")
    assert selectors.officer_of(user) == officer


def test_an_agency_is_suspended(desk: Client, agency: Agency) -> None:
    answer = _do(desk, agency, "suspend", reason="A forged request.")
    assert "suspended" in answer.content.decode()
    assert not selectors.is_open(Agency.objects.get())


def test_a_destination_is_added_in_its_channels_own_fields(desk: Client, agency: Agency) -> None:
    assert "channel" in desk.get(f"{DESTINATIONS}add/").context["form"].fields
    way = f"{DESTINATIONS}add/?agency={agency.pk}&channel=signed_webhook"
    assert "config_signing_secret" in desk.get(way).context["form"].fields
    words = {"title": "Portal", "how_known": "Called back.", "config_endpoint": "http://127.0.0.1:9/"}
    shown = desk.get(way).content.decode()
    assert str(agency) in shown
    assert "Signed webhook" in shown
    assert ">Endpoint<" in shown
    assert "Config" not in shown
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    refused = desk.post(way, {**words, "config_signing_secret": secret})
    assert refused.context["form"].errors["config_signing_secret"]
    assert secret not in refused.content.decode()
    assert "http://127.0.0.1:9/" in refused.content.decode()
    added = desk.post(way, {**words, "config_signing_secret": "secret:HARROW"}, follow=True)
    destination = Destination.objects.get()
    assert destination.config["endpoint"] == "http://127.0.0.1:9/"
    assert f"/inbound/{destination.inbound_id}/" in added.content.decode()


def test_a_destination_is_changed_closed_and_opened(
    desk: Client, agency: Agency, destination_of: DestinationOf
) -> None:
    destination = destination_of(agency)
    change = {
        "title": "Day desk",
        "how_known": "Called back.",
        "config_endpoint": "http://127.0.0.1:8/",
        "config_signing_secret": "secret:HARROW",
    }
    Agency.objects.update(verified_at=None)
    _do(desk, destination, "change", **change)
    assert Destination.objects.get().config["endpoint"] == "http://127.0.0.1:8/"
    answer = _do(desk, destination, "change", **{**change, "config_endpoint": "http://10.0.0.1/"})
    assert "Nothing was saved" in answer.content.decode()
    _do(desk, destination, "close")
    assert not Destination.objects.get().enabled
    _do(desk, destination, "open")
    assert Destination.objects.get().enabled


@pytest.mark.parametrize("role", [Role.SAFETY_LIAISON, Role.COUNSEL, Role.AUDITOR])
def test_the_desk_reads_and_at_most_asks_for_a_call(
    client: Client, cast: Cast, agency: Agency, destination_of: DestinationOf, role: Role
) -> None:
    destination = destination_of(agency)
    reader = _as(client, cast(role))
    for address in (f"{AGENCIES}{agency.pk}/change/", f"{DESTINATIONS}{destination.pk}/change/"):
        shown = reader.get(address)
        assert shown.status_code == 200
        assert "/do/" not in shown.content.decode().replace("/do/ask_call_back/", "")
    assert reader.get(f"{AGENCIES}add/").status_code == 403
    assert _do(reader, agency, "suspend", reason="x").status_code == 403
    assert _do(reader, destination, "close").status_code == 403
    assert selectors.is_destination_open(destination)


def test_an_outsider_sees_no_partner(client: Client, outsider: User, agency: Agency) -> None:
    assert _as(client, outsider).get(f"{AGENCIES}{agency.pk}/change/").status_code == 404


def test_the_lists_open(desk: Client, agency: Agency, destination_of: DestinationOf) -> None:
    destination_of(agency)
    assert "CO0000000" in desk.get(AGENCIES).content.decode()
    assert "Threat desk" in desk.get(DESTINATIONS).content.decode()
