"""What is refused before any view sees it."""

import re
from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

# As RFC 9110 spells it, and of a size that something could have.
LENGTH = re.compile("[0-9]{1,18}", re.ASCII)


def refuse_malformed(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer 400 to an address with NUL, which PostgreSQL keeps nowhere, and to a length that is none."""

    def middleware(request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\x00" in request.path_info or "\x00" in query or "%00" in query:
            raise BadRequest("NUL in the address")
        if not LENGTH.fullmatch(request.META.get("CONTENT_LENGTH") or "0"):
            raise BadRequest("no Content-Length")
        return get_response(request)

    return middleware
