"""What is refused, noted for the ledger: pages and records that are not theirs, forged calls, quotas, input.

One entry for each person, or address, and kind, and within the hour a number: whoever is refused cannot fill
the ledger by it. What never reached a route (unknown addresses, sizes, hosts) is a line of the process log.
Failed sign-ins and dead tokens have entries of their own (coordination/access).
"""

import json
import logging

from django.db import DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from coordination.access import stepup
from coordination.access.services import User
from coordination.rest import addresses, services
from coordination.rest.codes import CONTENT_TYPE, TYPE_PREFIX

logger = logging.getLogger(__name__)

LONGEST_KIND = 60
CALLBACKS = "/inbound/"
# By status, where no problem says more. What is none of these is no refusal, or an integrator's mistake.
KINDS = {
    400: "refused-input",
    401: "invalid-token",
    403: "not-permitted",
    404: "not-found",
    413: "too-large",
    429: "too-many-requests",
}
# Of the problems with another status: somebody sent a signed request a second time.
ALSO = frozenset({"signature-replayed"})


def note(request: HttpRequest, response: HttpResponseBase, *, existence: bool) -> None:
    """Note a refusal. `existence`: it is a 404 that a route gave, so there may be a record of others.

    The refusal is answered all the same where it cannot be noted, and the log says so.
    """
    kind = _kind(request, response, existence=existence)
    if not kind:
        return
    try:
        _note(request, response.status_code, kind)
    except DatabaseError:
        logger.exception("a refusal could not be recorded: %s %s", response.status_code, kind)


def _kind(request: HttpRequest, response: HttpResponseBase, *, existence: bool) -> str:
    """Return the kind of a refusal, nothing for what is none."""
    ruled = getattr(request, "refused", "")
    if ruled:
        return f"rule {ruled}"[:LONGEST_KIND]
    if request.resolver_match is None or getattr(response, "template_name", "") == stepup.TEMPLATE:
        return ""
    if response.status_code == 404 and not existence:  # noqa: PLR2004
        return ""
    if response.status_code == 401 and not request.headers.get("Authorization"):  # noqa: PLR2004
        return ""
    problem = _problem(response)
    if response.status_code in KINDS:
        forged = request.path_info.startswith(CALLBACKS) and response.status_code == 400  # noqa: PLR2004
        return problem or ("forged-call" if forged else KINDS[response.status_code])
    return problem if problem in ALSO else ""


def _problem(response: HttpResponseBase) -> str:
    """Return the code of a problem, without the field that was wrong or what stood in it."""
    if response.headers.get("Content-Type") != CONTENT_TYPE:
        return ""
    said = json.loads(getattr(response, "content", b"{}"))
    return str(said.get("type", "")).removeprefix(TYPE_PREFIX)


def _note(request: HttpRequest, status: int, kind: str) -> None:
    user = getattr(request, "user", None)
    by = user if isinstance(user, User) else None
    who = f"user:{by.pk}" if by else f"address:{addresses.key_of(request)[:16]}"
    route = request.resolver_match.view_name if request.resolver_match else ""
    services.note_refusal(who=who, by=by, kind=kind, route=route or "unnamed", status=status)
