"""A small API for the tests, under the real authentication, permissions, parser and error handler."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.urls import path, re_path
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, Throttled
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from coordination.core import errors
from coordination.ledger import services as ledger
from coordination.ledger.models import Leaf
from coordination.rest import links, views
from coordination.rest.pagination import NewestFirst
from coordination.rest.permissions import PUBLIC


class EchoSerializer(serializers.Serializer[Any]):
    word = serializers.CharField(max_length=20)
    more = serializers.JSONField(required=False)


class Undeclared(views.ApiView):
    def get(self, request: Request) -> Response:
        return Response({})


class Public(views.ApiView):
    access_rule = PUBLIC

    def get(self, request: Request) -> Response:
        return Response({"public": True})


class Echo(views.GenericApiView):
    required_scope = {"GET": "read", "POST": "respond"}
    serializer_class = EchoSerializer

    def get(self, request: Request) -> Response:
        return Response({"scopes": request.auth.scopes})

    def post(self, request: Request) -> Response:
        given = EchoSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        if given.validated_data["word"] == "raise":
            ledger.record("cases.echoed", subject="T-half-done", by=request.user)
            raise errors.Conflict
        ledger.record("cases.echoed", subject="T-done", by=request.user)
        return Response(given.validated_data, status=201, headers={"Location": "/api/v1/echo/1"})


class Urgent(views.ApiView):
    required_scope = "read"
    may_be_urgent = True

    def get(self, request: Request) -> Response:
        return Response({})


class NeedsSignature(views.ApiView):
    required_scope = "respond"
    signature = "required"

    def get(self, request: Request) -> Response:
        return Response({"key": views.proof_of(request).key_id})


class File(views.ApiView):
    required_scope = "read"
    query_parameters = frozenset({"link"})

    def get(self, request: Request, pk: int) -> Response:
        if "link" not in request.query_params:
            return Response({"link": links.make(f"file:{pk}", request=request)})
        links.check(request.query_params["link"], f"file:{pk}", request=request)
        return Response({})


class NeedsKey(Echo):
    idempotency = "required"


class NoKey(Echo):
    idempotency = "off"


class Small(Echo):
    max_body_bytes = 64


class AnyJson(views.ApiView):
    required_scope = "respond"
    allow_any_json = True

    def post(self, request: Request) -> Response:
        return Response({"given": request.data})


class ByRole(views.ApiView):
    required_scope = "flag"
    access_rule = "triage.receive_flag"

    def get(self, request: Request) -> Response:
        return Response({})


RAISED: dict[str, Callable[[], Exception]] = {
    "invalid": lambda: errors.InvalidInput("when", "A time needs a zone."),
    "several": lambda: errors.InvalidInputs(
        [errors.InvalidInput("when", "A time needs a zone."), errors.InvalidInput("who", "This is needed.")]
    ),
    "transition": lambda: errors.IllegalTransition("in_review", "approve"),
    "refused": lambda: errors.Refused("Not to this recipient.", rule="gate", citation="18 USC 2702"),
    "not-permitted": errors.NotPermitted,
    "not-found": errors.NotFound,
    "conflict": errors.Conflict,
    "throttled": lambda: Throttled(wait=7),
    "crash": lambda: RuntimeError("canary: the victim lives at 12 Mill Lane"),
}


class Raises(views.ApiView):
    required_scope = "read"

    def get(self, request: Request, what: str) -> Response:
        error = RAISED[what]()
        raise error


class OwnOnly(BasePermission):
    def has_object_permission(self, request: Request, view: Any, obj: Leaf) -> bool:
        return obj.subject == "T-own"


class Entry(views.GenericApiView):
    required_scope = "read"
    queryset: QuerySet[Leaf] = Leaf.objects.all()
    permission_classes = [*views.ApiView.permission_classes, OwnOnly]

    def get(self, request: Request, pk: int) -> Response:
        return Response({"subject": self.get_object().subject})


class Entries(views.GenericApiView):
    required_scope = "read"
    page_ordering = ("-id",)
    query_parameters = NewestFirst.parameters

    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(Leaf.objects.filter(action="cases.listed"))
        assert page is not None
        return self.get_paginated_response([leaf.subject for leaf in page])


class Denies(views.ApiView):
    required_scope = "read"

    def get(self, request: Request) -> Response:
        raise PermissionDenied


urlpatterns = [
    path("api/v1/undeclared", Undeclared.as_view()),
    path("api/v1/public", Public.as_view()),
    path("api/v1/echo", Echo.as_view()),
    path("api/v1/needs-key", NeedsKey.as_view()),
    path("api/v1/no-key", NoKey.as_view()),
    path("api/v1/small", Small.as_view()),
    path("api/v1/any", AnyJson.as_view()),
    path("api/v1/by-role", ByRole.as_view()),
    path("api/v1/raises/<str:what>", Raises.as_view()),
    path("api/v1/entries", Entries.as_view()),
    path("api/v1/entries/<int:pk>", Entry.as_view()),
    path("api/v1/files/<int:pk>", File.as_view()),
    path("api/v1/urgent", Urgent.as_view()),
    path("api/v1/needs-signature", NeedsSignature.as_view()),
    path("api/v1/denies", Denies.as_view()),
    re_path("^api/", views.api_not_found),
]
handler400 = views.bad_request
handler404 = views.not_found
handler500 = views.server_error
