"""Telling the user: one person writes, another approves exactly that letter, a person tells, and says how.

Before disclosure the window opens when the user was told. Afterwards, where nobody was told before, notice is
owed by a clock of policy: delayed and not dropped, unless counsel says that a life or a child's safety
forbids it.
While a non-disclosure order stands each of these is refused.
"""

from django.db import transaction

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotPermitted, Refused
from coordination.datarequests.models import DataRequest, Production
from coordination.datarequests.noticemodels import UserNotice
from coordination.datarequests.services import calling, clocks, letters, unsaid
from coordination.datarequests.services.counsel import is_counsel
from coordination.datarequests.services.records import permitted, required, trace
from coordination.datarequests.services.silence import silence_is_ordered
from coordination.datarequests.workflow import (
    NOTICE,
    NoticeBar,
    NoticeKind,
    NoticeState,
    NoticeVerb,
    RequestState,
)
from coordination.evidence.services import Exhibit
from coordination.policy import engine

PREPARE = "decide_datarequest"


def prepare_notice(request: DataRequest, *, by: User) -> UserNotice:
    """Write the letter to the user: before disclosure in the notice window, else the delayed one.

    It is an exhibit of the case, and waits for another person. Raises Refused while silence is ordered and
    where nothing left, Conflict where a notice stands. Not for the inside of a transaction.
    """
    fresh, kind = _ready(request, by=by)
    letter = letters.keep(
        fresh, letters.user_notice(fresh, kind), by=by, name=f"{kind}-notice", what=f"{kind.title()} notice"
    )
    return _prepare(fresh, by=by, kind=kind, letter=letter)


@transaction.atomic
def _ready(request: DataRequest, *, by: User) -> tuple[DataRequest, NoticeKind]:
    locked = permitted(request, by=by, permission=PREPARE)
    _require_free(locked)
    if UserNotice.objects.filter(request=locked).exclude(state=NoticeState.DROPPED).exists():
        raise Conflict("A notice stands, or is withheld.")
    if locked.state == RequestState.NOTICE_WINDOW:
        return locked, NoticeKind.BEFORE
    if not _left(locked):
        raise Refused("Nothing left: there is nothing to tell afterwards.", rule="datarequests.notice")
    return locked, NoticeKind.DELAYED


@transaction.atomic
def _prepare(request: DataRequest, *, by: User, kind: NoticeKind, letter: Exhibit) -> UserNotice:
    locked, now_kind = _ready(request, by=by)
    if now_kind is not kind:
        raise Conflict("It changed while the letter was written: write it again.")
    notice = UserNotice.objects.create(
        request=locked, kind=kind, letter=letter, prepared_by=by, prepared_at=clock.now()
    )
    calling.done(locked, calling.PREPARE, by=by, outcome="Written.")
    calling.ask(
        locked,
        calling.APPROVE,
        "Approve the notice to the user of",
        words=f"Another person wrote exhibit {letter.reference}. Read it, and ask whether anything forbids "
        "to tell this user: an order, a child's safety, a life. Approve exactly that letter, or drop it.",
        due=kind is NoticeKind.BEFORE,
        priority="normal",
    )
    trace(
        locked, "notice_prepared", f"{kind} notice was written", by=by, details={"letter": letter.reference}
    )
    return notice


@transaction.atomic
def approve_notice(notice: UserNotice, *, by: User, digest: str) -> UserNotice:
    """Approve the letter with this SHA-256, as another person than wrote it. A person then tells the user.

    Raises Refused for who wrote it and while silence is ordered, Conflict for another digest.
    """
    locked = permitted(notice.request, by=by, permission="approve_notice")
    found = _locked(notice)
    after = NOTICE.after(found.state, NoticeVerb.APPROVE)
    _require_free(locked)
    if found.prepared_by_id == by.pk:
        raise Refused("Who wrote a notice does not approve it.", rule="datarequests.two-people")
    letter = found.letter
    if letter is None or digest != letter.sha256:
        raise Conflict("This is not the digest of the letter.")
    found.state, found.approved_by, found.approved_at = after, by, clock.now()
    found.save(update_fields=["state", "approved_by", "approved_at"])
    calling.done(locked, calling.APPROVE, by=by, outcome="Approved.")
    copy = (
        "without a copy of the process, which is under seal"
        if locked.is_sealed
        else "with a copy of the process, in which whatever concerns others is redacted"
    )
    calling.ask(
        locked,
        calling.TELL_USER,
        "Tell the user of",
        words=f"Send exhibit {letter.reference} to the user of each named account, {copy}. Then record how "
        "they were told: the window to object opens with that.",
        about=unsaid.tell_about(locked),
        due=found.kind == NoticeKind.BEFORE,
        priority="normal",
    )
    trace(locked, "notice_approved", "notice was approved", by=by, details={"letter_sha256": digest})
    return found


@transaction.atomic
def tell_user(notice: UserNotice, *, by: User, how: str) -> UserNotice:
    """Record that the user was told, and how. Before disclosure their window opens: 7 days by default.

    Raises Refused while silence is ordered.
    """
    locked = permitted(notice.request, by=by, permission="close_datarequest")
    found = _locked(notice)
    after = NOTICE.after(found.state, NoticeVerb.TELL)
    _require_free(locked)
    found.how = required("how", how, "Say how and where they were told.", longest=2_000)
    found.state, found.told_by, found.told_at = after, by, clock.now()
    found.save(update_fields=["state", "told_by", "told_at", "how"])
    cases.end_tasks(about=unsaid.tell_about(locked), kind=calling.NOTICE, outcome="Told.", by=by)
    cases.meet_deadline(locked.case, code=clocks.DELAYED, about=locked.origin, by=by)
    trace(locked, "user_told", "the user was told", by=by, detail=found.how)
    if locked.state == RequestState.NOTICE_WINDOW:
        _open_window(locked)
    return found


@transaction.atomic
def withhold_notice(request: DataRequest, *, by: User, bar: str, because: str) -> UserNotice:
    """Decide, as counsel, that the user is not told: a child's safety or a life forbids it (NoticeBar)."""
    locked = permitted(request, by=by, permission="approve_notice")
    if not is_counsel(by):
        raise NotPermitted
    if bar not in [*NoticeBar]:
        raise InvalidInput("bar", f"One of {', '.join(NoticeBar)}.")
    why = required("because", because, "Say what would happen if they were told.", longest=4_000)
    if locked.state == RequestState.NOTICE_WINDOW:
        raise Refused("Keep silent first: it was decided that they are told.", rule="datarequests.notice")
    if UserNotice.objects.filter(request=locked, state=NoticeState.TOLD).exists():
        raise Conflict("They were told.")
    unsaid.drop(locked, by=by, because="It is withheld.")
    notice = UserNotice.objects.create(
        request=locked,
        kind=NoticeKind.DELAYED,
        state=NoticeState.WITHHELD,
        bar=bar,
        because=why,
        prepared_by=by,
        prepared_at=clock.now(),
    )
    cases.cancel_deadline(locked.case, code=clocks.DELAYED, about=locked.origin, by=by)
    trace(locked, "notice_withheld", f"the user is not told, {bar.replace('_', ' ')}", by=by, detail=why)
    return notice


@transaction.atomic
def drop_notice(notice: UserNotice, *, by: User, because: str) -> UserNotice:
    """Take back a notice that nobody was told yet, or that it is withheld; what is owed is asked for anew."""
    locked = permitted(notice.request, by=by, permission="approve_notice")
    found = _locked(notice)
    was, found.state = found.state, NOTICE.after(found.state, NoticeVerb.DROP)
    why = required("because", because, "Say why.", longest=4_000)
    if was != NoticeState.WITHHELD:
        unsaid.drop(locked, by=by, because=why)
    else:
        found.save(update_fields=["state"])
        trace(locked, "notice_owed_again", "what forbade to tell the user fell away", by=by, detail=why)
    if locked.state == RequestState.NOTICE_WINDOW:
        ask_to_prepare(locked)
    owe_notice(locked, by=by)
    found.refresh_from_db()
    return found


def ask_to_prepare(request: DataRequest, *, due: bool = True) -> None:
    """Ask for the letter to the user."""
    calling.ask(
        request,
        calling.PREPARE,
        "Write the notice to the user of",
        words="The user is told by a letter that another person approves. Write it; or, where a child's "
        "safety or a life forbids to tell them, counsel withholds it with that word.",
        due=due,
        priority="normal",
    )


def owe_notice(request: DataRequest, *, by: User | None) -> None:
    """Ask for the delayed notice where something left and nobody was told; by the clock of policy.

    Nothing while an order stands: then it is asked for when two people found that it ended.
    """
    if not _left(request) or silence_is_ordered(request):
        return
    if UserNotice.objects.filter(request=request).exclude(state=NoticeState.DROPPED).exists():
        return
    due, citation = engine.deadline(clocks.DELAYED, clock.now(), zone=request.zone)
    cases.start_deadline(
        request.case,
        code=clocks.DELAYED,
        title=f"{request.reference}: tell the user",
        citation=citation[:200],
        due_at=due,
        about=request.origin,
        zone=request.zone,
    )
    ask_to_prepare(request, due=False)
    trace(request, "notice_owed", "the user is to be told afterwards", by=by)


def _open_window(request: DataRequest) -> None:
    request.notice_until, _ = engine.deadline(clocks.NOTICE, clock.now(), zone=request.zone)
    request.save(update_fields=["notice_until"])
    calling.ask(
        request,
        calling.COLLECT,
        "Collect for",
        words=f"Not before the user's window is over: {request.notice_until:%Y-%m-%d %H:%M} UTC. Then what "
        "the gate lets out.",
    )


def _left(request: DataRequest) -> bool:
    return Production.objects.filter(request=request, produced_at__isnull=False).exists()


def _require_free(request: DataRequest) -> None:
    if silence_is_ordered(request):
        raise Refused("A non-disclosure order stands: the user is not told.", rule="datarequests.silence")


def _locked(notice: UserNotice) -> UserNotice:
    rows = UserNotice.objects.select_for_update(of=("self",)).select_related("letter")
    return rows.get(pk=notice.pk)
