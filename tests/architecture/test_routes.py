"""Every route, verb and act declares who may take it, in words that the table of roles knows."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import get_resolver, path
from rest_framework.request import Request
from rest_framework.response import Response

from coordination.access import roles
from coordination.access.recordadmin import RecordAdmin, act
from coordination.access.services import Scope
from coordination.core import generated
from coordination.core.rules import Who, anybody, declares
from coordination.desk import routes
from coordination.desk.routes import Route
from coordination.rest.views import ApiView

ROUTES = routes.routes()
METHODS = tuple(verb.lower() for verb in routes.VERBS)
OF_THE_API = [
    (address, found.callback.cls)
    for address, found in routes._patterns(get_resolver())
    if hasattr(found.callback, "cls")
]


def test_every_route_and_verb_declares_its_rule() -> None:
    assert [str(route) for route in ROUTES if route.rule is None] == []
    assert len(ROUTES) > 100


def test_every_act_of_the_desk_is_among_them() -> None:
    acts = {
        f"/{each.opts.app_label}/{each.opts.model_name}/{{object_id}}/do/{name}/"
        for each in admin.site._registry.values()
        if isinstance(each, RecordAdmin)
        for name in each.acts
    }
    assert acts <= {route.address.removeprefix("/admin") for route in ROUTES if route.verb == "POST"}


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_rule_names_what_the_table_of_roles_knows_or_says_why_it_need_not(route: Route) -> None:
    rule = route.rule
    assert rule is not None
    assert {*rule.permissions, rule.sees} - {""} <= roles.permissions()
    match rule.who:
        case Who.HOLDERS:
            assert rule.permissions
        case Who.TOKENS:
            assert rule.scope in Scope.values
        case _:
            assert len(rule.reason) > 10


def test_the_api_is_open_to_nobody_without_a_token() -> None:
    api = {route.rule.who for route in ROUTES if route.rule and route.address.startswith("/api/v1/")}
    assert api == {Who.TOKENS}


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class Undeclared(ApiView):
    def get(self, request: Request) -> Response:
        return Response()


class DeclaredForReading(ApiView):
    required_scope = {"GET": Scope.READ}

    def get(self, request: Request) -> Response:
        return Response()

    def post(self, request: Request) -> Response:
        return Response()


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


bare.model_admin = next(iter(admin.site._registry.values()))  # type: ignore[attr-defined]
urlpatterns = [
    path("plain", plain),
    path("declared", declares(POST=anybody("It is only a test."))(lambda request: HttpResponse())),
    path("api/v1/undeclared", Undeclared.as_view()),
    path("api/v1/half", DeclaredForReading.as_view()),
    path("admin/cases/case/extra/", bare, name="cases_case_extra"),
    path("admin/extra/", admin.site.admin_view(plain), name="extra"),
]


def test_a_route_without_a_rule_is_found() -> None:
    with override_settings(ROOT_URLCONF=__name__):
        found: dict[str, Any] = {str(route): route.rule for route in routes.routes()}
    assert {name for name, rule in found.items() if rule is None} == {
        "GET /plain",
        "GET /api/v1/undeclared",
        "POST /api/v1/half",
        "GET /admin/cases/case/extra/",
        "GET /admin/extra/",
    }
    assert found["POST /declared"] == anybody("It is only a test.")
    assert found["GET /api/v1/half"].scope == Scope.READ


class Undone(RecordAdmin):
    """A page with an act whose permission no role has."""

    @act("cases.do_as_one_likes", "Do it")
    def do_it(self, request: HttpRequest, record: Any, data: Any) -> str:
        return "Done."


def test_an_act_that_no_role_may_do_is_found() -> None:
    """Django's own site stands for a slice that registers such a page."""
    kind = Undone(get_user_model(), admin.site)
    view = kind.guarded(kind.act_view, acts=True)
    found = path("admin/x/<str:object_id>/do/<slug:name>/", view, name="access_user_do")
    made = {str(each): each.rule for each in routes._of(str(found.pattern), found)}
    rule = made["POST /admin/x/{object_id}/do/do_it/"]
    assert rule is not None
    assert not set(rule.permissions) <= roles.permissions()


def test_the_documentation_shows_every_route() -> None:
    assert generated.section("docs/routes.md", "routes") == routes.as_markdown(), generated.HINT
