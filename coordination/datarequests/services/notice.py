"""Whether the user is told before anything leaves: notice and its window, or silence and why."""

from django.db import transaction

from coordination.access.services import User
from coordination.core.errors import Refused
from coordination.datarequests.models import DataRequest
from coordination.datarequests.services import calling, notices, unsaid
from coordination.datarequests.services.records import move, permitted, required, trace
from coordination.datarequests.services.silence import silence_is_ordered
from coordination.datarequests.workflow import PATHS, Path, RequestVerb
from coordination.policy.workflow import Process


@transaction.atomic
def give_notice(request: DataRequest, *, by: User) -> DataRequest:
    """Decide that the user is told first; the window opens when they were, and nothing is collected before.

    Opens the task to write the notice. Raises Refused while silence is ordered, for an emergency, and where
    nothing leaves under this process.
    """
    locked = permitted(request, by=by, permission="decide_datarequest", verb=RequestVerb.GIVE_NOTICE)
    if silence_is_ordered(locked):
        raise Refused("A non-disclosure order stands: the user is not told.", rule="datarequests.silence")
    _require_something_leaves(locked)
    if locked.process == Process.EMERGENCY:
        raise Refused("In an emergency notice is delayed, not given first.", rule="datarequests.silence")
    move(locked, RequestVerb.GIVE_NOTICE, notice_until=None)
    calling.done(locked, calling.NOTICE, by=by, outcome="Notice is given.")
    notices.ask_to_prepare(locked)
    trace(locked, "notice_given", "the user is told first", by=by)
    return locked


@transaction.atomic
def keep_silent(request: DataRequest, *, by: User, because: str = "") -> DataRequest:
    """Decide that the user is not told before disclosure. Without an order that stands it needs a reason.

    They are told afterwards, unless counsel withholds that too (`withhold_notice`).
    """
    locked = permitted(request, by=by, permission="decide_datarequest", verb=RequestVerb.KEEP_SILENT)
    _require_something_leaves(locked)
    why = because.strip()
    if not silence_is_ordered(locked):
        why = required("because", because, "None is ordered: say why the user is not told.", longest=4_000)
    move(locked, RequestVerb.KEEP_SILENT, silent_because=why, notice_until=None)
    unsaid.drop(locked, by=by, because="It was decided to be silent.")
    calling.done(locked, calling.NOTICE, by=by, outcome="Silence.", cancel=True)
    calling.ask(
        locked,
        calling.COLLECT,
        "Collect for",
        words="Collect what the gate lets out, and no more.",
    )
    trace(locked, "kept_silent", "the user is not told before disclosure", by=by, detail=why)
    return locked


def _require_something_leaves(request: DataRequest) -> None:
    if PATHS[Process(request.process)] is Path.NOTHING_LEAVES:
        raise Refused(
            "Nothing leaves under this process: nobody is told.", rule="datarequests.nothing-leaves"
        )
