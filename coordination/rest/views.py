"""The views that others build on, and answers for routes that do not exist."""

import hashlib
import re
from functools import partial
from typing import Any, ClassVar, Literal

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import NotAuthenticated, NotFound, PermissionDenied
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from coordination.access.services import User
from coordination.core.deadlocks import outlasting
from coordination.core.rules import Records, declares, nobody
from coordination.rest import callers, limits, services, signatures
from coordination.rest.problems import Problem, plain_response

API_PREFIX = "/api/"
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Paced(APIView):
    """Counts each call against the limits of its caller, before anything else is asked.

    A view where a danger to life may wait declares `may_be_urgent` and says in `is_urgent` which calls are:
    those use up nothing of the ordinary limits and are held by a generous one of their own.
    """

    may_be_urgent: ClassVar[bool] = False

    def is_urgent(self, request: Request) -> bool:  # noqa: ARG002 - for overriding
        """Tell whether this call must not wait for others; asked where `may_be_urgent`."""
        return self.may_be_urgent

    def perform_authentication(self, request: Request) -> None:
        """Authenticate, then count."""
        super().perform_authentication(request)
        user = request.user
        if not isinstance(user, User):
            return
        if self.may_be_urgent and self.is_urgent(request):
            limits.charge([(limits.limit("urgent"), str(user.pk))])
            return
        group = callers.standing(request).group
        wanted = [(limits.limit("caller"), str(user.pk))]
        limits.charge([*wanted, (limits.limit("group"), group)] if group else wanted)


class Signed(Paced):
    """Verifies a signed request, and demands a signature where the caller's agency has to sign.

    `signature` is "by_agency" (what writes, where the agency has to) or "required" (every call). A signature
    that came along is always verified. `proof_of(request)` is the proof; it is spent: the same request is
    refused.
    """

    signature: ClassVar[Literal["by_agency", "required"]] = "by_agency"

    def check_permissions(self, request: Request) -> None:
        """Check the rule first, then the signature."""
        super().check_permissions(request)
        proof = self._proof(request) if isinstance(request.user, User) else None
        request.proof = proof  # type: ignore[attr-defined]

    def _proof(self, request: Request) -> signatures.Proof | None:
        standing = callers.standing(request)
        if not signatures.is_signed(request.headers):
            if self.signature == "required" or (standing.must_sign and request.method in _WRITES):
                raise signatures.missing()
            return None
        http = request._request  # noqa: SLF001 - REST framework's documented way to Django's request
        signed = signatures.SignedRequest(
            method=request.method or "",
            url=http.build_absolute_uri(),
            headers=http.headers,
            body=http.body,
        )
        proof = signatures.verify(signed, standing.key_of)
        if not services.see_nonce(proof.key_id, proof.nonce):
            raise Problem("signature-replayed")
        return proof


class OncePerKey(Signed):
    """POST with an Idempotency-Key has one effect and one answer, however often it is sent.

    `idempotency` is "optional", "required" or "off". The handler runs in one transaction with the record of
    its answer; a handler that raises leaves neither.
    """

    idempotency: ClassVar[Literal["optional", "required", "off"]] = "optional"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate and check the rule first: a replay is for its caller alone."""
        super().initial(request, *args, **kwargs)
        handler = getattr(self, "post", None)
        if request.method == "POST" and self.idempotency != "off" and handler is not None:
            vars(self)["post"] = partial(self._once, handler)

    def _once(self, handler: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = _key(request)
        if not key and self.idempotency == "required":
            raise Problem("idempotency-key-missing")
        user = request.user
        if not key or not isinstance(user, User):
            response: HttpResponseBase = outlasting(lambda: handler(request, *args, **kwargs))
            return response
        given: list[Response] = []

        def act() -> services.Answer:
            response = handler(request, *args, **kwargs)
            given.append(response)
            body = b"" if response.data is None else JSONRenderer().render(response.data)
            return services.Answer(
                status=response.status_code, body=body.decode(), location=response.get("Location", "")
            )

        try:
            answer, replayed = outlasting(
                lambda: services.answer_once(
                    principal=user, key=key, request_digest=_digest(request), act=act
                )
            )
        except services.RequestInFlight:
            raise Problem("request-in-flight") from None
        except services.KeyReused:
            raise Problem("idempotency-key-reused") from None
        return _replay(answer) if replayed else given[-1]


class ApiView(OncePerKey):
    """What every view of the API derives from: a declared rule, one 404, one effect per key."""

    # Without OPTIONS: what a route is for stands in the OpenAPI document.
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    metadata_class = None
    # Which records the view answers about, as docs/routes.md says it and the tests try it.
    records: ClassVar[Records] = Records.NONE
    # What may stand behind the question mark, once each. A misspelt filter must not look like one that held.
    query_parameters: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate and check the rule first, then refuse parameters that the view does not know."""
        super().initial(request, *args, **kwargs)
        _check_query(request, self.query_parameters)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Let nobody between keep an answer: most of them are about people."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        """Answer for what is not the caller's as for what does not exist."""
        try:
            super().check_object_permissions(request, obj)
        except PermissionDenied:
            raise NotFound from None


def caller(request: Request) -> User:
    """Return the person behind the token; a view that has no rule for anybody never sees another."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def proof_of(request: Request) -> signatures.Proof | None:
    """Return the verified signature that came with a request, None where it was not signed."""
    found: signatures.Proof | None = getattr(request, "proof", None)
    return found


class GenericApiView(ApiView, GenericAPIView):  # type: ignore[type-arg]
    """ApiView with a query set, a serializer and pages."""


_MISSING = nobody("What is not there, the same for everybody.")


@declares(GET=_MISSING, POST=_MISSING, PUT=_MISSING, PATCH=_MISSING, DELETE=_MISSING)
@csrf_exempt
def api_not_found(request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:  # noqa: ARG001
    """Answer any method on an unknown route below /api/ with the 404 that missing records get."""
    return plain_response("not-found")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: a problem below /api/, Django's page elsewhere."""
    if request.path_info.startswith(API_PREFIX):
        return plain_response("bad-request")
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404: a problem below /api/, Django's page elsewhere."""
    if request.path_info.startswith(API_PREFIX):
        return plain_response("not-found")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: a problem without detail below /api/, Django's page elsewhere."""
    if request.path_info.startswith(API_PREFIX):
        return plain_response("internal-error")
    return defaults.server_error(request)


def _check_query(request: Request, known: frozenset[str]) -> None:
    given = list(request.query_params.lists())
    wrong = {name: "Not known here." for name, _ in given if name not in known}
    wrong |= {name: "Given more than once." for name, values in given if name in known and len(values) > 1}
    if wrong:
        raise Problem(
            "invalid-input",
            field_errors=[
                {"field": name[:100], "code": "invalid", "message": why} for name, why in wrong.items()
            ],
        )


def _key(request: Request) -> str:
    key: str = request.headers.get("Idempotency-Key", "").strip()
    if (
        len(key) > len('""') and key[0] == key[-1] == '"'
    ):  # the draft standard's spelling, a structured string
        key = key[1:-1]
    if key and not _KEY.fullmatch(key):
        raise Problem(
            "invalid-input",
            field_errors=[
                {"field": "Idempotency-Key", "code": "invalid", "message": "Up to 255 visible characters."}
            ],
        )
    return key


def _digest(request: Request) -> bytes:
    http = request._request  # noqa: SLF001 - REST framework's documented way to Django's request
    line = f"{request.method} {request.get_full_path()}\x00".encode()
    return hashlib.sha256(line + http.body).digest()


def _replay(answer: services.Answer) -> HttpResponse:
    response = HttpResponse(
        answer.body.encode(), status=answer.status, content_type="application/json" if answer.body else None
    )
    if not answer.body:
        del response["Content-Type"]
    if answer.location:
        response["Location"] = answer.location
    response["Idempotent-Replayed"] = "true"
    return response
