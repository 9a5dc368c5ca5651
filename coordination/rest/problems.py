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
from rest_framework import exceptions, status
from rest_framework.response import Response

from coordination.core import errors

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:coordination:problem:"
GENERAL_FIELD = "body"

# Status and title by code.
PROBLEMS: dict[str, tuple[int, str]] = {
    "invalid-input": (400, "A value is missing or not acceptable."),
    "malformed-body": (400, "The body is not what this route reads."),
    "idempotency-key-missing": (400, "This route needs an Idempotency-Key."),
    "bad-request": (400, "The request is not acceptable."),
    "authentication-required": (401, "This route needs a token."),
    "invalid-token": (401, "The token opens nothing."),
    "not-permitted": (403, "You may not do this."),
    "insufficient-scope": (403, "The token does not carry the scope that this route needs."),
    "refused": (403, "A rule forbids this."),
    "not-found": (404, "There is no such record, or it is not yours to see."),
    "method-not-allowed": (405, "This route does not answer to that method."),
    "not-acceptable": (406, "This route answers in JSON only."),
    "conflict": (409, "Somebody changed the record in the meantime."),
    "illegal-transition": (409, "The record is not in a state that allows this."),
    "request-in-flight": (409, "A request with this Idempotency-Key is still being answered."),
    "body-too-large": (413, "The body is larger than this route takes."),
    "unsupported-media-type": (415, "This route reads application/json in UTF-8 only."),
    "idempotency-key-reused": (422, "This Idempotency-Key came with another request before."),
    "too-many-requests": (429, "Too many requests; come back later."),
    "internal-error": (500, "Something went wrong on our side; nothing more can be said here."),
}


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


class Problem(exceptions.APIException):
    """A problem with a code of PROBLEMS, for what neither core.errors nor REST framework names."""

    def __init__(
        self, code: str, detail: str = "", *, field_errors: list[dict[str, str]] | None = None
    ) -> None:
        self.status_code, self.title = PROBLEMS[code]
        super().__init__(detail or self.title, code)
        self.code = code
        self.field_errors = field_errors or []
        self.extra: Mapping[str, str] = {}


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
        return Response(data, status=data["status"], headers=self.get_headers(exc), content_type=CONTENT_TYPE)


def exception_handler(exc: Exception, context: Any) -> Response | None:
    """REST framework's hook: settings.REST_FRAMEWORK["EXCEPTION_HANDLER"]."""
    response: Response | None = ProblemHandler(exc, context).run()
    return response


def members(problem: Problem, *, instance: str = "") -> dict[str, Any]:
    """Return the members of a problem in their fixed order."""
    shown: dict[str, Any] = {
        "type": TYPE_PREFIX + problem.code,
        "title": problem.title,
        "status": problem.status_code,
        "detail": str(problem.detail),
    }
    if instance and problem.status_code != status.HTTP_404_NOT_FOUND:
        shown["instance"] = instance
    if problem.field_errors:
        shown["errors"] = problem.field_errors
    return shown | dict(problem.extra)


def plain_response(code: str) -> HttpResponse:
    """Return a problem outside REST framework's views: unknown routes, errors of the middleware."""
    problem = Problem(code)
    return HttpResponse(
        json.dumps(members(problem), separators=(",", ":")),
        status=problem.status_code,
        content_type=CONTENT_TYPE,
    )


def _from_core(exc: Exception) -> Problem | None:
    match exc:
        case errors.InvalidInput():
            return Problem("invalid-input", str(exc), field_errors=[_field(exc.field, "invalid", str(exc))])
        case errors.IllegalTransition():
            return _with(Problem("illegal-transition", str(exc)), state=exc.state)
        case errors.Conflict():
            return Problem("conflict", str(exc))
        case errors.Refused():
            return _with(Problem("refused", str(exc)), rule=exc.rule, citation=exc.citation)
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
