"""What an agency sees of its own data requests: where they stand in its words, and nothing of the desk's."""

from typing import Any

from django.db.models import Q, QuerySet

from coordination.datarequests.models import DataRequest, Deficiency
from coordination.datarequests.workflow import RequestState

# The columns of a row outside. coordination.core.grants lets the partner role read no others.
ROW = (
    *("id", "reference", "process", "priority", "state", "filed_at", "due_at", "closure", "closed_at"),
    *("verified_at", "scan_sha256"),
)
LACKING = ("code", "title", "citation", "supply", "asked_at", "mended_at")
_S = RequestState
# How the desk goes about it (who looks, whether somebody is told, what counsel signs) is its own business.
STATES: dict[RequestState, str] = {
    _S.RECEIVED: "received",
    **dict.fromkeys((_S.REQUESTER_VERIFIED, _S.DOCKETED, _S.FACIAL_VALIDITY), "under_review"),
    _S.RETURNED: "returned",
    _S.NARROWED: "narrowed",
    **dict.fromkeys(
        (
            *(_S.ACCEPTED, _S.NOTICE_WINDOW, _S.NON_DISCLOSURE, _S.COLLECTION, _S.QUALITY_CHECK),
            _S.COUNSEL_SIGN_OFF,
        ),
        "accepted",
    ),
    **{
        each: each.value
        for each in (
            *(_S.PRODUCED, _S.DELIVERED, _S.ACKNOWLEDGED, _S.REJECTED, _S.WITHDRAWN, _S.OBJECTED),
            *(_S.QUASHED, _S.CLOSED),
        )
    },
}


def for_agency(agency: int) -> QuerySet[DataRequest]:
    """Return the data requests of an agency: its own by credential, and those that it confirmed to us.

    One that came on paper in its name is nobody's before somebody called back: a forger picks the name.
    """
    came_from_it = Q(way="api") | Q(verified_at__isnull=False)
    return DataRequest.objects.filter(came_from_it, agency=agency)


def deficiencies(request: int) -> QuerySet[Deficiency, dict[str, Any]]:
    """Return what the requester was asked to supply, oldest first, as maps."""
    found: QuerySet[Deficiency, dict[str, Any]] = Deficiency.objects.filter(request=request).values(*LACKING)
    return found


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row (ROW) in the words for outside; before the call-back no more than a receipt."""
    verified = row["verified_at"] is not None
    return {
        "reference": row["reference"],
        "process": row["process"],
        "priority": row["priority"],
        "received_at": row["filed_at"],
        "state": STATES[RequestState(row["state"])],
        "due_at": row["due_at"] if verified else None,
        "process_attached": bool(row["scan_sha256"]),
        "closure": row["closure"],
        "closed_at": row["closed_at"],
    }
