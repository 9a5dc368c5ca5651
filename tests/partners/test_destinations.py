"""A destination is checked by its channel's own form, holds no secret, and has a fingerprint."""

from typing import Any

import pytest
from django import forms
from django.db import connection

from coordination.access.services import Role, User
from coordination.channels import Channel, registry
from coordination.core import sealing
from coordination.core.errors import InvalidInput, NotFound, NotPermitted
from coordination.ledger import selectors as ledger
from coordination.partners import selectors, services
from coordination.partners.models import Agency, Destination
from tests.people import Cast
from tests.world import DestinationOf

CONFIG = {"endpoint": "http://127.0.0.1:9/messages", "signing_secret": "secret:HARROW_SIGNING"}
WORDS: dict[str, Any] = {
    "title": "Threat desk, portal",
    "channel": "signed_webhook",
    "config": CONFIG,
    "how_known": "Given by the watch commander.",
}


def test_a_destination_keeps_what_the_channels_form_cleaned(agency: Agency, administrator: User) -> None:
    made = services.add_destination(agency, by=administrator, **WORDS)
    assert made.config == {**CONFIG, "callback_secret": ""}
    assert selectors.destination(made.pk) == made
    services.change_destination(made, by=None, enabled=True)
    assert list(selectors.destinations_open()) == [made]
    assert selectors.destination_called_back(str(made.inbound_id)) == made


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"endpoint": "ftp://127.0.0.1/", "signing_secret": "secret:A"}, "endpoint"),
        ({"endpoint": "http://10.0.0.1/", "signing_secret": "secret:A"}, "endpoint"),
        ({"endpoint": "http://user:word@127.0.0.1/", "signing_secret": "secret:A"}, "endpoint"),
        ({"endpoint": CONFIG["endpoint"]}, "signing_secret"),
        ({**CONFIG, "signing_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "signing_secret"),
        ({**CONFIG, "signing_secret": "secret:KEY"}, "signing_secret"),
        ({**CONFIG, "verify": False}, "verify"),
    ],
)
def test_a_wrong_configuration_names_its_field(agency: Agency, config: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.add_destination(agency, by=None, **{**WORDS, "config": config})
    assert refused.value.field == field
    assert "whsec" not in str(refused.value)
    assert not Destination.objects.exists()


def test_an_unknown_channel_is_refused(agency: Agency) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.add_destination(agency, by=None, **{**WORDS, "channel": "carrier_pigeon"})
    assert refused.value.field == "channel"


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("api_token", "abc123", False),
        ("password", "hunter2", False),
        ("header", "Bearer abc", False),
        ("note", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", False),
        ("certificate", "-----BEGIN RSA PRIVATE KEY-----", False),
        ("api_token", "secret:PORTAL_TOKEN", True),
        ("header", "X-Desk: threats", True),
    ],
)
def test_no_plugins_form_can_keep_a_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, kept: bool
) -> None:
    class Careless(Channel):
        config_form = type("CarelessForm", (forms.Form,), {name: forms.CharField()})

    monkeypatch.setattr(registry, "channel", lambda _: Careless)
    if kept:
        assert services.clean_config("careless", {name: value}) == {name: value}
    else:
        with pytest.raises(InvalidInput) as refused:
            services.clean_config("careless", {name: value})
        assert refused.value.field == name


def test_a_form_that_gives_what_json_does_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless(Channel):
        config_form = type("CarelessForm", (forms.Form,), {"since": forms.DateField()})

    monkeypatch.setattr(registry, "channel", lambda _: Careless)
    with pytest.raises(InvalidInput) as refused:
        services.clean_config("careless", {"since": "2026-03-06"})
    assert refused.value.field == "since"


def test_a_title_stands_once_for_an_agency(
    agency: Agency, second_agency: Agency, destination_of: DestinationOf
) -> None:
    destination_of(agency)
    destination_of(second_agency)
    other = destination_of(agency, title="Night desk")
    with pytest.raises(InvalidInput):
        destination_of(agency)
    with pytest.raises(InvalidInput):
        services.change_destination(other, by=None, title="Threat desk, portal")


def test_another_address_is_another_fingerprint(
    agency: Agency, destination_of: DestinationOf, administrator: User
) -> None:
    destination = destination_of(agency)
    before = services.destination_fingerprint(destination)
    services.change_destination(destination, by=None, title="Day desk", enabled=False)
    assert services.destination_fingerprint(destination) == before
    with pytest.raises(InvalidInput) as refused:
        services.change_destination(
            destination, by=administrator, config={**CONFIG, "endpoint": "http://127.0.0.1:8/"}
        )
    assert refused.value.field == "how_known"
    services.change_destination(
        destination, by=None, config={**CONFIG, "endpoint": "http://127.0.0.1:8/"}, how_known="Called back."
    )
    assert services.destination_fingerprint(destination) != before
    assert before.startswith("sha256:")


def test_a_change_to_what_stands_there_already_writes_nothing(
    agency: Agency, destination_of: DestinationOf, administrator: User
) -> None:
    destination = destination_of(agency)
    subject = f"destination:{destination.pk}"
    before = ledger.entries_about(subject).count()
    services.change_destination(
        destination,
        by=administrator,
        title=f" {destination.title} ",
        config=dict(destination.config),
        how_known=destination.how_known,
        checked_on=destination.checked_on,
        enabled=destination.enabled,
    )
    services.change_destination(destination, by=None)
    assert ledger.entries_about(subject).count() == before


def test_every_change_is_in_the_ledger(agency: Agency, destination_of: DestinationOf) -> None:
    destination = destination_of(agency)
    services.change_destination(destination, by=None, enabled=False)
    entries = list(ledger.entries_about(f"destination:{destination.pk}"))
    assert [entry.action for entry in entries] == [
        "partners.destination_added",
        "partners.destination_changed",
        "partners.destination_closed",
    ]
    assert entries[0].data["details"]["fingerprint"] == services.destination_fingerprint(destination)
    assert all(b"127.0.0.1" not in bytes(entry.entry) for entry in entries)


def test_nothing_goes_where_nobody_is_known(agency: Agency, destination_of: DestinationOf) -> None:
    destination = destination_of(agency)
    assert selectors.is_destination_open(destination)
    services.suspend_agency(agency, by=None, reason="A forged request.")
    assert not selectors.is_destination_open(destination)
    assert list(selectors.destinations_of(agency)) == [destination]
    with pytest.raises(NotFound):
        selectors.destination_called_back(str(destination.inbound_id))


def test_a_closed_destination_takes_nothing(agency: Agency, destination_of: DestinationOf) -> None:
    destination = destination_of(agency)
    services.change_destination(destination, by=None, enabled=False)
    assert list(selectors.destinations_open()) == []


def test_a_missing_destination_is_not_found(db: None) -> None:
    with pytest.raises(NotFound):
        selectors.destination(0)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_only_administrators_change_destinations(
    agency: Agency, destination_of: DestinationOf, cast: Cast, role: Role
) -> None:
    destination = destination_of(agency)
    person = cast(role)
    with pytest.raises(NotPermitted):
        services.add_destination(agency, by=person, **{**WORDS, "title": "Other"})
    with pytest.raises(NotPermitted):
        services.change_destination(destination, by=person, enabled=False)


def test_what_is_known_of_people_and_mailboxes_is_sealed(
    agency: Agency, destination_of: DestinationOf
) -> None:
    destination = destination_of(agency)
    services.change_destination(destination, by=None, how_known="Captain Olsen confirmed it by telephone.")
    services.register_officer(agency, by=None, name="Nora Whitfield", username="nora", badge="B-1107")
    columns = {
        "partners_destination": ("config", "how_known"),
        "partners_officer": ("name", "badge", "contact", "how_verified"),
        "partners_agency": ("how_verified",),
    }
    for table, names in columns.items():
        for name in names:
            assert f"{table}.{name}" in set(sealing.sealed_columns())
    with connection.cursor() as cursor:
        cursor.execute("SELECT d::text, o::text FROM partners_destination d, partners_officer o")
        stored = str(cursor.fetchall())
    for word in ("Olsen", "Whitfield", "B-1107", str(destination.config["endpoint"])):
        assert word.encode().hex() not in stored
        assert word not in stored
