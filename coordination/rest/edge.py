"""What holds for every request and answer of the site, in front of everything else.

Sizes are bounded before anything reads them; every answer carries the headers of a closed site; and a 404
that a route gave (there is none, or it is not yours) leaves on the next stroke of a clock that began with
the request, so that how long the looking took cannot be told from outside.
"""

import logging
import math
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from coordination.core import middleware
from coordination.core.errors import Unavailable
from coordination.rest import refusals
from coordination.rest.codes import PROBLEMS
from coordination.rest.problems import ASK_AGAIN_SECONDS, plain_response
from coordination.rest.views import API_PREFIX, api_not_found

logger = logging.getLogger(__name__)

# Where programs call and no browser is led.
PROGRAMS = (API_PREFIX, "/inbound/")
LONGEST_PATH = 2048
LONGEST_QUERY = 4096
MOST_HEADERS = 100
LONGEST_HEADERS = 32 * 1024
# Longer than looking takes on a machine that is not overloaded, so that nearly all leave on the first stroke.
STROKE = 0.025

# Of every answer. Nosniff, Referrer-Policy, Cross-Origin-Opener-Policy and HSTS are SecurityMiddleware's.
HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            "accelerometer",
            "browsing-topics",
            "camera",
            "display-capture",
            "geolocation",
            "gyroscope",
            "magnetometer",
            "microphone",
            "midi",
            "payment",
            "serial",
            "usb",
        )
    ),
    "X-Permitted-Cross-Domain-Policies": "none",
}


class Edge:
    """The outermost middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Bound the request, let it be answered, close the answer."""
        began = time.perf_counter()
        code = _too_large(request) or _in_the_clear(request)
        response = _plain(request, code) if code else self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        _keep_out_of_caches(request, response)
        refusals.note(request, response, existence=_tells_of_existence(request, response))
        if _tells_of_existence(request, response):
            _wait(began)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer 503 where something that a view needs is not there; anything else goes its way."""
        if not isinstance(exception, Unavailable):
            return None
        logger.error("%s: %s", request.path_info, exception)
        return _unavailable(request, exception)


def _unavailable(request: HttpRequest, error: Unavailable) -> HttpResponse:
    """Say that nothing was done, and that it can be tried again."""
    if request.path_info.startswith(PROGRAMS):
        return plain_response("unavailable", headers={"Retry-After": str(ASK_AGAIN_SECONDS)})
    answer = render(request, "503.html", {"why": str(error)}, status=503)
    answer.headers["Retry-After"] = str(ASK_AGAIN_SECONDS)
    return answer


def _too_large(request: HttpRequest) -> str:
    if len(request.path) > LONGEST_PATH or len(request.META.get("QUERY_STRING", "")) > LONGEST_QUERY:
        return "address-too-long"
    if len(request.headers) > MOST_HEADERS:
        return "headers-too-large"
    if sum(len(name) + len(value) for name, value in request.headers.items()) > LONGEST_HEADERS:
        return "headers-too-large"
    length = request.META.get("CONTENT_LENGTH") or "0"
    # One that is no number is refused behind this: coordination.core.middleware.
    if middleware.LENGTH.fullmatch(length) and int(length) > settings.LARGEST_REQUEST:
        return "body-too-large"
    return ""


def _in_the_clear(request: HttpRequest) -> str:
    """Refuse a program that came by plain HTTP where pages are led to https.

    Led on, it would work, and send its token in the clear each time: nobody would notice.
    """
    program = request.path_info.startswith(PROGRAMS)
    return "https-required" if program and settings.SECURE_SSL_REDIRECT and not request.is_secure() else ""


def _plain(request: HttpRequest, code: str) -> HttpResponse:
    if request.path_info.startswith(PROGRAMS):
        return plain_response(code)
    status, title = PROBLEMS[code]
    return HttpResponse(title, status=status, content_type="text/plain; charset=utf-8")


def _keep_out_of_caches(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let nobody keep an answer; what is the same for everybody says so itself, as static files do."""
    if request.path_info.startswith(settings.STATIC_URL):
        return
    if "public" not in response.headers.get("Cache-Control", ""):
        response.headers["Cache-Control"] = "no-store"


def _tells_of_existence(request: HttpRequest, response: HttpResponseBase) -> bool:
    found = request.resolver_match
    return response.status_code == 404 and found is not None and found.func is not api_not_found  # noqa: PLR2004


def _wait(began: float) -> None:
    spent = time.perf_counter() - began
    time.sleep(math.ceil(spent / STROKE) * STROKE - spent)
