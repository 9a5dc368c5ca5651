"""Many flags at once, and flags as CloudEvents: each taken or refused by itself, and never half."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from coordination.access.services import User
from coordination.triage.models import Flag
from tests.api.conftest import ClientFor, key
from tests.api.test_flags import FLAG, FLAGS, WRONG

BATCH = "/api/v1/flags/batch"
DATA = {name: value for name, value in FLAG.items() if name != "external_id"}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "17",
    "source": "/harm",
    "type": "safety.flag.v1",
    "data": DATA,
}


@pytest.fixture
def platform(platform_system: User, client_for: ClientFor) -> APIClient:
    """The platform's own client."""
    return client_for(platform_system, "flag")


def post(client: APIClient, *flags: Any, again: str = "k-1") -> list[dict[str, Any]]:
    """Post a batch and return its results."""
    response = client.post(BATCH, {"flags": list(flags)}, **key(again))
    assert response.status_code == 200, response.content
    results: list[dict[str, Any]] = response.json()["results"]
    return results


def event(client: APIClient, body: Any, kind: str = "cloudevents+json", where: str = FLAGS) -> Any:
    """Post what is an event, or several."""
    return client.post(where, json.dumps(body), content_type=f"application/{kind}", **key(where))


def test_a_batch_takes_what_is_right_and_names_what_is_not(platform: APIClient) -> None:
    results = post(
        platform,
        FLAG,
        {**FLAG, "external_id": "lc-2", "category": "weather"},
        {**FLAG, "external_id": "lc-3"},
        FLAG,
        {**FLAG, "content": "Other."},
        5,
    )
    assert [each["status"] for each in results] == [201, 400, 201, 200, 409, 400]
    assert results[1]["problem"]["type"] == "urn:coordination:problem:invalid-input"
    assert results[1]["problem"]["errors"][0]["field"] == "category"
    assert results[3]["id"] == results[0]["id"]
    assert Flag.objects.count() == 2
    assert len({each.case_id for each in Flag.objects.all()}) == 1


@pytest.mark.parametrize(("body", "field"), WRONG)
def test_a_batch_says_of_each_what_the_flag_alone_is_told(
    body: dict[str, Any], field: str, platform: APIClient
) -> None:
    alone = platform.post(FLAGS, body, **key())
    (result,) = post(platform, body, again="k-2")
    assert result["status"] == alone.status_code
    assert result["problem"]["errors"] == alone.json()["errors"]
    assert not Flag.objects.exists()


def test_a_batch_is_answered_once_under_its_key(platform: APIClient) -> None:
    first = platform.post(BATCH, {"flags": [FLAG]}, **key())
    again = platform.post(BATCH, {"flags": [FLAG]}, **key())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    assert platform.post(BATCH, {"flags": [FLAG]}).status_code == 400


@pytest.mark.parametrize(
    "body", [{}, {"flags": []}, {"flags": {}}, {"flags": [FLAG], "x": 1}, {"flags": [FLAG] * 501}, []]
)
def test_what_is_no_batch_is_refused(body: Any, platform: APIClient) -> None:
    response = platform.post(BATCH, body, format="json", **key())
    assert response.status_code == 400
    assert not Flag.objects.exists()


def test_a_transcript_of_ten_megabytes_is_told_the_limit(platform: APIClient) -> None:
    response = platform.post(FLAGS, {**FLAG, "context": "x" * (1024 * 1024)}, **key())
    assert response.status_code == 413
    assert "1048576 bytes" in response.json()["detail"]
    assert "exhibit" in response.json()["detail"]
    for where in (FLAGS, BATCH):
        huge = platform.post(where, {**FLAG, "context": "x" * (10 * 1024 * 1024)}, **key())
        assert (huge.status_code, huge.headers["Content-Type"]) == (413, "application/problem+json")


def test_an_event_is_a_flag(platform: APIClient) -> None:
    response = event(platform, {**EVENT, "subject": "x", "traceparent": "y"})
    assert response.status_code == 201
    assert response.json()["external_id"] == "/harm#17"
    batch = [EVENT, {**EVENT, "id": "18", "time": FLAG["content_at"]}, {**EVENT, "type": "x"}]
    answer = event(platform, batch, "cloudevents-batch+json", BATCH)
    assert [each["status"] for each in answer.json()["results"]] == [200, 201, 400]
    assert Flag.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"source": 5}, "source"),
        ({"type": "com.example.other"}, "type"),
        ({"data": {k: v for k, v in DATA.items() if k != "content_at"}}, "content_at"),
        ({"data": "x"}, "data"),
        ({"data": FLAG}, "data.external_id"),
        ({"datacontenttype": "text/xml"}, "datacontenttype"),
    ],
)
def test_what_is_wrong_in_an_event_is_named(change: dict[str, Any], field: str, platform: APIClient) -> None:
    response = event(platform, {**EVENT, **change})
    assert response.status_code == 400
    assert field in [each["field"] for each in response.json()["errors"]]
    assert not Flag.objects.exists()
