"""Whether who asks is who they say: the one place where a data request asks the directory of partners."""

from dataclasses import dataclass
from datetime import datetime

from coordination.core.errors import Refused
from coordination.datarequests.models import DataRequest
from coordination.partners import selectors as partners
from coordination.partners.services import Officer
from coordination.policy.workflow import Process


@dataclass(frozen=True, kw_only=True)
class RequesterStanding:
    """Whether an officer may ask now, and why not."""

    verified: bool
    reasons: tuple[str, ...]
    trust: str
    verified_until: datetime | None
    suspended: bool


def standing(officer: Officer) -> RequesterStanding:
    """Return how an officer stands now: verified in person, not expired, and of an agency that is open."""
    suspended = officer.suspended_at is not None or officer.agency.suspended_at is not None
    may = partners.may_act(officer)
    reasons = () if may else ("Not verified now: suspended, expired, or of an agency that is.",)
    return RequesterStanding(
        verified=may,
        reasons=reasons,
        trust="",
        verified_until=officer.expires_at,
        suspended=suspended,
    )


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
