"""A view without a rule answers nobody; a rule asks for a scope, a role's permission, or both."""

import pytest
from rest_framework.test import APIClient

from coordination.access.models import User
from coordination.rest.permissions import PUBLIC, Rule, declared_rule
from tests.rest.conftest import ClientFor
from tests.rest.small_api import ByRole, Echo, Public, Undeclared


def test_a_view_that_declares_nothing_answers_nobody(api: APIClient) -> None:
    assert api.get("/api/v1/undeclared").status_code == 403
    assert APIClient().get("/api/v1/undeclared").status_code == 401


def test_a_public_view_needs_no_token(db: None) -> None:
    assert APIClient().get("/api/v1/public").json() == {"public": True}


def test_a_token_is_good_for_its_scopes_only(client_for: ClientFor, police_officer: User) -> None:
    reader = client_for(police_officer, "read")
    assert reader.get("/api/v1/echo").status_code == 200
    refused = reader.post("/api/v1/echo", {"word": "a"})
    assert (refused.status_code, refused.json()["type"]) == (
        403,
        "urn:coordination:problem:insufficient-scope",
    )


def test_a_method_that_the_rule_does_not_name_is_denied(api: APIClient) -> None:
    assert api.delete("/api/v1/echo").status_code in {403, 405}
    assert api.options("/api/v1/echo").status_code in {403, 405}


@pytest.mark.parametrize(
    ("who", "status"), [("platform_system", 200), ("police_officer", 403), ("outsider", 403)]
)
def test_a_scope_does_not_replace_the_permission_of_a_role(
    request: pytest.FixtureRequest, client_for: ClientFor, who: str, status: int
) -> None:
    assert client_for(request.getfixturevalue(who), "flag").get("/api/v1/by-role").status_code == status


def test_a_permission_does_not_replace_the_scope(client_for: ClientFor, platform_system: User) -> None:
    assert client_for(platform_system, "read").get("/api/v1/by-role").status_code == 403


def test_rules_can_be_read_off_the_views() -> None:
    assert declared_rule(Undeclared, "GET") is None
    assert declared_rule(Public, "GET") == Rule(permission=PUBLIC)
    assert declared_rule(Echo, "POST") == Rule(scope="respond")
    assert declared_rule(Echo, "HEAD") == Rule(scope="read")
    assert declared_rule(Echo, "DELETE") is None
    assert declared_rule(ByRole, "GET") == Rule(scope="flag", permission="triage.receive_flag")
