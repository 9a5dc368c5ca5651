"""Deciding about a request on its face: return what is deficient, narrow, accept, reject."""

from collections.abc import Collection
from datetime import date

from django.db import transaction

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.datarequests.models import DataRequest, Deficiency, NamedAccount
from coordination.datarequests.services import calling, clocks, letters, naming, requesters, voiding
from coordination.datarequests.services.facial import Look, look
from coordination.datarequests.services.records import move, permitted, required, trace
from coordination.datarequests.signals import accepted, ended
from coordination.datarequests.workflow import PATHS, Path, Rejection, RequestVerb
from coordination.evidence.services import Exhibit
from coordination.policy import processes
from coordination.policy.workflow import Process

DECIDE = "decide_datarequest"


def return_deficient(request: DataRequest, *, by: User) -> tuple[DataRequest, bytes]:
    """Return the request for what it lacks; give it, and the deficiency letter as a PDF.

    The letter names each point with its citation and what to supply, and is an exhibit of the case. It leaves
    by a person's hand. Raises Refused where nothing is lacking. The return date runs on: it is the deadline.
    A default of policy stands still until they answer.
    """
    fresh = permitted_outside(request, by=by, verb=RequestVerb.RETURN)
    lacking = _lacking(fresh)
    letter = letters.deficiency(fresh, lacking)
    exhibit = letters.keep(fresh, letter, by=by)
    return _return(fresh, by=by, codes=[each.code for each in lacking], letter=exhibit), letter


@transaction.atomic
def _return(request: DataRequest, *, by: User, codes: Collection[str], letter: Exhibit) -> DataRequest:
    locked = permitted(request, by=by, permission=DECIDE, verb=RequestVerb.RETURN)
    lacking = _lacking(locked)
    if [each.code for each in lacking] != list(codes):
        raise Refused("It changed while the letter was written: look again.", rule="datarequests.changed")
    for each in lacking:
        Deficiency.objects.create(
            request=locked,
            code=each.code,
            title=each.title,
            citation=each.citation,
            supply=each.supply,
            asked_at=clock.now(),
            asked_by=by,
            letter=letter,
        )
    move(locked, RequestVerb.RETURN, decided_by=by, decided_at=clock.now(), decision_reason="")
    clocks.pause(locked, by=by)
    calling.done(locked, calling.DECIDE, by=by, outcome="Returned.")
    calling.ask(
        locked,
        calling.TELL,
        "Send the deficiency letter of",
        words=f"Send exhibit {letter.reference} to the agency at the address of our directory only.",
    )
    trace(locked, "returned", "returned for what it lacks", by=by, details={"lacking": list(codes)})
    return locked


@transaction.atomic
def narrow(
    request: DataRequest,
    *,
    by: User,
    reason: str,
    categories: Collection[str] | None = None,
    range_from: date | None = None,
    range_until: date | None = None,
    strike: Collection[NamedAccount] = (),
) -> DataRequest:
    """Make the request smaller: fewer categories or accounts, a shorter range. It is looked at anew.

    What was collected, checked or signed for it is void. Raises InvalidInput where it would grow or be empty.
    """
    locked = permitted(request, by=by, permission=DECIDE, verb=RequestVerb.NARROW)
    why = required("reason", reason, "Say why, and what was agreed with whom.", longest=4_000)
    fields = _smaller(locked, categories, range_from, range_until)
    _strike(locked, strike)
    if not fields and not strike:
        raise InvalidInput("categories", "Say what becomes less.")
    voiding.void(locked, by=by, because="The request was narrowed.")
    move(
        locked,
        RequestVerb.NARROW,
        gate=None,
        decided_by=by,
        decided_at=clock.now(),
        decision_reason=why,
        **fields,
    )
    calling.done(locked, *calling.AFTER_ACCEPTED, by=by, outcome="Narrowed.", cancel=True)
    trace(
        locked,
        "narrowed",
        "narrowed",
        by=by,
        detail=why,
        details={"categories": list(locked.categories), "struck_ids": [each.pk for each in strike]},
    )
    return locked


@transaction.atomic
def accept(request: DataRequest, *, by: User, reason: str = "") -> DataRequest:
    """Find the process good: from here what may leave is its gate, and no more.

    Raises Refused naming every point that does not hold on its face, where who asks does not stand any more,
    where it has expired, while an account waits for counsel, or where no pack says what may leave. An
    emergency request is accepted by another person than called back (the database says so too).
    """
    locked = permitted(request, by=by, permission=DECIDE, verb=RequestVerb.ACCEPT)
    clocks.require_in_force(locked)
    requesters.require_standing(locked)
    naming.require_cleared(locked)
    stops = [each for each in look(locked) if each.stops]
    if stops:
        titles = "; ".join(f"{each.title} ({each.citation})" for each in stops)
        raise Refused(f"This does not hold on its face: {titles}.", rule="datarequests.facial-validity")
    if locked.process == Process.EMERGENCY and locked.verified_by_id == by.pk:
        raise Refused(
            "Who called back does not accept an emergency request: another person must.",
            rule="datarequests.two-people",
        )
    gate = processes.gate_for(locked.process, locked.filed_at)
    move(
        locked,
        RequestVerb.ACCEPT,
        gate=gate,
        decided_by=by,
        decided_at=clock.now(),
        decision_reason=reason.strip(),
    )
    calling.done(locked, calling.DECIDE, by=by, outcome="Accepted.")
    if PATHS[Process(locked.process)] is not Path.NOTHING_LEAVES:
        calling.ask(
            locked,
            calling.NOTICE,
            "Decide about user notice of",
            words="Give notice before disclosure, or keep silent: because it is ordered, or because notice "
            "would endanger somebody. Nothing is collected before that.",
        )
    trace(locked, "accepted", "accepted", by=by, detail=locked.decision_reason, details={"gate": gate.code})
    accepted.send(sender=DataRequest, request=locked, by=by)
    return locked


@transaction.atomic
def reject(request: DataRequest, *, by: User, rejection: str, reason: str) -> DataRequest:
    """Reject the request, with the word for why (Rejection) and the reason. Nothing leaves."""
    locked = permitted(request, by=by, permission=DECIDE, verb=RequestVerb.REJECT)
    if rejection not in [*Rejection]:
        raise InvalidInput("rejection", f"One of {', '.join(Rejection)}.")
    why = required("reason", reason, "Say why.", longest=4_000)
    move(
        locked,
        RequestVerb.REJECT,
        rejection=rejection,
        decided_by=by,
        decided_at=clock.now(),
        decision_reason=why,
    )
    clocks.stop(locked, met=True, by=by)
    calling.done(locked, *calling.ALL, by=by, outcome="Rejected.", cancel=True)
    calling.ask(
        locked,
        calling.TELL,
        "Tell the requester of the rejection of",
        words="It was rejected. Tell the agency so, at the address of our directory.",
        due=False,
    )
    trace(locked, "rejected", f"rejected, {rejection.replace('_', ' ')}", by=by, detail=why)
    ended.send(sender=DataRequest, request=locked, by=by)
    return locked


@transaction.atomic
def permitted_outside(request: DataRequest, *, by: User, verb: RequestVerb) -> DataRequest:
    """Return the row as it is now to who may decide, without holding it: for what is written beforehand."""
    return permitted(request, by=by, permission=DECIDE, verb=verb)


def _lacking(request: DataRequest) -> list[Look]:
    lacking = [each for each in look(request) if each.holds is False and not each.counsel_only]
    if not lacking:
        raise Refused("Nothing is lacking that could be asked for.", rule="datarequests.not-deficient")
    return lacking


def _smaller(
    request: DataRequest, categories: Collection[str] | None, begin: date | None, end: date | None
) -> dict[str, object]:
    """Return what becomes less, or raise InvalidInput where it would grow."""
    fields: dict[str, object] = {}
    if categories is not None:
        if not categories or not set(categories) <= set(request.categories):
            raise InvalidInput("categories", "Some of those that were asked for.")
        fields["categories"] = [each for each in request.categories if each in categories]
    if begin is not None:
        if request.range_from and begin < request.range_from:
            raise InvalidInput("range_from", "Within the range that was asked for.")
        fields["range_from"] = begin
    if end is not None:
        if request.range_until and end > request.range_until:
            raise InvalidInput("range_until", "Within the range that was asked for.")
        fields["range_until"] = end
    first, last = begin or request.range_from, end or request.range_until
    if (first is None) != (last is None) or (first and last and first > last):
        raise InvalidInput("range_until", "A range has a first and a last day, in this order.")
    return fields


def _strike(request: DataRequest, strike: Collection[NamedAccount]) -> None:
    standing = {each.pk for each in naming.standing_accounts(request)}
    chosen = {each.pk for each in strike}
    if not chosen <= standing or chosen == standing:
        raise InvalidInput("strike", "Some of the named accounts, and one at least stays.")
    NamedAccount.objects.filter(pk__in=chosen).update(struck_at=clock.now())
