"""The API answers 503 while nothing could be recorded, gives nothing away, and takes the same call later."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from coordination.inbox.models import InboundMessage
from tests.api.conftest import Sent, key
from tests.api.test_messages import ANSWERS, LIST
from tests.outage import Unwritable

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _answered(api: APIClient) -> None:
    """Have what went wrong answered, as a server does; the test's client would raise it."""
    api.raise_request_exception = False


def _is_refused(answer: Any, message: Any) -> None:
    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Retry-After"] == "30"
    problem = answer.json()
    assert problem["type"] == "urn:coordination:problem:unavailable"
    assert "ledger cannot be written" in problem["detail"]
    assert message.reference not in answer.content.decode()


def test_what_was_sent_is_neither_listed_nor_read(api: APIClient, sent: Sent, unwritable: Unwritable) -> None:
    message = sent()
    with unwritable():
        _is_refused(api.get(f"{LIST}/{message.pk}"), message)
        _is_refused(api.get(LIST), message)
    assert api.get(f"{LIST}/{message.pk}").json()["digest"] == message.digest
    assert len(api.get(LIST).json()["results"]) == 1


@pytest.mark.parametrize(("what", "body"), ANSWERS)
def test_an_answer_is_not_half_taken_and_taken_under_the_same_key_later(
    api: APIClient, sent: Sent, unwritable: Unwritable, what: str, body: dict[str, str]
) -> None:
    message = sent()
    headers = key()
    with unwritable():
        _is_refused(api.post(f"{LIST}/{message.pk}/{what}", body, **headers), message)
        assert not InboundMessage.objects.exists()
    answer = api.post(f"{LIST}/{message.pk}/{what}", body, **headers)
    assert (answer.status_code, InboundMessage.objects.count()) == (201, 1)
