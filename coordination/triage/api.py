"""Safety flags from the platform's own systems."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from coordination.access.services import Scope
from coordination.rest.serializers import (
    MomentField,
    NumberField,
    StrictSerializer,
    TextField,
    TruthField,
    WordField,
)
from coordination.rest.views import ApiView, caller
from coordination.triage import services
from coordination.triage.services.intake import LONGEST, MOST_FILES, MOST_IDENTIFIERS, PROVENANCE
from coordination.triage.workflow import Category, Source


@extend_schema_field({"type": "string", "pattern": "^[0-9a-f]{64}$"})
class DigestField(TextField):
    """A SHA-256 in hexadecimal."""


@extend_schema_field({"type": "string", "format": "time-zone"})
class ZoneField(TextField):
    """The name of a time zone."""


class IdentifierBody(StrictSerializer):
    """An identifier of the subject's account, and how it is known."""

    kind = TextField(max_length=500, help_text="email, phone, payment_token, device, ip …")
    value = TextField(max_length=500)
    provenance = WordField(choices=PROVENANCE)
    verified_at = TextField(max_length=40, required=False)


class FileBody(StrictSerializer):
    """A generated or uploaded file, by its hash."""

    name = TextField(max_length=500)
    sha256 = DigestField(max_length=64)
    media_type = TextField(max_length=100, required=False)
    model = TextField(max_length=200, required=False)
    settings_version = TextField(max_length=200, required=False)


class FlagBody(StrictSerializer):
    """A safety flag."""

    external_id = TextField(max_length=LONGEST["external_id"], help_text="Your own id: the same is one flag.")
    source = WordField(choices=list(Source))  # type: ignore[assignment]  # a name of REST framework's own
    category = WordField(choices=list(Category))
    content = TextField(max_length=LONGEST["content"], trim_whitespace=False)
    content_at = MomentField(help_text="When it was written, with offset.")
    content_zone = ZoneField(max_length=60, help_text="The writer's time zone by name: America/Denver.")
    account = TextField(max_length=LONGEST["account"], help_text="The subject's account.")
    provenance = WordField(choices=PROVENANCE)
    score = NumberField(required=False, allow_null=True, min_value=0, max_value=1)
    classifier = TextField(max_length=LONGEST["classifier"], required=False, allow_blank=True)
    classifier_version = TextField(max_length=LONGEST["classifier_version"], required=False, allow_blank=True)
    context = TextField(  # type: ignore[assignment]  # as above
        max_length=LONGEST["context"], required=False, allow_blank=True, trim_whitespace=False
    )
    identifiers = IdentifierBody(many=True, required=False, max_length=MOST_IDENTIFIERS)  # type: ignore[call-arg]
    apparent_target = TextField(max_length=LONGEST["apparent_target"], required=False, allow_blank=True)
    files = FileBody(many=True, required=False, max_length=MOST_FILES)  # type: ignore[call-arg]
    minor = TruthField(required=False)


class FlagTaken(serializers.Serializer[Any]):
    """That we have the flag."""

    id = serializers.UUIDField()
    external_id = serializers.CharField()
    received_at = serializers.DateTimeField()


class Flags(ApiView):
    """Safety flags in."""

    required_scope = Scope.FLAG
    access_rule = "triage.receive_flag"
    idempotency = "required"
    may_be_urgent = True
    max_body_bytes = 1024 * 1024

    @extend_schema(
        operation_id="flags_post",
        tags=["flags"],
        request=FlagBody,
        responses={201: FlagTaken, 200: FlagTaken},
    )
    def post(self, request: Request) -> Response:
        """Post one flag: 201 where it is new, 200 where the same came before under this external_id."""
        body = FlagBody(data=request.data)
        body.is_valid(raise_exception=True)
        flag, created = services.receive(by=caller(request), **body.validated_data)
        answer = status.HTTP_201_CREATED if created else status.HTTP_200_OK
        return Response(FlagTaken(flag).data, status=answer)
