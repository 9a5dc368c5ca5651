"""What an officer's token opens: asking for data under a process, and following what becomes of it.

Everything starts from the agency of the caller, so a foreign request is as unknown as a missing one; and the
handlers run as the partner role, to which the database shows no row of another agency (core/wall.py).
"""

import io
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from coordination.access.services import Scope
from coordination.core import wall
from coordination.core.errors import NotFound
from coordination.datarequests import outside, services
from coordination.datarequests.bodies import (
    Attached,
    EmergencyBody,
    ProcessBody,
    Receipt,
    RequestRow,
    RequestWhole,
)
from coordination.datarequests.models import DataRequest
from coordination.partners.api import GenericPartnerView, PartnerView
from coordination.policy.workflow import Process
from coordination.rest import limits
from coordination.rest.codes import Problem
from coordination.rest.pagination import NewestFirst
from coordination.rest.serializers import StrictSerializer
from coordination.rest.views import caller

LARGEST_PROCESS = 8 * 1024 * 1024
ASKED = PolymorphicProxySerializer(
    component_name="RequestBody",
    serializers={each.value: EmergencyBody if each is Process.EMERGENCY else ProcessBody for each in Process},
    resource_type_field_name="process",
)


class DocumentParser(BaseParser):
    """The process as it was served, byte for byte; what it is, its content says."""

    media_type = "application/pdf"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        """Return the bytes, or raise the problem where there are too many."""
        content = stream.read(LARGEST_PROCESS + 1)
        if len(content) > LARGEST_PROCESS:
            raise Problem("body-too-large", f"The process is larger than {LARGEST_PROCESS} bytes.")
        return content


class Requests(GenericPartnerView):
    """The data requests of your agency."""

    required_scope = {"GET": Scope.READ, "POST": Scope.SUBMIT}
    idempotency = "required"
    serializer_class = RequestRow
    page_ordering = ("-filed_at", "-pk")
    max_body_bytes = 1024 * 1024

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Take the parameters of a list where it is one."""
        self.query_parameters = NewestFirst.parameters if request.method != "POST" else frozenset()  # type: ignore[misc]
        super().initial(request, *args, **kwargs)
        if request.method == "POST":
            # A sender of their own each: a flood delays nobody else, and every refusal is counted.
            limits.charge([(limits.limit("submission"), str(caller(request).pk))])

    def get_queryset(self) -> QuerySet[Any, dict[str, Any]]:
        """Return rows as maps."""
        rows: QuerySet[Any, dict[str, Any]] = outside.for_agency(self.agency.pk).values(*outside.ROW)
        return rows

    @extend_schema(operation_id="requests_list", tags=["requests"], responses=RequestRow(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List the data requests of your agency, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response([outside.shown(row) for row in page or ()])

    @extend_schema(operation_id="requests_submit", tags=["requests"], request=ASKED, responses={201: Receipt})
    def post(self, request: Request) -> Response:
        """Ask for data under a process. The answer is a receipt: before anything else we call back."""
        body = checked(_form(request.data), request)
        with wall.outside():
            filed = services.submit(by=caller(request), **body)
        return Response(Receipt(filed).data, status=status.HTTP_201_CREATED)


class AboutOne(PartnerView):
    """What the routes about one data request share."""

    def find(self, reference: str) -> DataRequest:
        """Return the agency's own request, or raise NotFound. Behind the wall: only what stands in ROW."""
        found = outside.for_agency(self.agency.pk).filter(reference=reference).only(*outside.ROW).first()
        if found is None:
            raise NotFound
        return found


class OneRequest(AboutOne):
    """One data request of your agency."""

    required_scope = Scope.READ

    @extend_schema(operation_id="requests_read", tags=["requests"], responses=RequestWhole)
    def get(self, request: Request, reference: str) -> Response:  # noqa: ARG002
        """Fetch one data request: where it stands, by when it is due, and what it lacks."""
        row = outside.for_agency(self.agency.pk).filter(reference=reference).values(*outside.ROW).first()
        if row is None:
            raise NotFound
        lacking = list(outside.deficiencies(row["id"]))
        return Response({**outside.shown(row), "deficiencies": lacking})


class ProcessItself(AboutOne):
    """The process as it was served."""

    required_scope = Scope.SUBMIT
    idempotency = "off"
    parser_classes = (DocumentParser,)

    def _behind(self, handler: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        # The store is written first, inside no transaction: the wall stands around the looking up alone.
        return handler(request, *args, **kwargs)

    @extend_schema(
        operation_id="requests_attach",
        tags=["requests"],
        request={"application/pdf": OpenApiTypes.BINARY},
        responses={200: Attached},
    )
    def put(self, request: Request, reference: str) -> Response:
        """Attach the process itself, until the request is accepted. The same bytes again change nothing."""
        with wall.behind(self.agency.pk):
            found = self.find(reference)
        # Without a body REST framework parses nothing.
        content: Any = request.data or b""
        exhibit = services.supply_process(found, by=caller(request), content=io.BytesIO(content))
        return Response({"reference": reference, "sha256": exhibit.sha256, "media_type": exhibit.media_type})


def checked(form: type[StrictSerializer], request: Request) -> dict[str, Any]:
    """Return the fields of a body, or raise the problem that names each that is wrong."""
    body = form(data=request.data)
    body.is_valid(raise_exception=True)
    said = dict(body.validated_data)
    if "accounts" in said:
        said["accounts"] = [(each["kind"], each["value"]) for each in said["accounts"]]
    return said


def _form(data: Any) -> type[StrictSerializer]:
    return EmergencyBody if data.get("process") == Process.EMERGENCY.value else ProcessBody
