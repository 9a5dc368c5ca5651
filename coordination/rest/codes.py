"""The problems by name, apart from their handler: REST framework imports parsers before its own views."""

from collections.abc import Mapping
from typing import Any

from rest_framework import exceptions, status

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:coordination:problem:"
GENERAL_FIELD = "body"

# Status and title by code.
PROBLEMS: dict[str, tuple[int, str]] = {
    "invalid-input": (400, "A value is missing or not acceptable."),
    "malformed-body": (400, "The body is not what this route reads."),
    "idempotency-key-missing": (400, "This route needs an Idempotency-Key."),
    "body-too-deep": (400, "The body is nested more deeply than this route reads."),
    "bad-request": (400, "The request is not acceptable."),
    "authentication-required": (401, "This route needs a token."),
    "invalid-token": (401, "The token opens nothing."),
    "not-permitted": (403, "You may not do this."),
    "insufficient-scope": (403, "The token does not carry the scope that this route needs."),
    "https-required": (403, "This route answers over https alone."),
    "signature-required": (403, "This request has to be signed."),
    "signature-invalid": (403, "The signature of this request does not hold."),
    "refused": (403, "A rule forbids this."),
    "not-found": (404, "There is no such record, or it is not yours to see."),
    "method-not-allowed": (405, "This route does not answer to that method."),
    "not-acceptable": (406, "This route answers in JSON only."),
    "conflict": (409, "Somebody changed the record in the meantime."),
    "illegal-transition": (409, "The record is not in a state that allows this."),
    "signature-replayed": (409, "This signed request came before; sign it anew."),
    "request-in-flight": (409, "A request with this Idempotency-Key is still being answered."),
    "body-too-large": (413, "The body is larger than this route takes."),
    "address-too-long": (414, "The address or its query is longer than this site reads."),
    "unsupported-media-type": (415, "This route reads application/json in UTF-8 only."),
    "idempotency-key-reused": (422, "This Idempotency-Key came with another request before."),
    "too-many-requests": (429, "Too many requests; come back later."),
    "headers-too-large": (431, "The request has more or longer headers than this site reads."),
    "internal-error": (500, "Something went wrong on our side; nothing more can be said here."),
    "unavailable": (503, "Something that this needs is not there now; nothing was done."),
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
        self.headers: Mapping[str, str] = {}


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
