"""The platform's own systems: what is in force on an account, and what its user says against that."""

from contextlib import suppress
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from coordination.access.services import Scope
from coordination.core.errors import NotFound
from coordination.policy.workflow import Step
from coordination.rest.serializers import MomentField, StrictSerializer, TextField, WordField
from coordination.rest.views import ApiView, caller
from coordination.restrictions import services
from coordination.restrictions.services.appeals import LONGEST

LONGEST_ACCOUNT = 500


class InForceBody(StrictSerializer):
    """What is in force on one account."""

    account = TextField(max_length=LONGEST_ACCOUNT)
    step = WordField(choices=["", *Step], help_text="Empty: nothing is in force.")
    observed_at = MomentField(help_text="When that was so, with offset.")


class AppealBody(StrictSerializer):
    """What the user of an account says against its restriction."""

    account = TextField(max_length=LONGEST_ACCOUNT)
    external_id = TextField(max_length=120, help_text="Your own id: the same is one appeal.")
    text = TextField(max_length=LONGEST, trim_whitespace=False)
    received_at = MomentField(help_text="When it came to you, with offset.")


class Noted(serializers.Serializer[Any]):
    """That we have it."""

    observed_at = serializers.DateTimeField()


class AppealTaken(serializers.Serializer[Any]):
    """That we have the appeal, and by when it is answered."""

    external_id = serializers.CharField()
    received_at = serializers.DateTimeField()
    in_time = serializers.BooleanField()


class InForce(ApiView):
    """What the platform has in force."""

    required_scope = Scope.ENFORCE
    access_rule = "restrictions.report_in_force"
    idempotency = "required"

    @extend_schema(
        operation_id="restrictions_in_force",
        tags=["restrictions"],
        request=InForceBody,
        responses={202: Noted},
    )
    def post(self, request: Request) -> Response:
        """Say what is in force on an account: a difference to what stands on the desk opens a task there."""
        body = InForceBody(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        with suppress(NotFound):  # the caller does not learn which accounts the desk knows
            services.report_in_force(by=caller(request), **said)
        return Response(Noted(said).data, status=status.HTTP_202_ACCEPTED)


class Appeals(ApiView):
    """Appeals in."""

    required_scope = Scope.ENFORCE
    access_rule = "restrictions.receive_appeal"
    idempotency = "required"

    @extend_schema(
        operation_id="restrictions_appeal",
        tags=["restrictions"],
        request=AppealBody,
        responses={202: AppealTaken},
    )
    def post(self, request: Request) -> Response:
        """Pass on what a user says against a restriction. It is answered, and lifts nothing."""
        body = AppealBody(data=request.data)
        body.is_valid(raise_exception=True)
        appeal = services.pass_on_appeal(by=caller(request), **body.validated_data)
        return Response(AppealTaken(appeal).data, status=status.HTTP_202_ACCEPTED)
