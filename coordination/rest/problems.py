"""Errors as RFC 9457 problem details: one shape for every failure, and no more said than the caller may know.

`type` is `urn:coordination:problem:<code>`; docs/api.md lists the codes. A 404 is the same bytes for what
does not exist and for what is not the caller's, so it carries no `instance`. A 500 carries no detail.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpResponse
from drf_standardized_errors.formatter import flatten_errors
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import exceptions
from rest_framework.response import Response

from coordination.core import errors
from coordination.rest.codes import CONTENT_TYPE, GENERAL_FIELD, PROBLEMS, Problem, members

__all__ = ["CONTENT_TYPE", "PROBLEMS", "Problem", "exception_handler", "plain_response"]

ASK_AGAIN_SECONDS = 30

_CODES: dict[type[Exception], str] = {
    errors.NotPermitted: "not-permitted",
    errors.NotFound: "not-found",
    Http404: "not-found",
    exceptions.NotFound: "not-found",
    exceptions.NotAuthenticated: "authentication-required",
    exceptions.AuthenticationFailed: "invalid-token",
    exceptions.PermissionDenied: "not-permitted",
    PermissionDenied: "not-permitted",
    exceptions.MethodNotAllowed: "method-not-allowed",
    exceptions.NotAcceptable: "not-acceptable",
    exceptions.UnsupportedMediaType: "unsupported-media-type",
    exceptions.Throttled: "too-many-requests",
    RequestDataTooBig: "body-too-large",
    SuspiciousOperation: "bad-request",
}


class ProblemHandler(ExceptionHandler):
    """REST framework's exceptions and ours, turned into problems."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """Return a Problem for whatever we have a name for."""
        return _from_core(exc) or _from_framework(exc) or exc

    def convert_unhandled_exceptions(self, exc: Exception) -> exceptions.APIException:
        """Say nothing of what went wrong; the log knows."""
        return exc if isinstance(exc, exceptions.APIException) else Problem("internal-error")

    def format_exception(self, exc: exceptions.APIException) -> dict[str, Any]:
        """Return the members of the problem."""
        problem = exc if isinstance(exc, Problem) else Problem("internal-error")
        request = self.context.get("request")
        return members(problem, instance=request.path if request is not None else "")

    def get_response(self, exc: exceptions.APIException, data: dict[str, Any]) -> Response:
        """Answer in the media type of RFC 9457."""
        if isinstance(self.exc, exceptions.APIException):
            exc = self.exc  # it knows the headers: WWW-Authenticate, Retry-After
        headers = {**self.get_headers(exc), **getattr(exc, "headers", {})}
        return Response(data, status=data["status"], headers=headers, content_type=CONTENT_TYPE)


def exception_handler(exc: Exception, context: Any) -> Response | None:
    """REST framework's hook: settings.REST_FRAMEWORK["EXCEPTION_HANDLER"]."""
    response: Response | None = ProblemHandler(exc, context).run()
    return response


def described(exc: Exception) -> dict[str, Any]:
    """Return the members of a problem without answering it: for one of several things asked for at once."""
    return members(_from_core(exc) or _from_framework(exc) or Problem("internal-error"))


def unavailable(error: errors.Unavailable) -> Problem:
    """Return the problem of what cannot be answered now, with the time after which to ask again."""
    problem = Problem("unavailable", str(error))
    problem.headers = {"Retry-After": str(ASK_AGAIN_SECONDS)}
    return problem


def plain_response(
    code: str, *, field: str = "", message: str = "", headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return a problem outside REST framework's views: unknown routes, callbacks, middleware."""
    problem = Problem(code, field_errors=[_field(field, "invalid", message)] if field else None)
    response = HttpResponse(
        json.dumps(members(problem), separators=(",", ":")),
        status=problem.status_code,
        content_type=CONTENT_TYPE,
        headers=dict(headers or {}),
    )
    response["Cache-Control"] = "no-store"
    return response


def _from_core(exc: Exception) -> Problem | None:
    match exc:
        case errors.InvalidInput():
            found = [_field(each.field, "invalid", str(each)) for each in exc.errors]
            return Problem("invalid-input", str(exc), field_errors=found)
        case errors.IllegalTransition():
            return _with(Problem("illegal-transition", str(exc)), state=exc.state)
        case errors.Conflict():
            return Problem("conflict", str(exc))
        case errors.Refused():
            return _with(Problem("refused", str(exc)), rule=exc.rule, citation=exc.citation)
        case errors.Unavailable():
            return unavailable(exc)
    return None


def _from_framework(exc: Exception) -> Problem | None:
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, exceptions.ValidationError):
        return _invalid(exc)
    if isinstance(exc, exceptions.ParseError):
        return Problem("malformed-body", str(exc.detail))
    if isinstance(exc, exceptions.PermissionDenied) and exc.get_codes() == "insufficient_scope":
        return Problem("insufficient-scope")
    for kind, code in _CODES.items():
        if isinstance(exc, kind):
            return Problem(code)
    return None


def _invalid(exc: exceptions.ValidationError) -> Problem:
    found = [
        _field(error.attr or GENERAL_FIELD, error.code, error.detail) for error in flatten_errors(exc.detail)
    ]
    for error in found:
        if error["field"] == "non_field_errors":
            error["field"] = GENERAL_FIELD
    return Problem("invalid-input", field_errors=found)


def _field(field: str, code: str, message: str) -> dict[str, str]:
    return {"field": field, "code": code, "message": message}


def _with(problem: Problem, **extra: str) -> Problem:
    problem.extra = {name: value for name, value in extra.items() if value}
    return problem
