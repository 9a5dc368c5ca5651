"""Whatever JSON comes: a problem that names itself, never a crash, and nothing stored of what is refused."""

import json
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from coordination.access.services import User
from coordination.cases.models import Case
from coordination.inbox.models import InboundMessage
from coordination.outbox.services import Message
from coordination.triage.models import Flag
from tests.api.conftest import ClientFor, Sent, key
from tests.api.test_flags import FLAG, FLAGS
from tests.api.test_messages import ANSWERS, LIST

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
CALM = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def platform(platform_system: User, client_for: ClientFor) -> APIClient:
    """The platform's own client; what it raises is answered, as in production."""
    client = client_for(platform_system, "flag")
    client.raise_request_exception = False
    return client


@pytest.fixture
def message(sent: Sent) -> Message:
    """A message that the sheriff has."""
    return sent()


def _answered(client: APIClient, path: str, body: Any) -> int:
    response = client.post(path, json.dumps(body), content_type="application/json", **key())
    assert response.status_code < 500, (body, response.content)
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == "application/problem+json"
    return int(response.status_code)


@given(field=st.sampled_from([*FLAG, "unknown"]), value=VALUES)
@CALM
def test_any_value_in_any_field_of_a_flag(platform: APIClient, field: str, value: Any) -> None:
    with transaction.atomic():
        stored = _answered(platform, FLAGS, {**FLAG, field: value}) in {200, 201}
        assert Flag.objects.exists() is stored
        assert Case.objects.exists() in {stored, False}
        transaction.set_rollback(True)


@given(body=VALUES)
@CALM
def test_any_body_of_a_flag(platform: APIClient, body: Any) -> None:
    with transaction.atomic():
        assert _answered(platform, FLAGS, body) >= 400
        assert not Flag.objects.exists()
        transaction.set_rollback(True)


@given(number=st.integers(0, len(ANSWERS) - 1), value=VALUES, extra=st.booleans())
@settings(CALM, max_examples=60)
def test_any_value_in_any_answer(
    api: APIClient, message: Message, number: int, value: Any, *, extra: bool
) -> None:
    path, good = ANSWERS[number]
    field = "unknown" if extra else next(iter(good))
    with transaction.atomic():
        said = _answered(api, f"{LIST}/{message.pk}/{path}", {**good, field: value})
        assert InboundMessage.objects.exists() is (said == 201)
        transaction.set_rollback(True)
