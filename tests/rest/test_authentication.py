"""A live token opens the API, and nothing else does."""

from datetime import timedelta

import pytest
from django.db import connection
from rest_framework.test import APIClient

from coordination.access import services as access
from coordination.access.models import ApiToken, User
from coordination.core import clock
from tests.doors import signed_in

ECHO = "/api/v1/echo"


@pytest.fixture
def token(police_officer: User) -> tuple[ApiToken, str]:
    return access.issue_token(
        police_officer, by=None, name="portal", scopes=["read"], expires_in=timedelta(days=1)
    )


def _get(authorization: str) -> tuple[int, str, bytes]:
    answer = APIClient().get(ECHO, headers={"Authorization": authorization} if authorization else {})
    return answer.status_code, answer.get("WWW-Authenticate", ""), answer.content


def test_a_live_token_opens_the_api(token: tuple[ApiToken, str]) -> None:
    assert _get(f"Bearer {token[1]}")[0] == 200


def test_the_scheme_may_be_written_in_any_case(token: tuple[ApiToken, str]) -> None:
    assert _get(f"bearer {token[1]}")[0] == 200


@pytest.mark.parametrize("header", ["", "Basic dXNlcjpwYXNz", "Token abc"])
def test_without_a_token_the_answer_says_which_scheme_to_use(db: None, header: str) -> None:
    status, scheme, body = _get(header)
    assert (status, scheme) == (401, "Bearer")
    assert b"authentication-required" in body


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer a b", "Bearer nonsense", "Bearer \xff\xfe", "Bearer " + "a" * 9000]
)
def test_a_token_that_is_none_opens_nothing(db: None, header: str) -> None:
    status, scheme, body = _get(header)
    assert (status, scheme) == (401, "Bearer")
    assert b"invalid-token" in body


def test_unknown_expired_revoked_and_disabled_are_answered_alike(
    token: tuple[ApiToken, str], police_officer: User
) -> None:
    answers = [_get("Bearer " + "0" * 64)]
    with clock.frozen(clock.now() + timedelta(days=2)):
        answers.append(_get(f"Bearer {token[1]}"))
    police_officer.is_active = False
    police_officer.save()
    answers.append(_get(f"Bearer {token[1]}"))
    police_officer.is_active = True
    police_officer.save()
    access.revoke_token(token[0], by=None, reason="It was lost.")
    answers.append(_get(f"Bearer {token[1]}"))
    assert len(set(answers)) == 1


def test_the_digest_in_the_database_is_no_token(token: tuple[ApiToken, str]) -> None:
    assert _get(f"Bearer {token[0].digest}")[0] == 401


def test_the_plain_token_is_nowhere_in_the_database(token: tuple[ApiToken, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(t)::text FROM access_apitoken t")
        assert token[1] not in str(cursor.fetchall())


def test_a_call_costs_a_look_at_address_token_and_agency_and_the_count(
    token: tuple[ApiToken, str], django_assert_num_queries: object
) -> None:
    _get(f"Bearer {token[1]}")  # writes that it was used, once a minute
    with django_assert_num_queries(4):  # type: ignore[operator]
        _get(f"Bearer {token[1]}")


def test_an_expired_token_stays_as_a_record(token: tuple[ApiToken, str]) -> None:
    with clock.frozen(clock.now() + timedelta(days=2)):
        _get(f"Bearer {token[1]}")
    assert ApiToken.objects.filter(pk=token[0].pk).exists()


def test_an_administrators_session_opens_no_route(administrator: User) -> None:
    client = APIClient()
    signed_in(administrator, client)
    assert client.get(ECHO).status_code == 401


def test_no_answer_may_be_kept_by_anybody_between(token: tuple[ApiToken, str]) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token[1]}")
    for path in (ECHO, "/api/v1/raises/conflict"):
        assert client.get(path)["Cache-Control"] == "no-store"
