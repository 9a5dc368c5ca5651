"""What a partner's token opens: what was sent to the own agency, and the answers to it.

Everything starts from the agency of the caller, so a foreign message is as unknown as a missing one; and the
handlers run as the partner role, to which the database shows no row of another agency (core/wall.py).
"""

import hashlib
from base64 import b64encode
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from coordination.access.services import Scope
from coordination.core import wall
from coordination.core.errors import NotFound
from coordination.inbox import services
from coordination.outbox import selectors as outbox
from coordination.partners.api import GenericPartnerView, PartnerView, agency_of
from coordination.rest.pagination import NewestFirst
from coordination.rest.serializers import StrictSerializer, TextField, WordField
from coordination.rest.views import caller, proof_of

ROW = (
    *("id", "reference", "kind", "lane", "digest", "media_type", "filename"),
    *("delivery__created_at", "delivery__state"),
)
OUTCOMES = ("welfare_check", "arrest", "unfounded", "transferred", "no_feedback")


class MessageRow(serializers.Serializer[Any]):
    """One message that was sent to your agency."""

    id = serializers.UUIDField(help_text="Stable: the same on every way and every try.")
    reference = serializers.CharField(help_text="Our reference, for letters and telephone.")
    kind = serializers.CharField(help_text="referral, correction, answer, letter or test.")
    priority = serializers.CharField(help_text="P0 is danger to life; otherwise normal.")
    sent_at = serializers.DateTimeField(help_text="When it was released.")
    state = serializers.CharField(help_text="sent, acknowledged or rejected.")
    digest = serializers.CharField(help_text="sha256: of the content.")
    media_type = serializers.CharField()
    filename = serializers.CharField()


class MessageWhole(MessageRow):
    """One message with its content."""

    content_base64 = serializers.CharField(
        help_text="Exactly the bytes that were approved; their SHA-256 is the digest."
    )


class Acknowledgement(StrictSerializer):
    """That a named person has it."""

    reference = TextField(max_length=120, help_text="Your own reference.")
    acknowledged_by = TextField(max_length=200, required=False, help_text="Who has it, and where.")


class AskedQuestion(StrictSerializer):
    """What you need to know."""

    question = TextField(max_length=10_000)


class ReportedOutcome(StrictSerializer):
    """What came of it."""

    outcome = WordField(choices=OUTCOMES)
    detail = TextField(max_length=10_000, required=False, allow_blank=True)


class Taken(serializers.Serializer[Any]):
    """That we have what you said."""

    id = serializers.UUIDField()
    message = serializers.UUIDField(source="message_id")
    kind = serializers.CharField(help_text="acknowledgement, question or outcome.")
    received_at = serializers.DateTimeField()


class Messages(GenericPartnerView):
    """The messages that were sent to your agency."""

    required_scope = Scope.READ
    serializer_class = MessageRow
    page_ordering = ("-delivery__created_at", "-pk")
    query_parameters = NewestFirst.parameters

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """List nothing while a fetch could not be recorded."""
        super().initial(request, *args, **kwargs)
        services.require_record()

    def get_queryset(self) -> QuerySet[Any, dict[str, Any]]:
        """Return rows as maps: serializing models costs five times as much."""
        rows: QuerySet[Any, dict[str, Any]] = outbox.for_agency(self.agency.pk).values(*ROW)
        return rows

    @extend_schema(operation_id="messages_list", tags=["messages"], responses=MessageRow(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List what was sent to your agency, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response([_shown(row) for row in page or ()])


class OneMessage(PartnerView):
    """One message that was sent to your agency."""

    required_scope = Scope.READ

    @extend_schema(operation_id="messages_read", tags=["messages"], responses=MessageWhole)
    def get(self, request: Request, message_id: UUID) -> Response:
        """Fetch one message with the bytes that were approved. The reading is recorded."""
        row = outbox.for_agency(self.agency.pk).filter(pk=message_id).values(*ROW, "content").first()
        if row is None:
            raise NotFound
        with wall.outside():
            services.record_fetch(message_id, agency=self.agency, by=caller(request))
        content = b64encode(bytes(row["content"])).decode()
        return Response({**_shown(row), "content_base64": content})


class _Answering(PartnerView):
    """What the three answers share. The Idempotency-Key is the id of what was said."""

    required_scope = Scope.RESPOND
    idempotency = "required"

    def take(
        self, request: Request, message_id: UUID, kind: str, serializer: type[StrictSerializer]
    ) -> Response:
        """Check the body and hand it in."""
        body = serializer(data=request.data)
        body.is_valid(raise_exception=True)
        if not outbox.is_known_to(self.agency.pk, message_id):
            raise NotFound
        with wall.outside():
            inbound, _ = services.accept(
                agency=self.agency,
                external_id=_external_id(request),
                kind=kind,
                message_id=message_id,
                payload=dict(body.validated_data),
                way="api",
                by=caller(request),
                proof=proof_of(request),
            )
        return Response(Taken(inbound).data, status=status.HTTP_201_CREATED)


class Acknowledge(_Answering):
    """Acknowledging a message. Of one that is a danger to life it waits behind nothing else."""

    may_be_urgent = True

    def is_urgent(self, request: Request) -> bool:
        """Tell whether the message is P0 and the caller's."""
        agency = agency_of(request)
        if agency is None:
            return False
        with wall.behind(agency.pk):
            return outbox.for_agency(agency.pk).filter(pk=self.kwargs["message_id"], lane="P0").exists()

    @extend_schema(
        operation_id="messages_acknowledge",
        tags=["messages"],
        request=Acknowledgement,
        responses={201: Taken},
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        """Acknowledge a message under your own reference: a named person has it."""
        return self.take(request, message_id, "acknowledgement", Acknowledgement)


class Ask(_Answering):
    """Asking about a message."""

    @extend_schema(
        operation_id="messages_ask", tags=["messages"], request=AskedQuestion, responses={201: Taken}
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        """Ask for information about a message. The answer comes as a message of the kind `answer`."""
        return self.take(request, message_id, "question", AskedQuestion)


class ReportOutcome(_Answering):
    """Reporting what came of a message."""

    @extend_schema(
        operation_id="messages_outcome", tags=["messages"], request=ReportedOutcome, responses={201: Taken}
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        """Report what came of a message."""
        return self.take(request, message_id, "outcome", ReportedOutcome)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return what MessageRow documents. A serializer for each row would cost more than the query."""
    # What the partner knows; how far our own record is, is our business.
    state = row["delivery__state"]
    return {
        "id": row["id"],
        "reference": row["reference"],
        "kind": row["kind"],
        "priority": row["lane"],
        "sent_at": row["delivery__created_at"],
        "state": state if state in ("acknowledged", "rejected") else "sent",
        "digest": row["digest"],
        "media_type": row["media_type"],
        "filename": row["filename"],
    }


def _external_id(request: Request) -> str:
    # Two officers of one agency may choose the same key; a key may be longer than the column.
    said = f"{caller(request).pk}\x00{request.headers['Idempotency-Key']}"
    return f"api-{hashlib.sha256(said.encode()).hexdigest()}"
