"""What is refused is in the ledger: once an hour for each person, or address, and kind, then as a number."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError
from django.test import Client, override_settings
from rest_framework.test import APIClient

from coordination.access.models import User
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.ledger.models import Leaf
from coordination.rest import jobs, services
from coordination.rest.models import Refusal
from tests.doors import signed_in
from tests.people import Cast, Glass
from tests.rest.conftest import ClientFor

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DESK = override_settings(ROOT_URLCONF="coordination.urls")
ECHO = "/api/v1/echo"


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def _recorded(action: str = "rest.refused") -> list[tuple[str, str, int]]:
    rows = Leaf.objects.filter(action=action).order_by("pk")
    said = [(each.subject, each.data["details"]) for each in rows]
    return [(subject.partition(":")[0], details["kind"], details["more_count"]) for subject, details in said]


@DESK
def test_V16_3_2_a_page_that_is_not_theirs_is_recorded_with_the_person(client: Client, liaison: User) -> None:
    signed_in(liaison, client)
    assert client.get("/admin/access/user/").status_code == 403
    (entry,) = Leaf.objects.filter(action="rest.refused")
    assert (entry.subject, entry.data["by"]) == (f"user:{liaison.pk}", liaison.pk)
    assert entry.data["details"] == {
        "kind": "not-permitted",
        "route": "admin:access_user_changelist",
        "status": 403,
        "more_count": 0,
    }


@DESK
def test_V16_3_2_a_record_that_is_not_theirs_is_recorded_as_a_missing_one_is(
    client: Client, liaison: User
) -> None:
    signed_in(liaison, client)
    assert client.get("/admin/cases/case/C-0000-0000/change/").status_code == 404
    assert _recorded() == [("user", "not-found", 0)]


@DESK
def test_a_page_that_only_asks_for_the_factor_again_refuses_nothing(client: Client, liaison: User) -> None:
    signed_in(liaison, client)
    with clock.frozen(NOW + timedelta(minutes=40)):
        assert client.get("/admin/").status_code == 403
    assert _recorded() == []


@DESK
def test_V16_3_3_what_a_rule_forbids_on_the_desk_is_recorded_by_its_rule(
    client: Client, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(administrator, client)

    def refuse(*_: Any, **__: Any) -> None:
        raise Refused(rule="separation-of-duties")

    monkeypatch.setattr("coordination.access.services.end_all", refuse)
    client.post(f"/admin/access/user/{administrator.pk}/do/end_sessions/", {})
    assert _recorded() == [("user", "rule separation-of-duties", 0)]


@DESK
def test_V16_3_3_a_forged_call_is_recorded_by_a_part_of_the_keyed_index_of_its_address(
    db: None, client: Client
) -> None:
    assert client.post(f"/inbound/{uuid4()}/", b"{}", "application/json").status_code == 404
    (entry,) = Leaf.objects.filter(action="rest.refused")
    assert entry.subject.startswith("address:")
    assert "127.0.0.1" not in bytes(entry.entry).decode()
    assert (entry.data["by"], entry.data["details"]["route"]) == ("system", "inbound")


def test_V16_3_3_refused_input_and_used_up_quotas_are_recorded(api: APIClient, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "caller": "1/60"}
    assert api.post(ECHO, {"word": "a" * 21}).status_code == 400
    assert api.get(ECHO).status_code == 429
    assert _recorded() == [("user", "invalid-input", 0), ("user", "too-many-requests", 0)]
    assert "aaaa" not in "".join(bytes(each.entry).decode() for each in Leaf.objects.all())


def test_V16_3_3_a_token_that_is_none_is_recorded_by_address_and_no_token_is_not(db: None) -> None:
    stranger = APIClient()
    assert stranger.get(ECHO).status_code == 401
    assert _recorded() == []
    stranger.credentials(HTTP_AUTHORIZATION="Bearer " + "0" * 64)
    assert stranger.get(ECHO).status_code == 401
    assert _recorded() == [("address", "invalid-token", 0)]


def test_what_follows_within_the_hour_is_a_number_and_no_entry(
    client_for: ClientFor, police_officer: User
) -> None:
    client = client_for(police_officer, "flag")
    for minutes in (0, 1, 2, 59):
        with clock.frozen(NOW + timedelta(minutes=minutes)):
            client.get(ECHO)
    assert _recorded() == [("user", "insufficient-scope", 0)]
    with clock.frozen(NOW + timedelta(minutes=60)):
        client.get(ECHO)
    assert _recorded()[1:] == [("user", "insufficient-scope", 3)]


def test_each_kind_and_each_person_has_an_entry_of_its_own(
    api: APIClient, client_for: ClientFor, cast: Cast
) -> None:
    api.post(ECHO, {"word": "a" * 21})
    api.get("/api/v1/raises/not-found")
    client_for(cast("officer", username="second"), "flag").get(ECHO)
    assert {kind for _, kind, _ in _recorded()} == {"invalid-input", "not-found", "insufficient-scope"}
    assert Leaf.objects.filter(action="rest.refused").values("subject").distinct().count() == 2


def _strangers(number: int, *, times: int = 1) -> None:
    for each in range(number):
        stranger = APIClient(REMOTE_ADDR=f"203.0.113.{each}")
        stranger.credentials(HTTP_AUTHORIZATION="Bearer " + "0" * 64)
        for _ in range(times):
            stranger.get(ECHO)


def test_many_addresses_cannot_fill_the_ledger(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    hour = timedelta(hours=1)
    three = services.Charge(key="refusals:strangers", step=hour / 3, period=hour)
    monkeypatch.setattr(services, "_STRANGERS", three)
    _strangers(10, times=2)
    assert len(_recorded()) == 3
    services.close_refusals(NOW + timedelta(minutes=59))
    assert _recorded("rest.refused_more") == []
    with clock.frozen(NOW + hour):
        jobs.close_refusals(0)
    # Of twenty, three were recorded one by one.
    assert _recorded("rest.refused_more") == [("address", "any", 17)]
    assert not Refusal.objects.exists()


def test_a_person_who_stops_is_told_of_to_the_last_one(api: APIClient, police_officer: User) -> None:
    for _ in range(4):
        api.post(ECHO, {"word": "a" * 21})
    with clock.frozen(NOW + timedelta(hours=1)):
        jobs.close_refusals(0)
    (last,) = Leaf.objects.filter(action="rest.refused_more")
    assert last.subject == f"user:{police_officer.pk}"
    assert last.data["details"] == {"kind": "invalid-input", "more_count": 3}
    with clock.frozen(NOW + timedelta(hours=2)):
        jobs.close_refusals(0)
    assert len(_recorded("rest.refused_more")) == 1


def test_a_refusal_stands_where_it_cannot_be_recorded_and_the_log_says_so(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(services, "note_refusal", fail)
    assert api.post(ECHO, {"word": "a" * 21}).status_code == 400
    assert "could not be recorded" in caplog.text


@DESK
def test_what_is_refused_under_broken_glass_is_marked(
    client: Client, break_glass: Glass, duty_officer: User
) -> None:
    signed_in(duty_officer, client)
    break_glass(duty_officer)
    assert client.get("/admin/access/user/").status_code == 403
    (entry,) = Leaf.objects.filter(action="rest.refused")
    assert "under_break_glass" in entry.data["details"]
