"""One key, one effect, one answer."""

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from rest_framework.test import APIClient

from coordination.access.models import User
from coordination.core import clock
from coordination.ledger import selectors
from coordination.rest import jobs, services
from coordination.rest.models import IdempotencyRecord
from coordination.rest.services import Answer, RequestInFlight
from tests.rest.conftest import ClientFor

ECHO = "/api/v1/echo"


def _post(api: APIClient, word: str = "hello", *, key: str = "", path: str = ECHO) -> Any:
    return api.post(path, {"word": word}, headers={"Idempotency-Key": key} if key else {})


def _effects() -> int:
    return selectors.entries_about("T-done").count()


def _code(answer: Any) -> str:
    code: str = answer.json()["type"].removeprefix("urn:coordination:problem:")
    return code


def test_the_same_key_and_request_give_the_same_answer_and_one_effect(api: APIClient) -> None:
    first, second = _post(api, key="k-1"), _post(api, key="k-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert (first["Location"], first["Content-Type"]) == (second["Location"], second["Content-Type"])
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert _effects() == 1


def test_a_key_may_be_quoted_as_the_draft_standard_has_it(api: APIClient) -> None:
    _post(api, key="k-1")
    assert _post(api, key='"k-1"')["Idempotent-Replayed"] == "true"


def test_another_request_under_the_same_key_is_refused(api: APIClient) -> None:
    _post(api, "hello", key="k-1")
    other_body, other_path = (
        _post(api, "bye", key="k-1"),
        _post(api, "hello", key="k-1", path="/api/v1/needs-key"),
    )
    assert (other_body.status_code, _code(other_body)) == (422, "idempotency-key-reused")
    assert other_path.status_code == 422
    assert _effects() == 1


def test_the_key_of_one_caller_is_nothing_to_another(
    api: APIClient, client_for: ClientFor, platform_system: User
) -> None:
    _post(api, key="k-1")
    answer = _post(client_for(platform_system, "respond"), "bye", key="k-1")
    assert answer.json() == {"word": "bye"}
    assert _effects() == 2


def test_without_a_key_each_request_has_its_effect(api: APIClient) -> None:
    _post(api)
    _post(api)
    assert _effects() == 2
    assert not IdempotencyRecord.objects.exists()


def test_where_a_key_is_needed_its_absence_is_said(api: APIClient) -> None:
    answer = _post(api, path="/api/v1/needs-key")
    assert (answer.status_code, _code(answer)) == (400, "idempotency-key-missing")
    assert _post(api, key="k-1", path="/api/v1/needs-key").status_code == 201
    assert _effects() == 1


def test_where_keys_are_off_they_are_ignored(api: APIClient) -> None:
    for _ in range(2):
        assert _post(api, key="k-1", path="/api/v1/no-key").status_code == 201
    assert _effects() == 2


@pytest.mark.parametrize("key", ["with space", "x" * 256, "é"])
def test_a_key_that_is_none_is_refused(api: APIClient, key: str) -> None:
    answer = _post(api, key=key)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert _effects() == 0


def test_a_failure_leaves_neither_effect_nor_answer_and_may_be_tried_again(api: APIClient) -> None:
    assert _post(api, "raise", key="k-1").status_code == 409
    assert _post(api, "x" * 30, key="k-1").status_code == 400
    assert selectors.entries_about("T-half-done").count() == 0
    assert not IdempotencyRecord.objects.exists()
    assert _post(api, "hello", key="k-1").status_code == 201


def test_a_replay_is_for_who_may_call_at_all(
    api: APIClient, client_for: ClientFor, police_officer: User
) -> None:
    _post(api, key="k-1")
    assert _post(client_for(police_officer, "read"), key="k-1").status_code == 403


def test_the_kept_answer_is_sealed(api: APIClient) -> None:
    _post(api, "canary", key="k-1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM rest_idempotencyrecord")
        assert b"canary" not in bytes(cursor.fetchone()[0])


def test_old_answers_are_purged_and_young_ones_stay(api: APIClient) -> None:
    with clock.frozen(clock.now() - timedelta(hours=25)):
        _post(api, key="old")
    _post(api, key="young")
    jobs.forget_answers(0)
    assert IdempotencyRecord.objects.get().key == "young"
    assert services.purge_idempotency(clock.now()) == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_at_once_under_one_key_one_has_the_effect(client_for: ClientFor, cast: Any) -> None:
    user = cast("officer")
    clients = [client_for(user, "respond") for _ in range(8)]
    together = threading.Barrier(len(clients))
    answers: list[Any] = []

    def send(client: APIClient) -> None:
        together.wait(10)
        answers.append(_post(client, key="k-1"))
        connections.close_all()

    _run([threading.Thread(target=send, args=(client,)) for client in clients])
    assert len(answers) == len(clients)
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert {answer.content for answer in answers if answer.status_code == 201} == {b'{"word":"hello"}'}
    assert sum("Idempotent-Replayed" not in answer for answer in answers if answer.status_code == 201) == 1
    assert {_code(answer) for answer in answers if answer.status_code == 409} <= {"request-in-flight"}
    assert _effects() == 1


@pytest.mark.django_db(transaction=True)
def test_while_one_request_holds_the_key_another_is_told_so_at_once(cast: Any) -> None:
    user = cast("officer")
    acting, done = threading.Event(), threading.Event()

    def slow() -> Answer:
        acting.set()
        assert done.wait(10)
        return Answer(status=200, body="first")

    def first() -> None:
        services.answer_once(principal=user, key="k", request_digest=b"d", act=slow)
        connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    assert acting.wait(10)
    with pytest.raises(RequestInFlight):
        services.answer_once(
            principal=user, key="k", request_digest=b"d", act=lambda: Answer(status=200, body="2")
        )
    done.set()
    thread.join(10)
    kept, replayed = services.answer_once(
        principal=user, key="k", request_digest=b"d", act=lambda: Answer(status=200, body="2")
    )
    assert (kept.body, replayed) == ("first", True)


def _run(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
