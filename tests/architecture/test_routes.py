"""Every route says who may take it: a rule of the API, the desk's door, or a line below with its reason."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from coordination.access.services import User
from coordination.rest.permissions import PUBLIC, declared_rule

# Whoever asks is answered; each with the reason why that is right.
OPEN = {
    "": "Leads to the desk's door.",
    "^api/": "The 404 of what is not there, the same for everybody.",
    "inbound/<uuid:inbound_id>/": "Partners' systems call it; the channel verifies each call in its host.",
    "admin/login/": "Where one signs in.",
    "admin/logout/": "Where one signs out.",
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


def test_every_route_is_of_a_kind_that_is_tested() -> None:
    known = {route for route, _ in OF_THE_API} | set(OF_THE_DESK) | OPEN.keys()
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


@pytest.mark.parametrize("route", [route for route in OF_THE_DESK if route not in FOR_ALL_STAFF])
@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_has_no_role_sees_no_page(client: Client, outsider: User, route: str, method: str) -> None:
    client.force_login(outsider, backend="django.contrib.auth.backends.ModelBackend")
    answer = getattr(client, method)(_address(route), follow=True)
    # Django's own page for a missing record sends one home.
    assert answer.status_code in (403, 404, 405) or answer.request["PATH_INFO"] == "/admin/"


def _address(route: str) -> str:
    """Return an address that a route answers."""
    filled = re.sub(r"\(\?P<app_label>[^)]*\)", "cases", route)
    filled = re.sub(r"\(\?P<url>[^)]*\)", "nothing", filled)
    filled = re.sub(r"<(\w+):\w+>", lambda found: SAMPLES[found[1]], filled)
    return "/" + filled.replace("^", "").replace("$", "")
