"""Safety flags from the platform's own systems."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from coordination.access.services import Scope
from coordination.core.errors import InvalidInput
from coordination.rest.parsers import StrictJSONParser
from coordination.rest.problems import described
from coordination.rest.serializers import (
    MomentField,
    NumberField,
    StrictSerializer,
    TextField,
    TruthField,
    WordField,
)
from coordination.rest.views import ApiView, caller
from coordination.triage import events, services
from coordination.triage.services.intake import LONGEST, MOST_FILES, MOST_IDENTIFIERS, PROVENANCE
from coordination.triage.workflow import Category, Source


@extend_schema_field({"type": "string", "pattern": "^[0-9a-f]{64}$"})
class DigestField(TextField):
    """A SHA-256 in hexadecimal."""


@extend_schema_field({"type": "string", "format": "time-zone"})
class ZoneField(TextField):
    """The name of a time zone."""


@extend_schema_field(
    {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
)
class DayOrTimeField(TextField):
    """A day, or a time with offset."""


class IdentifierBody(StrictSerializer):
    """An identifier of the subject's account, and how it is known."""

    kind = TextField(max_length=500, help_text="email, phone, payment_token, device, ip …")
    value = TextField(max_length=500)
    provenance = WordField(choices=PROVENANCE)
    verified_at = DayOrTimeField(max_length=40, required=False)


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
    reporter = TextField(
        max_length=LONGEST["reporter"], required=False, allow_blank=True, help_text="Whose report it is."
    )


class EventData(FlagBody):
    """The flag in an event, whose source and id are its own id."""

    external_id = None  # type: ignore[assignment]  # REST framework's way to leave out what is inherited


class EventBody(serializers.Serializer[Any]):
    """A flag as a CloudEvent 1.0. Its external_id is source#id."""

    specversion = serializers.ChoiceField(choices=["1.0"])
    id = TextField(max_length=events.LONGEST["id"])
    source = TextField(max_length=events.LONGEST["source"])  # type: ignore[assignment]  # a name of REST framework's own
    type = serializers.ChoiceField(choices=[events.TYPE])
    datacontenttype = serializers.ChoiceField(choices=["application/json"], required=False)
    data = EventData()  # type: ignore[assignment]  # as above


def _many(each: str) -> dict[str, Any]:
    """Return the schema of a list of which each part is looked at by itself: a wrong one refuses no other."""
    return {
        "type": "array",
        "items": {"description": each},
        "minItems": 1,
        "maxItems": services.MOST,
    }


@extend_schema_field(_many("A flag, as in FlagBody."))
class FlagsField(serializers.ListField):
    """Flags as they came."""


class BatchBody(StrictSerializer):
    """Flags, each looked at by itself."""

    flags = FlagsField()


class BatchResult(serializers.Serializer[Any]):
    """What became of one flag: `status` is what the same flag alone would have been answered."""

    status = serializers.IntegerField()
    id = serializers.UUIDField(required=False)
    external_id = serializers.CharField(required=False)
    received_at = serializers.DateTimeField(required=False)
    problem = serializers.DictField(required=False)


class BatchTaken(serializers.Serializer[Any]):
    """What became of each flag, in order."""

    results = BatchResult(many=True)


class EventParser(StrictJSONParser):
    """A CloudEvent in structured mode."""

    media_type = events.SINGLE


class EventsParser(StrictJSONParser):
    """CloudEvents in batch mode."""

    media_type = events.BATCH


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
    too_large = "A flag holds what was flagged and what stands around it; a transcript is an exhibit."
    parser_classes = (StrictJSONParser, EventParser)

    @extend_schema(
        operation_id="flags_post",
        tags=["flags"],
        request={"application/json": FlagBody, events.SINGLE: EventBody},
        responses={201: FlagTaken, 200: FlagTaken},
    )
    def post(self, request: Request) -> Response:
        """Post one flag: 201 where it is new, 200 where the same came before under this external_id."""
        is_event = _is(request, events.SINGLE)
        body = FlagBody(data=events.flag_of(request.data) if is_event else request.data)
        body.is_valid(raise_exception=True)
        flag, created = services.receive(by=caller(request), **body.validated_data)
        answer = status.HTTP_201_CREATED if created else status.HTTP_200_OK
        return Response(FlagTaken(flag).data, status=answer)


class FlagBatch(ApiView):
    """Safety flags in, many at once."""

    required_scope = Scope.FLAG
    access_rule = "triage.receive_flag"
    idempotency = "required"
    may_be_urgent = True
    allow_any_json = True
    max_body_bytes = 2 * 1024 * 1024
    too_large = "Send fewer flags at once. A transcript is an exhibit."
    parser_classes = (StrictJSONParser, EventsParser)

    @extend_schema(
        operation_id="flags_batch_post",
        tags=["flags"],
        request={"application/json": BatchBody},
        responses={200: BatchTaken},
    )
    def post(self, request: Request) -> Response:
        """Post up to 500 flags: each is taken or refused by itself, in one transaction.

        As application/cloudevents-batch+json the body is a list of events, as in EventBody.
        """
        is_events = _is(request, events.BATCH)
        read = [_read(each, is_event=is_events) for each in _listed(request.data, is_events=is_events)]
        good = [each for each in read if isinstance(each, dict)]
        taken = iter(services.receive_many(good, by=caller(request)))
        results = [_result(next(taken)) if isinstance(each, dict) else _refused(each) for each in read]
        return Response({"results": results})


def _is(request: Request, media_type: str) -> bool:
    return (request.content_type or "").partition(";")[0].strip().lower() == media_type


def _listed(data: Any, *, is_events: bool) -> list[Any]:
    if not is_events and isinstance(data, dict) and data.keys() != {"flags"}:
        raise InvalidInput("flags", 'The body is {"flags": […]} and nothing else.')
    flags = data if is_events else data.get("flags") if isinstance(data, dict) else None
    if not isinstance(flags, list) or not 0 < len(flags) <= services.MOST:
        raise InvalidInput("flags", f"A list of 1 to {services.MOST} flags.")
    return flags


def _read(given: Any, *, is_event: bool) -> dict[str, Any] | Exception:
    """Return the checked fields of one flag, or why it is refused."""
    try:
        body = FlagBody(data=events.flag_of(given) if is_event else given)
        body.is_valid(raise_exception=True)
    except (InvalidInput, serializers.ValidationError) as error:
        return error
    return dict(body.validated_data)


def _result(taken: services.Taken) -> dict[str, Any]:
    if taken.flag is None:
        return _refused(taken.refused or InvalidInput("flags", "Refused."))
    answer = status.HTTP_201_CREATED if taken.created else status.HTTP_200_OK
    return {"status": answer, **FlagTaken(taken.flag).data}


def _refused(error: Exception) -> dict[str, Any]:
    problem = described(error)
    return {"status": problem["status"], "problem": problem}
