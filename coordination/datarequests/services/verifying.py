"""Who asks is verified by calling back; then the request gets its place on the docket."""

from django.db import transaction

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.datarequests.models import DataRequest
from coordination.datarequests.services import calling, haste, requesters
from coordination.datarequests.services.counsel import is_counsel
from coordination.datarequests.services.records import move, permitted, required, trace
from coordination.datarequests.workflow import PATHS, Path, RequestVerb
from coordination.partners.services import Officer
from coordination.policy.workflow import Process


@transaction.atomic
def verify_requester(
    request: DataRequest, *, by: User, how: str, officer: Officer | None = None
) -> DataRequest:
    """Record that a person called back, on the number of our directory, and whom they reached.

    `officer` names the verified officer where the request came without one. Raises Refused where the agency
    or the officer does not stand (requesters.require_standing); an emergency request needs an officer.
    """
    locked = permitted(request, by=by, permission="verify_requester", verb=RequestVerb.VERIFY_REQUESTER)
    said = required("how", how, "Say whom you reached, on which number, and what they said.", longest=4_000)
    if officer is not None:
        if officer.agency_id != locked.agency_id:
            raise InvalidInput("officer", "An officer of the agency that asks.")
        locked.officer = officer
    haste.require_not_held(locked)
    requesters.require_standing(locked)
    move(
        locked,
        RequestVerb.VERIFY_REQUESTER,
        officer=locked.officer,
        verified_by=by,
        verified_at=clock.now(),
        how_verified=said,
    )
    calling.done(locked, calling.VERIFY, by=by, outcome="Verified by call-back.")
    counsel = PATHS[Process(locked.process)] is Path.COUNSEL
    calling.ask(
        locked,
        calling.DOCKET_BY_COUNSEL if counsel else calling.DOCKET,
        "Docket",
        words="Docket it, look at its face, and put it before who decides.",
    )
    trace(locked, "requester_verified", "who asks is verified", by=by, detail=said)
    return locked


@transaction.atomic
def docket(request: DataRequest, *, by: User) -> DataRequest:
    """Put the request on the docket: never a reverse demand, and some processes by counsel's hand only.

    Raises Refused by the path of the process (workflow.PATHS).
    """
    locked = permitted(request, by=by, permission="docket_datarequest", verb=RequestVerb.DOCKET)
    path = PATHS[Process(locked.process)]
    if path is Path.OUTSIDE_COUNSEL:
        raise Refused(
            "A reverse demand names no account and is not docketed: hand it to outside counsel.",
            rule="datarequests.reverse",
        )
    if path is Path.COUNSEL and not is_counsel(by):
        raise Refused("Counsel dockets this process, nobody else.", rule="datarequests.counsel-dockets")
    requesters.require_standing(locked)
    move(locked, RequestVerb.DOCKET, docketed_by=by, docketed_at=clock.now())
    calling.done(locked, calling.DOCKET, by=by, outcome="Docketed.")
    trace(locked, "docketed", "docketed", by=by)
    return locked
