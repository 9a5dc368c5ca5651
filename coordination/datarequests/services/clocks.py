"""The clocks of a data request: its own dates, in its own time zone, and the defaults of policy."""

import logging
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.datarequests.models import DataRequest
from coordination.datarequests.workflow import PATHS, Path
from coordination.policy import engine
from coordination.policy import selectors as policy
from coordination.policy.workflow import Process

logger = logging.getLogger(__name__)

RETURN = "datarequests.return-date"
DEFAULT = "us.return-default"
EMERGENCY = "us.emergency-answer"
NOTICE = "us.user-notice"
DELAYED = "us.delayed-notice"
# Which of them runs for the answer: the return date of the process, which nothing pauses, or a default.
ANSWER = (RETURN, DEFAULT, EMERGENCY)
REMINDERS = ("us.silence-reminder-first", "us.silence-reminder-last")
_LAST_SECOND = time(23, 59, 59)


def end_of(day: date, zone: str) -> datetime:
    """Return the last second of a day in `zone`, in UTC: on the night of a change of clocks, too."""
    return datetime.combine(day, _LAST_SECOND, ZoneInfo(zone)).astimezone(UTC)


def start_of(day: date, zone: str) -> datetime:
    """Return the first moment of a day in `zone`, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def bounds(request: DataRequest) -> tuple[datetime, datetime] | None:
    """Return the date range in UTC, from its first moment to before its end, or None where there is none."""
    if request.range_from is None or request.range_until is None:
        return None
    after = request.range_until + timedelta(days=1)
    return start_of(request.range_from, request.zone), start_of(after, request.zone)


def has_expired(request: DataRequest) -> bool:
    """Tell whether the last day of the process is over by the calendar of its own zone."""
    return request.expires_on is not None and clock.now() > end_of(request.expires_on, request.zone)


def require_in_force(request: DataRequest) -> None:
    """Raise Refused where the process has expired."""
    if has_expired(request):
        raise Refused(
            f"The process expired with {request.expires_on} in {request.zone}: nothing goes out under it.",
            rule="datarequests.expired",
        )


def due(request: DataRequest) -> tuple[datetime, str, str] | None:
    """Return when the request is due, by what and by which clock: its return date; else policy's default."""
    if request.return_on is not None:
        return end_of(request.return_on, request.zone), "The process: its return date", RETURN
    known = Process(request.process)
    if PATHS[known] is not Path.PRODUCTION:
        return None
    code = EMERGENCY if known is Process.EMERGENCY else DEFAULT
    try:
        return *engine.deadline(code, request.filed_at, zone=request.zone), code
    except InvalidInput:
        logger.exception("no deadline was started for %s: see the policy packs", request.reference)
        return None


def run(request: DataRequest, *, by: User | None = None) -> None:
    """Start the clock of the request anew by its dates. The caller saves `due_at`."""
    for code in ANSWER:
        cases.cancel_deadline(request.case, code=code, about=request.origin, by=by)
    found = due(request)
    request.due_at = found[0] if found else None
    if found is None:
        return
    cases.start_deadline(
        request.case,
        code=found[2],
        title=f"{request.reference}: answer",
        citation=found[1][:200],
        due_at=found[0],
        about=request.origin,
        zone=request.zone,
        # Served after its own return date: it is missed at once, and a person is told.
        started_at=min(request.filed_at, found[0] - timedelta(seconds=1)),
    )


def stop(request: DataRequest, *, met: bool, by: User | None) -> None:
    """Stop the clock: what it asks for was done, or is no longer asked for."""
    end = cases.meet_deadline if met else cases.cancel_deadline
    for code in ANSWER:
        end(request.case, code=code, about=request.origin, by=by)


def pause(request: DataRequest, *, by: User) -> None:
    """Let a default of policy stand still while the requester supplies what lacks; a return date runs on."""
    for code in ANSWER[1:]:
        cases.pause_deadline(
            request.case, code=code, about=request.origin, by=by, reason="Returned for what it lacks."
        )


def go_on(request: DataRequest, *, by: User) -> None:
    """Let it go on with what was left, once they answered; where they named a return date, that one runs.

    The caller saves `due_at`.
    """
    if request.return_on is None:
        for code in ANSWER[1:]:
            resumed = cases.resume_deadline(
                request.case, code=code, about=request.origin, by=by, reason="They supplied what was missing."
            )
            if resumed is not None:
                request.due_at = resumed.due_at
                return
    run(request, by=by)


def silence_ends(request: DataRequest) -> datetime | None:
    """Return the last second of a non-disclosure order, in UTC; None for one without an end."""
    until = request.non_disclosure_until
    return None if until is None else end_of(until, request.zone)


def reminders(request: DataRequest) -> list[tuple[str, datetime]]:
    """Return when its requester is reminded of the end of an order: that many days before, from policy."""
    until = request.non_disclosure_until
    if until is None:
        return []
    days = [(code, policy.clock_row(code).amount) for code in REMINDERS]
    return [(code, start_of(until - timedelta(days=amount), request.zone)) for code, amount in days]
