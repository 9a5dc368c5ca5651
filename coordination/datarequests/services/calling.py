"""The tasks for people that a data request opens, and their ends."""

from dataclasses import dataclass

from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.datarequests.models import DataRequest

VERIFY = "verify_requester"
DOCKET = "docket_request"
DECIDE = "decide_request"
OUTSIDE = "instruct_outside_counsel"
CHOOSE = "choose_account"
CLEAR = "clear_account"
SEEK_END = "seek_end_of_silence"
NOTICE = "give_user_notice"
COLLECT = "collect_request"
QUALITY = "check_quality"
SIGN = "sign_off_production"
PRODUCE = "produce_request"
TELL = "tell_requester"
REMIND = "send_silence_reminder"
END = "end_of_silence"
CONFIRM_END = "confirm_end_of_silence"
ALL = (VERIFY, DOCKET, DECIDE, OUTSIDE, CLEAR, NOTICE, COLLECT, QUALITY, SIGN, PRODUCE, TELL)
PREPARE = "prepare_notice"
APPROVE = "approve_notice"
KEEP = "preserve_request"
HOLD = "place_hold"
# What an order asks for does not end with the request: it binds after that.
SILENCE = (SEEK_END, REMIND, END, CONFIRM_END)
AFTER_ACCEPTED = (NOTICE, COLLECT, QUALITY, SIGN, PRODUCE)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A kind of task, and in whose queue it stands first."""

    kind: str
    role: Role


_TAKES: dict[str, Role] = {
    VERIFY: Role.SAFETY_LIAISON,
    DOCKET: Role.SAFETY_LIAISON,
    DECIDE: Role.COUNSEL,
    OUTSIDE: Role.COUNSEL,
    CHOOSE: Role.CUSTODIAN,
    CLEAR: Role.COUNSEL,
    SEEK_END: Role.COUNSEL,
    NOTICE: Role.COUNSEL,
    COLLECT: Role.CUSTODIAN,
    QUALITY: Role.CUSTODIAN,
    SIGN: Role.COUNSEL,
    PRODUCE: Role.CUSTODIAN,
    TELL: Role.SAFETY_LIAISON,
    REMIND: Role.SAFETY_LIAISON,
    END: Role.COUNSEL,
    CONFIRM_END: Role.COUNSEL,
    PREPARE: Role.COUNSEL,
    APPROVE: Role.COUNSEL,
    KEEP: Role.CUSTODIAN,
    HOLD: Role.COUNSEL,
}
DOCKET_BY_COUNSEL = "docket_by_counsel"
TELL_USER = "tell_user"
ASKED: dict[str, Asked] = {
    **{kind: Asked(kind=kind, role=role) for kind, role in _TAKES.items()},
    # The same kinds, where somebody else does them first.
    DOCKET_BY_COUNSEL: Asked(kind=DOCKET, role=Role.COUNSEL),
    TELL_USER: Asked(kind=NOTICE, role=Role.SAFETY_LIAISON),
}


def ask(
    request: DataRequest,
    asked: str,
    title: str,
    *,
    words: str,
    about: str = "",
    due: bool = True,
    priority: str = "",
) -> None:
    """Open a task (one of ASKED) about the request, due when the request is, and as urgent."""
    kind, role = ASKED[asked].kind, ASKED[asked].role
    cases.open_task(
        request.case,
        kind=kind,
        title=f"{title} {request.reference}"[:200],
        role=role,
        instructions=words,
        about=about or request.origin,
        priority=priority or request.priority,
        due_at=request.due_at if due else None,
    )


def done(request: DataRequest, *kinds: str, by: User | None, outcome: str, cancel: bool = False) -> None:
    """End the tasks of these kinds about the request."""
    for kind in kinds:
        cases.end_tasks(about=request.origin, kind=kind, outcome=outcome, by=by, cancel=cancel)


def ask_to_verify(request: DataRequest) -> None:
    """Send a person to the telephone, with the number of our directory and none of the request's."""
    number = request.agency.phone or "none: find one, never in the request"
    ask(
        request,
        VERIFY,
        "Call back about",
        words=f"Call {request.agency.name} on the number in our directory ({number}). Ask for the officer, "
        "and whether they made this request. Never call a number, or answer an address, of the request.",
    )


def ask_outside_counsel(request: DataRequest) -> None:
    """Tell counsel of a reverse demand: it names no account, and is never docketed."""
    ask(
        request,
        OUTSIDE,
        "Instruct outside counsel about",
        words="A reverse demand names no account: nothing is searched and nothing leaves. Hand it to outside "
        "counsel and close it with that word.",
    )
