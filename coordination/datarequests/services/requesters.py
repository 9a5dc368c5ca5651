"""Whether who asks is who they say: the one place where a data request asks the directory of partners."""

from coordination.core.errors import Refused
from coordination.datarequests.models import DataRequest
from coordination.partners import selectors as partners
from coordination.partners.selectors import RequesterStanding
from coordination.policy.workflow import Process

standing = partners.standing_for_requests


def require_standing(request: DataRequest) -> None:
    """Raise Refused where who asks does not stand: asked again at each step, not once.

    An emergency request has an officer of its own; a paper from a court may have its agency alone.
    """
    if not partners.is_open(request.agency):
        raise Refused(
            f"{request.agency.name} is suspended, or not verified: nothing goes to it.",
            rule="datarequests.requester",
        )
    if request.officer is None:
        if request.process == Process.EMERGENCY:
            raise Refused(
                "An emergency request is a verified officer's: none is on record.",
                rule="datarequests.requester",
            )
        return
    found = standing(request.officer)
    if not found.verified:
        raise Refused(
            " ".join(found.reasons) or "This officer is not verified.", rule="datarequests.requester"
        )


__all__ = ["RequesterStanding", "require_standing", "standing"]
