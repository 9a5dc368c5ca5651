"""What OpenAPI says beside the views: problems, the Idempotency-Key, and how a caller proves who it is."""

from typing import Any, Literal

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer
from rest_framework import serializers

from coordination.rest.permissions import PUBLIC, declared_rule
from coordination.rest.problems import CONTENT_TYPE

KEY_PATTERN = r"^[\x21-\x7e]+$"
# Something that is not white space, and no NUL, which the database cannot keep.
TEXT_PATTERN = r"^[^\x00]*[^\s\x00][^\x00]*$"
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})


class FieldErrorSerializer(serializers.Serializer[Any]):
    """One thing that is wrong with one field."""

    field = serializers.CharField(help_text="Path of the field, with dots; `body` for the whole.")
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details, RFC 9457."""

    type = serializers.CharField(help_text="urn:coordination:problem:<code>")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField(required=False, help_text="The path; never on a 404.")
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment]
    state = serializers.CharField(required=False, help_text="The state that did not allow it.")
    rule = serializers.CharField(required=False, help_text="The rule that forbids it.")
    citation = serializers.CharField(required=False, help_text="Where the rule comes from.")


class ProblemSchema(AutoSchema):
    """Adds the problems a method can answer with and the Idempotency-Key of a POST."""

    def get_override_parameters(self) -> list[Any]:
        """Return the view's own parameters and the Idempotency-Key."""
        parameters = list(super().get_override_parameters())
        wanted = getattr(self.view, "idempotency", "off")
        if self.method == "POST" and wanted != "off":
            parameters.append(
                OpenApiParameter(
                    "Idempotency-Key",
                    {"type": "string", "pattern": KEY_PATTERN, "minLength": 1, "maxLength": 255},
                    OpenApiParameter.HEADER,
                    required=wanted == "required",
                    description="The same key and request within a day give the same answer and one effect.",
                )
            )
        return parameters

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> tuple[Any, bool]:
        """Say of a body of several forms, or of bytes, that it is needed; spectacular leaves that open."""
        schema, needed = super()._get_request_for_media_type(serializer, direction)  # type: ignore[no-untyped-call]
        several = isinstance(serializer, PolymorphicProxySerializer)
        return schema, bool(needed or several or serializer == OpenApiTypes.BINARY)

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        responses: dict[str, Any] = super()._get_response_bodies(direction)
        for code in self._problem_statuses():
            responses.setdefault(
                code,
                self._get_response_for_code(  # type: ignore[no-untyped-call]
                    ProblemSerializer, code, media_types=[CONTENT_TYPE], direction=direction
                ),
            )
        return responses

    def _problem_statuses(self) -> list[str]:
        rule = declared_rule(self.view, self.method)
        statuses = ["400", "404", "406", "414", "431", "500", "503"]
        if rule is None or rule.permission != PUBLIC:
            statuses += ["401", "403", "429"]
        if self.method in _BODY_METHODS:
            statuses += ["409", "413", "415"]
        if self.method == "POST" and getattr(self.view, "idempotency", "off") != "off":
            statuses.append("422")
        return sorted(statuses)


class StrictBody(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Bodies of exactly their fields."""

    target_class = "coordination.rest.serializers.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> Any:
        """Say that there are no others, and how long a list may be."""
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # noqa: SLF001
        for name, field in self.target.fields.items():
            longest = getattr(field, "max_length", None)
            if isinstance(field, serializers.ListSerializer) and longest is not None:
                schema["properties"][name]["maxItems"] = longest
        return {**schema, "additionalProperties": False}


class StrictText(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Text that may not be blank, unless the field says so."""

    target_class = "coordination.rest.serializers.TextField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> Any:
        """Say what is refused."""
        schema = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)  # noqa: SLF001
        return schema if self.target.allow_blank else {"pattern": TEXT_PATTERN, "minLength": 1, **schema}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Bearer tokens in the document's security schemes."""

    target_class = "coordination.rest.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        """Return RFC 6750's scheme."""
        return {"type": "http", "scheme": "bearer"}
