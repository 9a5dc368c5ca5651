"""A partner's system calls back over HTTP; the plugin verifies it in its host."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from coordination.channels import sign_webhook
from coordination.core import clock
from coordination.inbox import services, views
from coordination.inbox.models import InboundMessage
from coordination.outbox import selectors as outbox
from coordination.outbox.services import Message
from coordination.partners import services as partners
from coordination.partners.services import Agency, Destination
from tests.inbox.conftest import SECRET


def _call(
    destination: Destination,
    message_id: str,
    *,
    secret: str = SECRET,
    at: datetime | None = None,
    **said: Any,
) -> Any:
    body = json.dumps(
        {
            "id": "call-1",
            "message_id": message_id,
            "level": "acknowledged",
            "occurred_at": datetime(2026, 3, 6, 23, 40, tzinfo=UTC).isoformat(),
            "sequence": 3,
            "reference": "HC-26-4471",
            **said,
        }
    ).encode()
    signed_at = at or clock.now()
    headers = sign_webhook("call-1", signed_at, body, secret)
    return Client(enforce_csrf_checks=True).post(
        f"/inbound/{destination.inbound_id}/", body, content_type="application/json", headers=headers
    )


def _state(message: Message) -> str:
    delivery = outbox.delivery_of(message)
    assert delivery is not None
    return delivery.state


def test_a_signed_call_is_taken_once(destination: Destination, sent: Message) -> None:
    assert _call(destination, str(sent.pk)).status_code == 204
    assert _call(destination, str(sent.pk)).status_code == 204
    assert _state(sent) == "acknowledged"
    inbound = InboundMessage.objects.get()
    assert (inbound.way, inbound.kind, inbound.agency) == ("webhook", "receipt", destination.agency)
    assert inbound.payload["receipt"]["reference"] == "HC-26-4471"


def test_the_same_call_with_other_words_is_a_conflict(destination: Destination, sent: Message) -> None:
    _call(destination, str(sent.pk))
    assert _call(destination, str(sent.pk), reference="OTHER").status_code == 409
    assert InboundMessage.objects.count() == 1


def test_a_forged_call_changes_nothing(destination: Destination, sent: Message) -> None:
    other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert _call(destination, str(sent.pk), secret=other).status_code == 400
    assert _call(destination, str(sent.pk), at=clock.now() - timedelta(hours=1)).status_code == 400
    assert Client().post(f"/inbound/{destination.inbound_id}/", b"{}", "application/json").status_code == 400
    assert not InboundMessage.objects.exists()
    assert _state(sent) == "accepted"


def test_a_signed_call_that_cannot_be_read_is_told_so_as_a_problem(
    destination: Destination, sent: Message
) -> None:
    answer = _call(destination, str(sent.pk), level="whatever")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["type"].endswith(":malformed-body")


@pytest.mark.parametrize("message_id", ["", "7", "01a20aa8-23ff-7569-973a-6e50913b055e"])
def test_a_call_about_nothing_of_theirs_is_not_found(
    destination: Destination, sent: Message, message_id: str
) -> None:
    assert _call(destination, message_id).status_code == 404


def test_foreign_and_missing_answer_the_same_byte_for_byte(
    destination: Destination, second_agency: Agency, sent: Message
) -> None:
    theirs = partners.add_destination(
        second_agency,
        by=None,
        title="Portal",
        channel="signed_webhook",
        config={"endpoint": "http://127.0.0.1:9/", "signing_secret": "secret:TEST_SIGNING"},
        how_known="Called back.",
    )
    foreign, missing = _call(theirs, str(sent.pk)), _call(theirs, str(uuid4()))
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content
    assert _state(sent) == "accepted"


def test_the_secret_of_one_destination_says_nothing_about_another_of_the_same_agency(
    destination: Destination, sent: Message
) -> None:
    other = partners.add_destination(
        destination.agency,
        by=None,
        title="Another portal",
        channel="signed_webhook",
        config={"endpoint": "http://127.0.0.1:9/", "signing_secret": "secret:TEST_SIGNING"},
        how_known="Called back.",
    )
    assert _call(other, str(sent.pk), level="rejected").status_code == 404
    assert _state(sent) == "accepted"


def test_a_closed_destination_takes_no_calls(destination: Destination, sent: Message) -> None:
    partners.suspend_agency(destination.agency, by=None, reason="A forged request.")
    assert _call(destination, str(sent.pk)).status_code == 404


def test_a_channel_that_takes_no_calls_has_no_address(agency: Agency) -> None:
    letters = partners.add_destination(
        agency,
        by=None,
        title="Letters",
        channel="counsel_email",
        config={"recipient": "desk@harrow-sheriff.example"},
        how_known="Called back.",
    )
    assert _call(letters, str(uuid4())).status_code == 404


def test_an_unknown_address_is_not_found(db: None) -> None:
    assert Client().post(f"/inbound/{uuid4()}/", b"{}", "application/json").status_code == 404
    assert Client().post("/inbound/7/", b"{}", "application/json").status_code == 404


def test_a_call_that_is_too_large_is_refused_before_it_is_read(destination: Destination) -> None:
    body = b" " * (views.LARGEST_BODY + 1)
    address = f"/inbound/{destination.inbound_id}/"
    assert Client().post(address, body, "application/json").status_code == 413
    assert Client().post(address, b"{}", "application/json", CONTENT_LENGTH="9" * 18).status_code == 413


def test_only_post_is_taken(destination: Destination) -> None:
    assert Client().get(f"/inbound/{destination.inbound_id}/").status_code == 405


def test_a_missing_secret_is_ours_to_mend(
    destination: Destination, sent: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_TEST_SIGNING")
    assert _call(destination, str(sent.pk)).status_code == 500


def test_a_long_id_of_theirs_fits(destination: Destination) -> None:
    short, long = (services._id_of(destination, "x" * length) for length in (20, 400))
    assert short == f"destination-{destination.pk}:{'x' * 20}"
    assert len(long) <= services.LONGEST_ID
    assert long != services._id_of(destination, "x" * 401)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"reference": "\ud800"}, ""),
        ({"sequence": "1"}, ""),
        ({"sequence": -1}, ""),
        ({"level": {}}, ""),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, ""),
        ({"occurred_at": "0001-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "1989-12-31T23:59:59Z"}, "occurred_at"),
        ({"occurred_at": "9999-12-31T23:59:59Z"}, "occurred_at"),
        ({"reference": "a\0b"}, "reference"),
    ],
    ids=str,
)
def test_a_signed_call_that_makes_no_sense_is_a_problem_and_keeps_nothing(
    destination: Destination, sent: Message, said: dict[str, Any], field: str
) -> None:
    answer = _call(destination, str(sent.pk), **said)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert [each["field"] for each in answer.json().get("errors", [])] == ([field] if field else [])
    assert not InboundMessage.objects.exists()
    assert _state(sent) == "accepted"


def test_a_clock_that_is_some_hours_fast_is_forgiven(destination: Destination, sent: Message) -> None:
    ahead = clock.now() + timedelta(hours=23)
    assert _call(destination, str(sent.pk), occurred_at=ahead.isoformat()).status_code == 204


@pytest.mark.parametrize("length", ["-1", "two", "\u00b2", "9" * 5000, "1 1"])
def test_a_length_that_is_none_is_refused(destination: Destination, length: str) -> None:
    address = f"/inbound/{destination.inbound_id}/"
    assert Client().post(address, b"{}", "application/json", CONTENT_LENGTH=length).status_code == 400


def test_what_a_partner_writes_in_place_of_an_id_is_not_kept_in_the_clear(destination: Destination) -> None:
    assert services._id_of(destination, "Jonas Weber, 4 Elm Street").startswith("sha256:")


def test_an_address_whose_calls_are_nobodys_troubles_no_plugin_after_a_while(
    destination: Destination, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "address_urgent": "3/60"}
    unknown = "/inbound/00000000-0000-7000-8000-000000000000/"
    now = clock.now()
    with clock.frozen(now):
        assert [Client().post(unknown).status_code for _ in range(3)] == [404] * 3
        monkeypatch.setattr(services, "accept_from_channel", lambda *_: pytest.fail("was asked"))
        refused = Client().post(f"/inbound/{destination.inbound_id}/")
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "20"
        assert refused.headers["Content-Type"] == "application/problem+json"
    monkeypatch.undo()
    elsewhere = Client(REMOTE_ADDR="203.0.113.9").post(unknown)
    assert elsewhere.status_code == 404
