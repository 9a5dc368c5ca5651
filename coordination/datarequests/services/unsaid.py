"""What was written to a user and is not said: the letter stays, and nobody is told."""

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.datarequests.models import DataRequest
from coordination.datarequests.noticemodels import UserNotice
from coordination.datarequests.services import calling
from coordination.datarequests.services.records import trace
from coordination.datarequests.workflow import NOTICE, NoticeState, NoticeVerb

WAITING = (NoticeState.PREPARED, NoticeState.APPROVED)


def tell_about(request: DataRequest) -> str:
    """Return how the task to tell the user names the request: it outlives its closing."""
    return f"{request.origin}@notice"


def drop(request: DataRequest, *, by: User, because: str) -> None:
    """Drop the notice that waits, with all that was asked for it; nothing where none does."""
    for kind in (calling.PREPARE, calling.APPROVE):
        calling.done(request, kind, by=by, outcome=because, cancel=True)
    cases.end_tasks(about=tell_about(request), kind=calling.NOTICE, outcome=because, by=by, cancel=True)
    notice = UserNotice.objects.select_for_update().filter(request=request, state__in=WAITING).first()
    if notice is None:
        return
    notice.state, notice.because = NOTICE.after(notice.state, NoticeVerb.DROP), because
    notice.save(update_fields=["state", "because"])
    trace(request, "notice_dropped", "the notice that was written is not given", by=by, detail=because)
