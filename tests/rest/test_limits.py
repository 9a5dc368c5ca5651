"""How often somebody may call: counted in the database, told when to come back, never in the way of P0."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import override_settings
from rest_framework.test import APIClient

from coordination.access import services as access
from coordination.access.models import ApiToken, User
from coordination.core import clock
from coordination.rest import jobs, limits, services
from coordination.rest.callers import Standing
from coordination.rest.limits import Limit
from coordination.rest.models import Allowance
from coordination.rest.problems import Problem
from tests.people import Cast
from tests.rest.conftest import ClientFor
from tests.threads import at_once

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ECHO, URGENT = "/api/v1/echo", "/api/v1/urgent"
THREE = Limit("caller", 3, timedelta(seconds=30))
FEW = {
    "address": "3/60",
    "address_urgent": "5/60",
    "caller": "3/60",
    "group": "4/60",
    "urgent": "6/60",
    "submission": "2/60",
}


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.fixture
def few(settings: Any) -> None:
    settings.RATE_LIMITS = FEW


def _spend(limit: Limit, times: int, *, at: datetime = NOW, who: str = "x") -> list[str]:
    def once() -> str:
        try:
            limits.charge([(limit, who)])
        except Problem as problem:
            return problem.headers["Retry-After"]
        return ""

    with clock.frozen(at):
        return [once() for _ in range(times)]


def test_the_quota_is_there_at_once_and_comes_back_evenly(db: None) -> None:
    assert _spend(THREE, 4) == ["", "", "", "10"]
    assert _spend(THREE, 2, at=NOW + timedelta(seconds=9.5)) == ["1", "1"]
    assert _spend(THREE, 2, at=NOW + timedelta(seconds=10)) == ["", "10"]
    assert _spend(THREE, 4, at=NOW + timedelta(seconds=100)) == ["", "", "", "10"]


def test_somebody_else_has_a_quota_of_their_own(db: None) -> None:
    assert _spend(THREE, 4)[-1]
    assert _spend(THREE, 1, who="y") == [""]


def test_a_clock_that_was_set_back_holds_nobody(db: None) -> None:
    assert _spend(THREE, 4, at=NOW + timedelta(hours=1))[-1]
    assert _spend(THREE, 4) == ["", "", "", "10"]


def test_a_refusal_charges_nothing_and_not_the_limits_behind_it(db: None) -> None:
    shared = Limit("group", 100, timedelta(seconds=100))
    for _ in range(3):
        limits.charge([(THREE, "x"), (shared, "agency")])
    used = Allowance.objects.get(key="group:agency").until
    for _ in range(5):
        with pytest.raises(Problem):
            limits.charge([(THREE, "x"), (shared, "agency")])
    assert Allowance.objects.get(key="group:agency").until == used


@pytest.mark.django_db(transaction=True)
def test_calls_at_the_same_moment_are_all_counted() -> None:
    ten = Limit("caller", 10, timedelta(hours=1))

    def one() -> bool:
        # One moment for all: a call that looked at the clock a millisecond earlier has a millisecond less.
        with clock.frozen(NOW):
            try:
                limits.charge([(ten, "x")])
            except Problem:
                return False
            return True

    assert sum(at_once(*[one] * 16)) == 10


def test_what_is_counted_is_a_row_that_outlives_the_process(db: None) -> None:
    _spend(THREE, 3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'rest_allowance'")
        assert cursor.fetchone() == ("p",)
    assert Allowance.objects.get(key="caller:x").until == NOW + timedelta(seconds=30)
    services.purge_allowances(NOW + timedelta(seconds=31))
    assert not Allowance.objects.exists()


@pytest.mark.parametrize("text", ["", "60", "0/60", "60/0", "60/minute", "-1/60"])
def test_a_limit_that_cannot_be_read_keeps_the_process_from_starting(text: str) -> None:
    with override_settings(RATE_LIMITS={**FEW, "group": text}), pytest.raises(ImproperlyConfigured):
        limits.check_settings()
    with override_settings(RATE_LIMITS={}), pytest.raises(ImproperlyConfigured):
        limits.check_settings()


def test_whoever_calls_too_often_is_told_when_to_come_back(few: None, api: APIClient) -> None:
    answers = [api.get(ECHO) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["type"] == "urn:coordination:problem:too-many-requests"
    assert refused.headers["Retry-After"] == "20"
    assert refused.headers["RateLimit-Policy"] == '"caller";q=3;w=60'
    assert refused.headers["RateLimit"] == '"caller";r=0;t=20'
    assert not {"RateLimit", "RateLimit-Policy"} & set(answers[0].headers)
    with clock.frozen(NOW + timedelta(seconds=20)):
        assert api.get(ECHO).status_code == 200


def test_what_is_refused_has_no_effect(few: None, api: APIClient) -> None:
    for _ in range(3):
        api.post(ECHO, {"word": "a"})
    from coordination.ledger import selectors as ledger

    before = ledger.entries_about("T-done").count()
    assert before == 3
    assert api.post(ECHO, {"word": "a"}).status_code == 429
    assert ledger.entries_about("T-done").count() == before
    assert [each.action for each in ledger.latest(1)] == ["rest.refused"]


def test_a_call_without_the_scope_counts_too(few: None, police_officer: User, client_for: ClientFor) -> None:
    client = client_for(police_officer, "flag")
    assert [client.get(ECHO).status_code for _ in range(4)] == [403, 403, 403, 429]


def test_colleagues_share_what_their_agency_may_ask(
    few: None, cast: Cast, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordination.rest.callers._asked", [lambda user: Standing(group="agency:7")])
    first = client_for(cast("officer", username="first"))
    second = client_for(cast("officer", username="second"))
    assert [first.get(ECHO).status_code for _ in range(8)].count(200) == 3
    answers = [second.get(ECHO) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]
    assert answers[1].headers["RateLimit"].startswith('"group"')


def test_edr_12_a_flood_does_not_delay_what_a_life_may_depend_on(few: None, api: APIClient) -> None:
    assert [api.get(ECHO).status_code for _ in range(20)].count(429) == 17
    assert [api.get(URGENT).status_code for _ in range(6)] == [200] * 6
    assert api.get(URGENT).headers["RateLimit"].startswith('"urgent"')


def test_urgent_calls_use_up_nothing_of_the_others(few: None, api: APIClient) -> None:
    for _ in range(6):
        api.get(URGENT)
    assert api.get(ECHO).status_code == 200


@pytest.fixture
def flood() -> Callable[..., list[int]]:
    def calls(times: int, *, path: str = ECHO, address: str = "203.0.113.9") -> list[int]:
        client = APIClient(REMOTE_ADDR=address)
        client.credentials(HTTP_AUTHORIZATION="Bearer " + "0" * 64)
        return [client.get(path).status_code for _ in range(times)]

    return calls


def test_an_address_that_guesses_is_not_looked_up_any_more(
    few: None, db: None, flood: Callable[..., list[int]], django_assert_num_queries: Any
) -> None:
    assert flood(5) == [401, 401, 401, 429, 429]
    # One to look whether it may call, one to count that it was refused; its token is in neither.
    with django_assert_num_queries(2):
        flood(1)
    assert flood(1, address="203.0.113.10") == [401]


def test_one_that_presents_good_tokens_is_never_counted_as_guessing(few: None, api: APIClient) -> None:
    for minute in range(10):
        with clock.frozen(NOW + timedelta(minutes=minute)):
            assert api.get(ECHO).status_code == 200
    assert not Allowance.objects.filter(key__startswith="address").exists()


def test_a_flood_from_the_same_address_leaves_the_urgent_routes_open(
    few: None, flood: Callable[..., list[int]], api: APIClient
) -> None:
    flood(10, address="127.0.0.1")
    assert api.get(ECHO).status_code == 429
    assert api.get(URGENT).status_code == 200


def test_an_address_is_kept_as_a_keyed_index_only(
    few: None, db: None, flood: Callable[..., list[int]]
) -> None:
    flood(1)
    assert "203.0.113.9" not in str(list(Allowance.objects.values_list("key", flat=True)))


def test_neighbours_in_one_ipv6_network_are_one_caller(
    few: None, db: None, flood: Callable[..., list[int]]
) -> None:
    assert flood(3, address="2001:db8:0:7::1") == [401] * 3
    assert flood(1, address="2001:db8:0:7:ffff::2") == [429]
    assert flood(1, address="2001:db8:0:8::1") == [401]
    assert flood(1, address="::ffff:203.0.113.44") == [401]


def test_behind_our_own_proxy_its_word_counts_and_the_callers_does_not(
    few: None, db: None, settings: Any
) -> None:
    client = APIClient(REMOTE_ADDR="10.0.0.1")

    def call(forwarded: str) -> int:
        authorization = "Bearer " + "0" * 64
        return client.get(
            ECHO, headers={"Authorization": authorization, "X-Forwarded-For": forwarded}
        ).status_code

    settings.BEHIND_PROXY = True
    assert [call(f"198.51.100.{each}, 203.0.113.5") for each in range(4)] == [401, 401, 401, 429]
    assert call("203.0.113.6") == 401
    settings.BEHIND_PROXY = False
    assert [call(f"203.0.113.{each}") for each in range(4)] == [401, 401, 401, 429]


def test_the_last_use_of_a_token_is_kept_to_a_minute(api: APIClient) -> None:
    api.get(ECHO)
    assert ApiToken.objects.get().last_used_at == NOW
    with clock.frozen(NOW + timedelta(seconds=59)):
        api.get(ECHO)
    assert ApiToken.objects.get().last_used_at == NOW
    with clock.frozen(NOW + timedelta(seconds=60)):
        api.get(ECHO)
    assert ApiToken.objects.get().last_used_at == NOW + timedelta(seconds=60)


def test_idr_07_a_token_that_opens_nothing_any_more_is_refused_at_once_and_recorded_once_an_hour(
    police_officer: User, client_for: ClientFor
) -> None:
    from coordination.ledger import selectors as ledger

    client = client_for(police_officer)
    token = ApiToken.objects.get()
    assert client.get(ECHO).status_code == 200
    access.revoke_token(token, by=None, reason="Their laptop was stolen.")
    assert [client.get(ECHO).status_code for _ in range(3)] == [401] * 3

    def refusals() -> list[Any]:
        entries = ledger.entries_about(token.reference).filter(action="access.token_refused")
        return [each.data["details"]["why"] for each in entries]

    assert refusals() == ["revoked"]
    with clock.frozen(NOW + timedelta(hours=1)):
        client.get(ECHO)
    assert refusals() == ["revoked", "revoked"]


@pytest.mark.parametrize(
    ("scopes", "method", "path"),
    [("read", "post", ECHO), ("respond", "get", ECHO), ("read", "get", "/api/v1/by-role")],
)
def test_idr_07_a_scope_opens_its_own_routes_and_no_other(
    scopes: str, method: str, path: str, police_officer: User, client_for: ClientFor
) -> None:
    from coordination.ledger import selectors as ledger

    answer = getattr(client_for(police_officer, scopes), method)(path, {"word": "a"})
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("insufficient-scope")
    entry = ledger.entries_about(ApiToken.objects.get().reference).get(action="access.token_refused")
    assert entry.data["details"]["why"] == "scope"


def test_idr_07_the_token_of_a_disabled_person_opens_nothing_at_once(
    police_officer: User, administrator: User, client_for: ClientFor
) -> None:
    client = client_for(police_officer)
    assert client.get(ECHO).status_code == 200
    access.change_person(police_officer, by=administrator, alias="", is_active=False)
    assert client.get(ECHO).status_code == 401


def test_the_hourly_job_forgets_what_is_free_and_what_is_too_old(db: None) -> None:
    _spend(THREE, 1)
    assert services.see_nonce("ed25519-0", "n")
    with clock.frozen(NOW + timedelta(seconds=5)):
        jobs.forget_answers(0)
    assert Allowance.objects.exists()
    assert not services.see_nonce("ed25519-0", "n")
    with clock.frozen(NOW + timedelta(hours=25)):
        jobs.forget_answers(0)
    assert not Allowance.objects.exists()
    assert services.see_nonce("ed25519-0", "n")
