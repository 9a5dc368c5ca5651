"""Every route says who may take it: a rule of the API, the desk's door, or a line below with its reason."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from coordination.access.gate import SETTING_UP
from coordination.access.services import User
from coordination.rest.permissions import PUBLIC, declared_rule
from tests.doors import MODEL_BACKEND, signed_in

# Whoever asks is answered; each with the reason why that is right.
OPEN = {
    "": "Leads to the desk's door.",
    "^api/": "The 404 of what is not there, the same for everybody.",
    "inbound/<uuid:inbound_id>/": "Partners' systems call it; the channel verifies each call in its host.",
    "admin/login/": "Leads to where one signs in.",
    "admin/logout/": "Where one signs out.",
    "account/login/": "Where one signs in.",
    "account/logout/": "Where one signs out.",
    "account/inactive/": "Says that an account opens nothing, and nothing of the account.",
    "account/enrol/<str:plain>/": "The one-time way in: whoever holds the link; any other is a 404.",
    "account/mfa/authenticate/": "The second step of signing in; without the first it leads there.",
    "account/mfa/webauthn/login/": "Signing in with a passkey.",
}
# Pages of the desk that need no role: they show nothing of anybody.
FOR_ALL_STAFF = {
    "admin/": "Home: what waits for this person; for nobody's role, nothing.",
    "admin/password_change/": "One's own password.",
    "admin/password_change/done/": "One's own password.",
    "admin/jsi18n/": "Words of the forms' scripts.",
}
SAMPLES = {
    "str": "1",
    "path": "1",
    "slug": "nothing",
    "int": "1",
    "uuid": "00000000-0000-7000-8000-000000000000",
}
METHODS = ("get", "post", "put", "patch", "delete")


def _routes(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, Any]]:
    for each in resolver.url_patterns:
        route = f"{before}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from _routes(each, route)
        elif isinstance(each, URLPattern):
            yield route, each.callback


ROUTES = list(_routes(get_resolver()))
OF_THE_API = [(route, view.cls) for route, view in ROUTES if hasattr(view, "cls")]
OF_THE_DESK = [
    route
    for route, view in ROUTES
    if route.startswith("admin/") and route not in OPEN and not hasattr(view, "cls")
]
# One's own password, factors and sessions: for whoever is signed in.
OF_THE_DOORS = sorted({route for route, _ in ROUTES if route.startswith("account/")} - OPEN.keys())


def test_every_route_is_of_a_kind_that_is_tested() -> None:
    known = {route for route, _ in OF_THE_API} | set(OF_THE_DESK) | set(OF_THE_DOORS) | OPEN.keys()
    assert {route for route, _ in ROUTES} - known == set()
    assert OPEN.keys() - {route for route, _ in ROUTES} == set()


@pytest.mark.parametrize(("route", "view"), OF_THE_API, ids=[route for route, _ in OF_THE_API])
def test_every_method_of_the_api_declares_its_rule(route: str, view: Any) -> None:
    for method in METHODS:
        if hasattr(view, method):
            rule = declared_rule(view, method.upper())
            assert rule is not None, f"{method} {route}"
            assert rule.permission != PUBLIC, f"{method} {route}"


@pytest.mark.parametrize("route", OF_THE_DESK)
@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_is_not_signed_in_is_sent_to_the_door(
    db: None, client: Client, route: str, method: str
) -> None:
    answer = getattr(client, method)(_address(route))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("route", OF_THE_DOORS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_is_not_signed_in_does_not_get_to_the_doors_from_inside(
    db: None, client: Client, route: str, method: str
) -> None:
    answer = getattr(client, method)(_address(route))
    assert answer.status_code in (302, 405)
    assert answer.get("Location", "/account/login/").startswith("/account/login/")


@pytest.mark.parametrize("route", [*OF_THE_DESK, *OF_THE_DOORS])
@pytest.mark.parametrize("method", ["get", "post"])
def test_IDR_08_no_page_answers_before_the_second_factor(
    client: Client, outsider: User, route: str, method: str
) -> None:
    client.force_login(outsider, backend=MODEL_BACKEND)
    answer = getattr(client, method)(_address(route))
    match = answer.resolver_match
    if match is not None and match.view_name in SETTING_UP:
        return
    assert (answer.status_code, answer["Location"]) == (302, "/account/mfa/")


@pytest.mark.parametrize("address", ["/metrics", "/debug/", "/__debug__/", "/silk/", "/api/", "/api/v1/"])
def test_IDR_08_what_tells_of_the_inside_is_not_there(client: Client, address: str) -> None:
    assert client.get(address).status_code in (401, 404)


def test_IDR_08_the_schema_needs_a_token_and_takes_no_session(client: Client, administrator: User) -> None:
    assert client.get("/api/v1/schema").status_code == 401
    assert signed_in(administrator, client).get("/api/v1/schema").status_code == 401


@pytest.mark.parametrize("route", [route for route in OF_THE_DESK if route not in FOR_ALL_STAFF])
@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_has_no_role_sees_no_page(client: Client, outsider: User, route: str, method: str) -> None:
    signed_in(outsider, client)
    answer = getattr(client, method)(_address(route), follow=True)
    # Django's own page for a missing record sends one home.
    assert answer.status_code in (403, 404, 405) or answer.request["PATH_INFO"] == "/admin/"


def _address(route: str) -> str:
    """Return an address that a route answers."""
    filled = re.sub(r"\(\?P<app_label>[^)]*\)", "cases", route)
    filled = re.sub(r"\(\?P<url>[^)]*\)", "nothing", filled)
    filled = re.sub(r"<(\w+):\w+>", lambda found: SAMPLES[found[1]], filled)
    return "/" + filled.replace("^", "").replace("$", "")
