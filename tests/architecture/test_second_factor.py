"""No page of the desk answers before a second factor, and nothing tells of the inside."""

import re

import pytest
from django.test import Client

from coordination.access.gate import SETTING_UP
from coordination.access.services import User
from coordination.core.rules import Who
from coordination.desk import routes
from tests.doors import MODEL_BACKEND, signed_in

# Where one signs in and out, whoever asks; the rules of all other routes want somebody.
INSIDE = sorted(
    {
        re.sub(r"{\w+}", "1", route.address)
        for route in routes.routes()
        if route.address.startswith(("/admin/", "/account/"))
        and route.rule
        and route.rule.who is not Who.ANYBODY
    }
)


def test_there_are_many() -> None:
    assert len(INSIDE) > 80


@pytest.mark.parametrize("method", ["get", "post"])
def test_IDR_08_no_page_answers_before_the_second_factor(client: Client, outsider: User, method: str) -> None:
    answered = []
    for address in INSIDE:
        client.force_login(outsider, backend=MODEL_BACKEND)
        answer = getattr(client, method)(address)
        match = answer.resolver_match
        if match is not None and match.view_name in SETTING_UP:
            continue
        if (answer.status_code, answer.headers.get("Location")) != (302, "/account/mfa/"):
            answered.append((address, answer.status_code, answer.headers.get("Location")))
    assert answered == []


@pytest.mark.parametrize("address", ["/metrics", "/debug/", "/__debug__/", "/silk/", "/api/", "/api/v1/"])
def test_IDR_08_what_tells_of_the_inside_is_not_there(db: None, client: Client, address: str) -> None:
    assert client.get(address).status_code in (401, 404)


def test_IDR_08_the_schema_needs_a_token_and_takes_no_session(client: Client, administrator: User) -> None:
    assert client.get("/api/v1/schema").status_code == 401
    assert signed_in(administrator, client).get("/api/v1/schema").status_code == 401
