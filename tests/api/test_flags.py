"""Safety flags over HTTP: what is wrong is named, and nothing of it is stored."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from coordination.access.services import User
from coordination.cases.models import Case
from coordination.triage.models import Flag
from tests.api.conftest import ClientFor, key

FLAGS = "/api/v1/flags"
FLAG: dict[str, Any] = {
    "external_id": "lc-2026-000117",
    "source": "classifier",
    "category": "mass_casualty",
    "content": "On Monday they will all know my name.",
    "content_at": "2026-11-20T23:12:00-07:00",
    "content_zone": "America/Denver",
    "account": "acct-7731",
    "provenance": "observed",
    "score": 0.94,
    "classifier": "harm",
    "classifier_version": "3.2",
    "identifiers": [{"kind": "payment_token", "value": "tok-55", "provenance": "observed"}],
    "files": [],
    "minor": False,
}


@pytest.fixture
def platform(platform_system: User, client_for: ClientFor) -> APIClient:
    """The platform's own client."""
    return client_for(platform_system, "flag")


def _without(name: str) -> dict[str, Any]:
    return {field: value for field, value in FLAG.items() if field != name}


def test_a_flag_is_taken_once(platform: APIClient) -> None:
    response = platform.post(FLAGS, FLAG, **key())
    assert response.status_code == 201
    assert set(response.json()) == {"id", "external_id", "received_at"}
    again = platform.post(FLAGS, FLAG, **key("another"))
    assert again.status_code == 200
    assert again.json()["id"] == response.json()["id"]
    assert Flag.objects.count() == 1
    assert Flag.objects.get().case.priority == "P0"


def test_the_same_id_with_other_content_is_a_conflict(platform: APIClient) -> None:
    platform.post(FLAGS, FLAG, **key())
    response = platform.post(FLAGS, {**FLAG, "content": "Other."}, **key("another"))
    assert response.status_code == 409


WRONG: list[tuple[dict[str, Any], str]] = [
    ({**FLAG, "category": "weather"}, "category"),
    (_without("category"), "category"),
    (_without("content_zone"), "content_zone"),
    ({**FLAG, "content_zone": "Mars/Olympus"}, "content_zone"),
    ({**FLAG, "content_zone": ""}, "content_zone"),
    ({**FLAG, "content_at": "2026-11-20T23:12:00"}, "content_at"),
    ({**FLAG, "content_at": "yesterday"}, "content_at"),
    ({**FLAG, "content_at": 1763700000}, "content_at"),
    ({**FLAG, "content_at": "2126-11-20T23:12:00Z"}, "content_at"),
    ({**FLAG, "content_at": "2026-13-45T23:12:00Z"}, "content_at"),
    ({**FLAG, "content": "x" * 200_001}, "content"),
    ({**FLAG, "content": 5}, "content"),
    ({**FLAG, "content": ["a"]}, "content"),
    ({**FLAG, "score": "0.9"}, "score"),
    ({**FLAG, "score": True}, "score"),
    ({**FLAG, "score": 2}, "score"),
    ({**FLAG, "minor": "false"}, "minor"),
    ({**FLAG, "minor": 0}, "minor"),
    ({**FLAG, "identifiers": {}}, "identifiers"),
    ({**FLAG, "identifiers": ["x"]}, "identifiers.0"),
    ({**FLAG, "identifiers": [{"kind": 1, "value": "b", "provenance": "observed"}]}, "identifiers.0.kind"),
    (
        {**FLAG, "identifiers": [{"kind": "a", "value": "b", "provenance": "observed", "admin": True}]},
        "identifiers.0.admin",
    ),
    ({**FLAG, "high_severity": False}, "high_severity"),
    ({**FLAG, "case": 1}, "case"),
    ({**FLAG, "state": "decided"}, "state"),
]


@pytest.mark.parametrize(("body", "field"), WRONG)
def test_what_is_wrong_is_named_and_nothing_is_stored(
    body: dict[str, Any], field: str, platform: APIClient
) -> None:
    response = platform.post(FLAGS, body, **key())
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["errors"][0]["field"].startswith(field)
    assert not Flag.objects.exists()
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"{", 400),
        (b"", 400),
        (b"[]", 400),
        (b'{"score": NaN}', 400),
        (b"\xff\xfe", 400),
        (b'{"content": "a", "content": "b"}', 400),
        (b'{"content": "' + b"x" * (1024 * 1024) + b'"}', 413),
        (b'{"content": "' + b"x" * (3 * 1024 * 1024) + b'"}', 413),
    ],
)
def test_a_malformed_or_oversize_body_is_a_problem(raw: bytes, status: int, platform: APIClient) -> None:
    response = platform.post(FLAGS, raw, content_type="application/json", **key())
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert not Flag.objects.exists()


def test_another_media_type_is_refused(platform: APIClient) -> None:
    response = platform.post(FLAGS, json.dumps(FLAG), content_type="text/plain", **key())
    assert response.status_code == 415


def test_a_flag_needs_an_idempotency_key(platform: APIClient) -> None:
    assert platform.post(FLAGS, FLAG).status_code == 400


def test_a_partner_cannot_post_flags(officer: User, client_for: ClientFor) -> None:
    assert client_for(officer, "read", "respond").post(FLAGS, FLAG, **key()).status_code == 403
    assert client_for(officer, "flag").post(FLAGS, FLAG, **key()).status_code == 403
    assert not Flag.objects.exists()


def test_the_platform_reads_no_messages(platform: APIClient) -> None:
    assert platform.get("/api/v1/messages").status_code == 403


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "1989-12-31T23:59:59Z", "9999-12-31T23:59:59Z"])
def test_a_time_that_cannot_be_is_refused_by_name(platform: APIClient, moment: str) -> None:
    response = platform.post(FLAGS, {**FLAG, "content_at": moment}, **key())
    assert response.status_code == 400
    assert [each["field"] for each in response.json()["errors"]] == ["content_at"]
