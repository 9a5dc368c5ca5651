"""What does not look like an officer at work: many accounts in a day, or at night. It waits for a call.

The credential may be genuine and in other hands. Nothing is said to who asks: the agency's supervisor is
called on our number, and until they confirm the officer nobody goes on with the request.
Source: FBI, Private Industry Notification of 4 November 2024.
"""

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.datarequests.models import DataRequest, NamedAccount
from coordination.datarequests.services.records import trace
from coordination.partners import selectors as partners
from coordination.partners import services as partner_services
from coordination.partners.workflow import CallOutcome

# Named by one officer within a day, this request counted; at night by the clock of their agency, fewer.
MOST_IN_A_DAY: Final = 25
MOST_AT_NIGHT: Final = 10
EVENING, MORNING = 22, 6
_DAY = timedelta(days=1)


def hold_where_unusual(request: DataRequest, *, by: User) -> bool:
    """Have the agency called, urgently, about a request that names unusually many accounts; tell whether."""
    now = clock.now()
    count = NamedAccount.objects.filter(
        request__officer=request.officer, request__filed_at__gt=now - _DAY, request__way="api"
    ).count()
    hour = now.astimezone(ZoneInfo(request.agency.time_zone)).hour
    at_night = hour >= EVENING or hour < MORNING
    if count <= (MOST_AT_NIGHT if at_night else MOST_IN_A_DAY):
        return False
    partner_services.ask_call_back(
        request.agency, by=None, about=request.reference, officer=request.officer, priority="P0"
    )
    trace(
        request,
        "held",
        "held until the agency was called: unusually many accounts",
        by=by,
        details={"account_count": count, "at_night": at_night},
    )
    return True


def require_not_held(request: DataRequest) -> None:
    """Raise Refused while a call about this very request is open, or the agency did not confirm it."""
    calls = partners.calls_of(request.agency).filter(about=request.reference)
    if calls.exclude(outcome=CallOutcome.CONFIRMED).exists():
        raise Refused(
            "The agency was not reached about it yet, or did not confirm it: call on our number first.",
            rule="datarequests.held",
        )
