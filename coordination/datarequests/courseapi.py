"""What an officer does about a data request while it runs: supply, take back, extend, object."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from coordination.access.services import Scope
from coordination.core import wall
from coordination.core.errors import InvalidInput, Refused
from coordination.datarequests import outside, services
from coordination.datarequests.api import AboutOne, checked
from coordination.datarequests.bodies import AmendBody, ExtendBody, Letter, ReasonBody, RequestRow
from coordination.datarequests.models import DataRequest
from coordination.rest.serializers import StrictSerializer
from coordination.rest.views import caller


class _Doing(AboutOne):
    """What these routes share. The request is looked for first: a body tells nothing of foreign ones."""

    required_scope = Scope.SUBMIT
    idempotency = "required"
    max_body_bytes = 1024 * 1024

    def do(
        self,
        request: Request,
        reference: str,
        form: type[StrictSerializer],
        deed: Callable[..., DataRequest],
    ) -> Response:
        """Do it as the caller, and answer with where the request stands then."""
        found = self.find(reference)
        said = checked(form, request)
        with wall.outside():
            deed(found, by=caller(request), **said)
        row = outside.for_agency(self.agency.pk).filter(pk=found.pk).values(*outside.ROW).get()
        return Response(outside.shown(row))


class Amend(_Doing):
    """Supplying what was missing."""

    @extend_schema(
        operation_id="requests_amend", tags=["requests"], request=AmendBody, responses={200: RequestRow}
    )
    def post(self, request: Request, reference: str) -> Response:
        """Supply what a returned request lacked, the process apart. It is looked at anew."""
        return self.do(request, reference, AmendBody, services.amend)


class Withdraw(_Doing):
    """Taking a request back."""

    @extend_schema(
        operation_id="requests_withdraw", tags=["requests"], request=ReasonBody, responses={200: RequestRow}
    )
    def post(self, request: Request, reference: str) -> Response:
        """Take a request back. Nothing goes out for it any more."""
        return self.do(request, reference, ReasonBody, services.withdraw)


class Extend(_Doing):
    """Moving the return date."""

    @extend_schema(
        operation_id="requests_extend", tags=["requests"], request=ExtendBody, responses={200: RequestRow}
    )
    def post(self, request: Request, reference: str) -> Response:
        """Say that the court or you moved the return date: later only."""
        return self.do(request, reference, ExtendBody, _extend)


def _extend(found: DataRequest, **said: Any) -> DataRequest:
    try:
        return services.extend(found, **said)
    except InvalidInput as error:
        # A good date, and not one for this request: what is wrong is not in the body.
        raise Refused(str(error), rule="datarequests.extend") from error


class Object(_Doing):
    """Objecting to what was made of a request."""

    @extend_schema(
        operation_id="requests_object", tags=["requests"], request=ReasonBody, responses={200: RequestRow}
    )
    def post(self, request: Request, reference: str) -> Response:
        """Object to what was made of an accepted or narrowed request: it waits until counsel heard it."""
        return self.do(request, reference, ReasonBody, services.object_)


class LetterOfDeficiency(AboutOne):
    """The deficiency letter."""

    required_scope = Scope.READ

    @extend_schema(operation_id="requests_letter", tags=["requests"], responses={200: Letter, 204: None})
    def get(self, request: Request, reference: str) -> Response:
        """Fetch the newest deficiency letter, as a PDF; 204 where there is none. The fetching is recorded."""
        found = self.find(reference)
        with wall.outside():
            content = services.hand_out_letter(found, by=caller(request))
        if content is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(
            {
                "filename": f"{reference}-deficiency.pdf",
                "media_type": "application/pdf",
                "sha256": hashlib.sha256(content).hexdigest(),
                "content_base64": b64encode(content).decode(),
            }
        )
