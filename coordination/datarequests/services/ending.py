"""What changes the course of a request: extended, objected to, withdrawn, quashed, closed with a word."""

from datetime import date

from django.db import transaction

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.datarequests.models import DataRequest
from coordination.datarequests.services import calling, clocks, voiding
from coordination.datarequests.services.records import move, permitted, required, trace
from coordination.datarequests.signals import ended
from coordination.datarequests.workflow import CLOSURES, PATHS, Closure, Path, RequestState, RequestVerb
from coordination.policy.workflow import Process

CLOSE = "close_datarequest"


@transaction.atomic
def extend(request: DataRequest, *, by: User, return_on: date, because: str) -> DataRequest:
    """Record that court or requester moved the return date, later only; the clock runs to it."""
    locked = permitted(request, by=by, permission=CLOSE, verb=RequestVerb.EXTEND, or_requester=True)
    why = required("because", because, "Say who extended it, and how.", longest=2_000)
    if locked.due_at is not None and clocks.end_of(return_on, locked.zone) <= locked.due_at:
        raise InvalidInput("return_on", "Later than it is due now.")
    locked.return_on = return_on
    clocks.run(locked, by=by)
    move(locked, RequestVerb.EXTEND, return_on=return_on, due_at=locked.due_at, extended_because=why)
    trace(locked, "extended", f"extended to {return_on}", by=by, detail=why)
    return locked


@transaction.atomic
def object_(request: DataRequest, *, by: User, reason: str) -> DataRequest:
    """Record that the user, we, or who asks object: nothing moves, and what was signed is void.

    What an officer outside objects to is put before counsel.
    """
    locked = permitted(request, by=by, permission=CLOSE, verb=RequestVerb.OBJECT, or_requester=True)
    why = required("reason", reason, "Say who objects, where, and on what ground.", longest=4_000)
    voiding.void(locked, by=by, because="It was objected to.")
    move(locked, RequestVerb.OBJECT)
    calling.done(locked, *calling.AFTER_ACCEPTED, by=by, outcome="Objected to.", cancel=True)
    if not by.is_staff:
        calling.ask(
            locked,
            calling.DECIDE,
            "Hear the objection to",
            words="Who asks objects; why, stands in the timeline. Narrow it otherwise, resume or quash it.",
        )
    trace(locked, "objected", "objected to", by=by, detail=why)
    return locked


@transaction.atomic
def resume(request: DataRequest, *, by: User, reason: str) -> DataRequest:
    """Go on after an objection was overruled; notice is decided anew. Not where it was narrowed."""
    locked = permitted(request, by=by, permission="decide_datarequest", verb=RequestVerb.RESUME)
    why = required("reason", reason, "Say which court overruled it, and when.", longest=4_000)
    if locked.gate is None:
        raise Refused(
            "It had been narrowed and not accepted since: narrow it again.", rule="datarequests.narrowed"
        )
    move(locked, RequestVerb.RESUME)
    calling.done(locked, calling.DECIDE, by=by, outcome="Overruled.")
    trace(locked, "resumed", "the objection was overruled", by=by, detail=why)
    return locked


@transaction.atomic
def quash(request: DataRequest, *, by: User, reason: str) -> DataRequest:
    """Record that a court quashed the process."""
    return _end(request, RequestVerb.QUASH, "quashed", by=by, reason=reason)


@transaction.atomic
def withdraw(request: DataRequest, *, by: User, reason: str) -> DataRequest:
    """Record that the requester takes it back; what was collected and signed is void, and nothing leaves."""
    return _end(request, RequestVerb.WITHDRAW, "withdrawn", by=by, reason=reason, or_requester=True)


def closures_of(request: DataRequest) -> list[Closure]:
    """Return the words with which a request can be closed as it stands; none where it cannot."""
    state, path = RequestState(request.state), PATHS[Process(request.process)]
    found = sorted(CLOSURES.get(state, ()))
    if state is RequestState.ACCEPTED and path is Path.PRODUCTION:
        return []
    return [each for each in found if each != Closure.OUTSIDE_COUNSEL or path is Path.OUTSIDE_COUNSEL]


@transaction.atomic
def close(request: DataRequest, *, by: User, closure: str, note: str = "") -> DataRequest:
    """Close it with the word for how it ended (Closure); which words fit depends on where it stands.

    A request whose process reaches data closes from `accepted` through production alone.
    """
    locked = permitted(request, by=by, permission=CLOSE, verb=RequestVerb.CLOSE)
    state, path = RequestState(locked.state), PATHS[Process(locked.process)]
    if closure not in CLOSURES[state]:
        raise InvalidInput("closure", f"From here one of {', '.join(sorted(CLOSURES[state]))}.")
    if state is RequestState.ACCEPTED and path is Path.PRODUCTION:
        raise Refused(
            "This process reaches data: collect, and close what came of it.", rule="datarequests.close"
        )
    if closure == Closure.OUTSIDE_COUNSEL and path is not Path.OUTSIDE_COUNSEL:
        raise Refused(
            "Only a reverse demand is closed with outside counsel unread.", rule="datarequests.close"
        )
    voiding_needed = state is RequestState.COLLECTION
    if voiding_needed:
        _require_nothing_collected(locked)
        voiding.void(locked, by=by, because="There is no data.")
    move(locked, RequestVerb.CLOSE, closure=closure, closed_at=clock.now())
    clocks.stop(locked, met=True, by=by)
    calling.done(locked, *calling.ALL, by=by, outcome="Closed.", cancel=True)
    trace(locked, "closed", f"closed, {closure.replace('_', ' ')}", by=by, detail=note.strip())
    ended.send(sender=DataRequest, request=locked, by=by)
    return locked


def _require_nothing_collected(request: DataRequest) -> None:
    production = voiding.standing_production(request)
    if production is not None and production.items.exists():
        raise Refused("Something was collected: take it out, or hand it in.", rule="datarequests.close")


def _end(
    request: DataRequest,
    verb: RequestVerb,
    action: str,
    *,
    by: User,
    reason: str,
    or_requester: bool = False,
) -> DataRequest:
    locked = permitted(request, by=by, permission=CLOSE, verb=verb, or_requester=or_requester)
    why = required("reason", reason, "Say who said so, and how.", longest=4_000)
    voiding.void(locked, by=by, because=f"It was {action}.")
    move(locked, verb)
    clocks.stop(locked, met=False, by=by)
    calling.done(locked, *calling.ALL, by=by, outcome=f"It was {action}.", cancel=True)
    trace(locked, action, action, by=by, detail=why)
    ended.send(sender=DataRequest, request=locked, by=by)
    return locked
