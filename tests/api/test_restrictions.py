"""The platform's own systems say what is in force, and pass on what users say."""

import itertools
from typing import Any

import pytest
from rest_framework.test import APIClient

from coordination.access.services import User
from coordination.cases import selectors as cases_of
from coordination.cases.services import Case
from coordination.restrictions import services
from coordination.restrictions.models import Appeal, Command, Restriction
from tests.api.conftest import ClientFor, key
from tests.world import ACCOUNT

WHEN = "2026-11-20T23:12:00-07:00"
SAID = {"account": ACCOUNT, "step": "", "observed_at": WHEN}
APPEAL = {"account": ACCOUNT, "external_id": "ap-1", "text": "It was a song.", "received_at": WHEN}
NUMBERS = itertools.count()
IN_FORCE, APPEALS = "/api/v1/restrictions/in-force", "/api/v1/restrictions/appeals"


@pytest.fixture
def automatic(case: Case, packs: None) -> Restriction:
    return services.impose(
        case, account=ACCOUNT, step="limit_features", reason="A flag.", authority="platform.ladder-limit"
    )


@pytest.fixture
def platform(client_for: ClientFor, platform_system: User) -> APIClient:
    return client_for(platform_system, "enforce")


def _post(client: APIClient, address: str, body: Any) -> Any:
    return client.post(address, body, format="json", **key(f"k-{next(NUMBERS)}"))


def test_a_difference_becomes_a_task(platform: APIClient, automatic: Restriction, case: Case) -> None:
    services.follow_delivery(Command.objects.get(), state="acknowledged")
    answer = _post(platform, IN_FORCE, SAID)
    assert answer.status_code == 202
    assert [each.kind for each in cases_of.tasks_of(case)] == ["restriction_drift"]


def test_it_does_not_say_which_accounts_the_desk_knows(platform: APIClient, automatic: Restriction) -> None:
    known, unknown = (
        _post(platform, IN_FORCE, {**SAID, "account": account}) for account in (ACCOUNT, "acct-nobody")
    )
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())


def test_an_appeal_is_taken_once_and_is_answered_by_a_date(
    platform: APIClient, automatic: Restriction
) -> None:
    first, second = (_post(platform, APPEALS, APPEAL) for _ in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert first.json()["in_time"] is True
    assert Appeal.objects.get().text == "It was a song."


def test_without_a_restriction_there_is_nothing_to_appeal_against(platform: APIClient, db: None) -> None:
    assert _post(platform, APPEALS, APPEAL).status_code == 404


@pytest.mark.parametrize("scopes", [["flag"], ["read", "respond"]])
def test_another_scope_opens_neither(
    client_for: ClientFor, platform_system: User, automatic: Restriction, scopes: list[str]
) -> None:
    client = client_for(platform_system, *scopes)
    for address, body in ((IN_FORCE, SAID), (APPEALS, APPEAL)):
        assert _post(client, address, body).status_code == 403


@pytest.mark.parametrize(
    "changes", [{"step": "prison"}, {"account": 7}, {"observed_at": "yesterday"}, {"surprise": 1}]
)
def test_what_is_wrong_is_refused(
    platform: APIClient, automatic: Restriction, changes: dict[str, Any]
) -> None:
    assert _post(platform, IN_FORCE, {**SAID, **changes}).status_code == 400
