"""IDR-08: before the second factor nothing answers but its set-up; what tells of the inside is not there."""

import re

import pytest
from django.test import Client
from django.urls import resolve

from coordination.access.gate import LEAVING, SETTING_UP
from coordination.access.services import User
from coordination.desk.routes import Route, routes
from tests.doors import MODEL_BACKEND, signed_in

# The API and webhooks know no session; whoever is paged answers with the link and the code of their message.
NO_SESSION = ("/api/", "/inbound/", "/page/")
OF_PEOPLE = [route for route in routes() if not route.address.startswith(NO_SESSION)]


def test_IDR_08_no_page_answers_before_the_second_factor(client: Client, outsider: User) -> None:
    client.force_login(outsider, backend=MODEL_BACKEND)
    tried = [answered for route in OF_PEOPLE if (answered := _try(client, route))]
    assert len(tried) > 50
    assert [each for each in tried if each[1:] != (302, "/account/mfa/")] == []


@pytest.mark.parametrize("address", ["/metrics", "/debug/", "/__debug__/", "/silk/", "/api/", "/api/v1/"])
def test_IDR_08_what_tells_of_the_inside_is_not_there(db: None, client: Client, address: str) -> None:
    assert client.get(address).status_code in (401, 404)


def test_IDR_08_the_schema_needs_a_token_and_takes_no_session(client: Client, administrator: User) -> None:
    assert client.get("/api/v1/schema").status_code == 401
    assert signed_in(administrator, client).get("/api/v1/schema").status_code == 401


def _try(client: Client, route: Route) -> tuple[str, int, str] | None:
    """Call a route; None for those that a session without a factor may reach."""
    address = re.sub(r"\{\w+\}", "1", route.address)
    if resolve(address).view_name in SETTING_UP | LEAVING:
        return None
    answer = getattr(client, route.verb.lower())(address)
    return str(route), answer.status_code, answer.headers.get("Location", "")
