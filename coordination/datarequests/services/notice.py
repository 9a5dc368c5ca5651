"""Whether the user is told before anything leaves: notice and its window, or silence and why."""

from django.db import transaction

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.datarequests.models import DataRequest
from coordination.datarequests.services import calling, clocks
from coordination.datarequests.services.records import move, permitted, required, trace
from coordination.datarequests.services.silence import silence_is_ordered
from coordination.datarequests.workflow import RequestVerb
from coordination.policy import engine
from coordination.policy.workflow import Process


@transaction.atomic
def give_notice(request: DataRequest, *, by: User) -> DataRequest:
    """Decide that the user is told first; nothing is collected before the window is over.

    Opens the task to tell them: a person does. Raises Refused while silence is ordered, and for an emergency.
    """
    locked = permitted(request, by=by, permission="decide_datarequest", verb=RequestVerb.GIVE_NOTICE)
    if silence_is_ordered(locked):
        raise Refused("A non-disclosure order stands: the user is not told.", rule="datarequests.silence")
    if locked.process == Process.EMERGENCY:
        raise Refused("In an emergency notice is delayed, not given first.", rule="datarequests.silence")
    due, _ = engine.deadline(clocks.NOTICE, clock.now(), zone=locked.zone)
    move(locked, RequestVerb.GIVE_NOTICE, notice_until=due)
    calling.done(locked, calling.NOTICE, by=by, outcome="Notice is given.")
    calling.ask(
        locked,
        calling.TELL_USER,
        "Give the user notice of",
        words="Tell the user, with a copy of the process, that it is answered when the window is over "
        "unless they object in court. Complete this once they were told.",
    )
    calling.ask(
        locked,
        calling.COLLECT,
        "Collect for",
        words=f"Not before the user's window is over: {due:%Y-%m-%d %H:%M} UTC. Then what the gate lets out.",
    )
    trace(locked, "notice_given", "the user is told first", by=by)
    return locked


@transaction.atomic
def keep_silent(request: DataRequest, *, by: User, because: str = "") -> DataRequest:
    """Decide that the user is not told before disclosure. Without an order that stands it needs a reason."""
    locked = permitted(request, by=by, permission="decide_datarequest", verb=RequestVerb.KEEP_SILENT)
    why = because.strip()
    if not silence_is_ordered(locked):
        why = required("because", because, "None is ordered: say why the user is not told.", longest=4_000)
    move(locked, RequestVerb.KEEP_SILENT, silent_because=why, notice_until=None)
    calling.done(locked, calling.NOTICE, by=by, outcome="Silence.", cancel=True)
    calling.ask(
        locked,
        calling.COLLECT,
        "Collect for",
        words="Collect what the gate lets out, and no more.",
    )
    trace(locked, "kept_silent", "the user is not told before disclosure", by=by, detail=why)
    return locked
