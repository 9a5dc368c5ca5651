"""What the SDK of CloudEvents writes is taken, and what is taken is an event to that SDK."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import to_structured_event
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from rest_framework.test import APIClient

from coordination.access.services import User
from coordination.triage.models import Flag
from tests.api.conftest import ClientFor, key
from tests.api.test_flag_batch import BATCH, DATA, EVENT, event
from tests.api.test_flags import FLAGS
from tests.architecture.source import ROOT


@pytest.fixture
def platform(platform_system: User, client_for: ClientFor) -> APIClient:
    """The platform's own client."""
    return client_for(platform_system, "flag")


def _sent(**changed: Any) -> CloudEvent:
    said = {"type": "safety.flag.v1", "source": "/harm", "id": "17", "time": datetime(2026, 1, 5, tzinfo=UTC)}
    return CloudEvent(said | {"datacontenttype": "application/json", "subject": "a flag"} | changed, DATA)


def test_an_event_that_the_sdk_writes_is_taken_with_its_own_headers(platform: APIClient) -> None:
    message = to_structured_event(_sent(myextension="passed over"))
    content_type = next(value for name, value in message.headers.items() if name.lower() == "content-type")
    response = platform.post(FLAGS, message.body, content_type=content_type, **key())
    assert response.status_code == 201, response.content
    assert Flag.objects.get().external_id == "/harm#17"


def test_a_batch_of_events_that_the_sdk_writes_is_taken(platform: APIClient) -> None:
    batch = [json.loads(JSONFormat().write(_sent(id=str(number)))) for number in range(3)]
    answer = event(platform, batch, "cloudevents-batch+json", BATCH)
    assert [each["status"] for each in answer.json()["results"]] == [201, 201, 201]


@pytest.mark.parametrize("missing", ["source", "type"])
def test_what_is_no_event_to_the_sdk_is_refused_here_too(missing: str, platform: APIClient) -> None:
    body = {name: value for name, value in EVENT.items() if name != missing}
    with pytest.raises(CloudEventValidationError):
        JSONFormat().read(None, json.dumps(body))
    response = event(platform, body)
    assert response.status_code == 400
    assert [each["field"] for each in response.json()["errors"]] == [missing]
    assert not Flag.objects.exists()


def test_the_event_of_the_documentation_is_one_to_the_sdk() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    start = text.index(
        "{", text.index("cloudevents+json", text.index("curl -H", text.index("CloudEvents 1.0")))
    )
    body, _ = json.JSONDecoder().raw_decode(text[start:])
    assert JSONFormat().read(None, json.dumps(body)).get_source() == "/classifiers/harm"
