"""Where partners' systems call back. Open to the internet: the channel, in its host, verifies every call."""

import logging
from contextlib import suppress
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from coordination.channels import (
    DeliveryError,
    InauthenticInbound,
    InboundRequest,
    PermanentFailure,
    SecretNotFound,
)
from coordination.channels.registry import UnknownChannel
from coordination.core import clock
from coordination.core.errors import CoordinationError, InvalidInput, NotFound, Unavailable
from coordination.core.rules import anybody, declares
from coordination.inbox import services
from coordination.outbox.hosts import ChannelBroke, HostFailed
from coordination.partners import selectors as partners
from coordination.rest import addresses, limits
from coordination.rest.problems import Problem, plain_response

logger = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024
# The first that fits.
STATUS: dict[type[Exception], int] = {
    NotFound: 404,
    InauthenticInbound: 400,
    InvalidInput: 400,
    Unavailable: 503,
    CoordinationError: 409,
    PermanentFailure: 400,
    DeliveryError: 500,
    ChannelBroke: 500,
    HostFailed: 500,
    SecretNotFound: 500,
    UnknownChannel: 500,
}

# What a call is answered that nobody whom we know made, or may have.
NOBODYS = frozenset({400, 404})


@declares(POST=anybody("Partners' systems call it; the channel, in its host, verifies each call."))
@csrf_exempt
@require_POST
def inbound(request: HttpRequest, inbound_id: UUID) -> HttpResponse:
    """Take a partner's call.

    204 where it was taken, also for the second time; 400 where it is not theirs or malformed, 404 where there
    is no such address or message, 409 where what it says contradicts what was said or done before, 413 where
    it is too large, 500 or 503 where they should send it again. Whose signature holds is told what is
    malformed, as a problem; no other answer says more. An address from which too many calls came that are
    nobody's is answered 429 for a while, before a plugin host is troubled.
    """
    if _length(request) > LARGEST_BODY:
        return HttpResponse(status=413)
    flood, address = limits.limit("address_urgent"), addresses.key_of(request)
    try:
        limits.look(flood, address)
    except Problem as problem:
        return plain_response(problem.code, headers=problem.headers)
    try:
        destination = partners.destination_called_back(str(inbound_id))
        services.accept_from_channel(destination, _as_it_came(request))
    except tuple(STATUS) as error:
        status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
        logger.warning("a call to %s was answered %s: %s", inbound_id, status, type(error).__name__)
        if status in NOBODYS:
            with suppress(Problem):  # two at once may both be the last
                limits.charge([(flood, address)])
        return _malformed(error) or HttpResponse(status=status)
    return HttpResponse(status=204)


def _malformed(error: Exception) -> HttpResponse | None:
    if isinstance(error, InvalidInput):
        return plain_response("invalid-input", field=error.field, message=str(error))
    return plain_response("malformed-body") if isinstance(error, PermanentFailure) else None


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text)  # a number: coordination.core.middleware


def _as_it_came(request: HttpRequest) -> InboundRequest:
    return InboundRequest(
        method=request.method or "POST",
        path=request.get_full_path(),
        headers=dict(request.headers),
        body=request.body,
        received_at=clock.now(),
    )
