"""Keeping accounts because an authority asked: a snapshot of now for a term, one extension, then deletion.

Our own preservation (restrictions) runs 180 days, again and again, and a person ends it. This has a term by
statute, is extended once by another request, and deletes by itself: a record of its own. The platform
is told by the same commands. Nothing is a disclosure: no production, and nothing that an officer reads.
"""

from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import Conflict, Refused
from coordination.datarequests.models import DataRequest, NamedAccount
from coordination.datarequests.preservationmodels import RequestedPreservation
from coordination.datarequests.services import calling, naming, requesters
from coordination.datarequests.services.records import permitted, required, trace
from coordination.datarequests.workflow import ENDED, KeepBasis, KeepState, RequestState
from coordination.evidence import selectors as evidence
from coordination.ledger import services as ledger
from coordination.policy import engine
from coordination.policy import selectors as policy
from coordination.policy.workflow import Process
from coordination.restrictions import services as restrictions

AT_ONCE: Final = 200
PRESERVE: Final = "preserve_datarequest"
TERM: Final = {
    KeepBasis.US_REQUEST: "us.preservation",
    KeepBasis.EPOC_PR: "eu.preservation-order",
    KeepBasis.REPORT: "us.preserve-report",
}
LONGER: Final = {
    KeepBasis.US_REQUEST: "us.preservation-extension",
    KeepBasis.EPOC_PR: "eu.preservation-extension",
}
_BASIS: Final = {Process.PRESERVATION: KeepBasis.US_REQUEST, Process.EPOC_PR: KeepBasis.EPOC_PR}
_RULE: Final = "datarequests.preservation"


@transaction.atomic
def preserve_accounts(request: DataRequest, *, by: User) -> list[RequestedPreservation]:
    """Have the platform keep what the named accounts hold now, for the term of policy.

    A preservation request is accepted first; a European order is carried out as soon as its requester is
    verified. Raises Refused where it is another process, where it is not known which accounts are named, and
    where the same agency has one kept already: that one is renewed.
    """
    locked = permitted(request, by=by, permission=PRESERVE)
    basis = _basis(locked)
    requesters.require_standing(locked)
    accounts = naming.standing_accounts(locked)
    if not accounts or any(each.account is None for each in accounts):
        raise Refused("Say first which accounts are named.", rule=_RULE)
    made = [_preserve_one(locked, basis, each, by=by) for each in accounts]
    calling.done(locked, calling.KEEP, by=by, outcome="It is kept.")
    trace(locked, "preserved", "what the named accounts hold is kept", by=by, details={"count": len(made)})
    return made


@transaction.atomic
def preserve_report(case: Case, *, account: str, by: User, because: str) -> RequestedPreservation:
    """Keep for a year what was reported to the clearing house (18 USC 2258A(h)), without a request."""
    access.require(by, f"datarequests.{PRESERVE}")
    cases.require_case(by, case, "work_case")
    why = required("because", because, "Name the report.", longest=2_000)
    return _keep(case, account, KeepBasis.REPORT, request=None, by=by, reason=why)


@transaction.atomic
def renew_preservation(
    kept: RequestedPreservation, *, by: User, renewal: DataRequest
) -> RequestedPreservation:
    """Extend what is kept, once, because the same agency asked again by a request of its own, accepted.

    Counted from the end of the first term (18 USC 2703(f)(2)). Raises Refused for anything else.
    """
    locked = _locked(kept)
    if locked.request is None or locked.basis != KeepBasis.US_REQUEST:
        raise Refused("Only what a preservation request keeps is renewed by another.", rule=_RULE)
    permitted(locked.request, by=by, permission=PRESERVE)
    again = permitted(renewal, by=by, permission=PRESERVE)
    requesters.require_standing(again)
    if again.pk == locked.request_id or again.process != Process.PRESERVATION:
        raise Refused("It is renewed by a separate preservation request.", rule=_RULE)
    if again.state != RequestState.ACCEPTED or again.agency_id != locked.request.agency_id:
        raise Refused("The renewed request is by the same agency, and accepted.", rule=_RULE)
    if not any(_same(each, locked) for each in naming.standing_accounts(again)):
        raise Refused("The renewed request does not name this account.", rule=_RULE)
    locked.renewal = again
    _extend(locked, by=by, because=f"Renewed by {again.reference}.")
    calling.done(again, calling.KEEP, by=by, outcome="It is kept longer.")
    trace(again, "renewed_preservation", "what is kept is kept longer", by=by)
    return locked


@transaction.atomic
def extend_on_form(kept: RequestedPreservation, *, by: User, because: str) -> RequestedPreservation:
    """Extend what a European order keeps, once, on its extension form (Regulation (EU) 2023/1543 Art. 11)."""
    locked = _locked(kept)
    if locked.request is None or locked.basis != KeepBasis.EPOC_PR:
        raise Refused("Only a European order is extended on a form.", rule=_RULE)
    permitted(locked.request, by=by, permission=PRESERVE)
    _extend(locked, by=by, because=required("because", because, "Say when the form came.", longest=2_000))
    return locked


def ask_to_keep(request: DataRequest, *, on_receipt: bool) -> None:
    """Ask for what a request is about: a European order on receipt, the others once they are accepted."""
    process = Process(request.process)
    if process is Process.CIVIL_PRESERVATION_LETTER and not on_receipt:
        calling.ask(
            request,
            calling.HOLD,
            "Place the hold of",
            words="A civil letter binds nobody to a term and is no request under 2703(f): place a legal hold "
            "on the case, or say why not.",
        )
    elif process in _BASIS and on_receipt == (process is Process.EPOC_PR):
        calling.ask(
            request,
            calling.KEEP,
            "Keep what is asked for by",
            words="Look up the named accounts, then have the platform keep what they hold. It is the same "
            "agency again, for what is kept already? Renew that. Nothing of it leaves.",
        )


def expire_preservations() -> int:
    """Delete what is past its term and not held; return how many. For a periodic job."""
    due = RequestedPreservation.objects.exclude(state=KeepState.ENDED).filter(until__lte=clock.now())
    numbers = list(due.order_by("state", "until").values_list("pk", flat=True)[:AT_ONCE])
    return sum(_expire(number) for number in numbers)


@transaction.atomic
def _expire(number: int) -> bool:
    kept = _rows().get(pk=number)
    if kept.state == KeepState.ENDED or kept.until > clock.now():
        return False
    if evidence.holds_of(kept.case.reference).exists():
        if kept.state != KeepState.HELD:
            kept.state = KeepState.HELD
            kept.save(update_fields=["state"])
            # Whoever reads the ledger without the case learns of no hold.
            _record(kept, "preservation_term_over", by=None)
        return False
    kept.state, kept.ended_at = KeepState.ENDED, clock.now()
    kept.save(update_fields=["state", "ended_at"])
    restrictions.delete_kept(kept.kept)
    _record(kept, "preservation_deleted", by=None)
    _tell(kept, "preservation_deleted", "What was kept is deleted: its term is over")
    return True


def _preserve_one(
    request: DataRequest, basis: KeepBasis, named: NamedAccount, *, by: User
) -> RequestedPreservation:
    others = RequestedPreservation.objects.exclude(state=KeepState.ENDED).filter(
        request__agency=request.agency, account_index__in=case_selectors.account_indexes(named.account or "")
    )
    if others.exists():
        raise Conflict("This is kept for that agency already: renew what is kept.")
    assert named.account is not None  # noqa: S101  # nosec B101 - asked for before
    return _keep(
        request.case,
        named.account,
        basis,
        request=request,
        by=by,
        reason=f"Data request {request.reference}",
    )


def _keep(
    case: Case, account: str, basis: KeepBasis, *, request: DataRequest | None, by: User, reason: str
) -> RequestedPreservation:
    due, citation = engine.deadline(TERM[basis], clock.now(), zone=request.zone if request else "")
    kept = restrictions.keep_until(
        case,
        account=account,
        until=due,
        reason=reason,
        authority=f"{policy.clock_row(TERM[basis]).pack} {TERM[basis]}",
        about=request.origin if request else "datarequests.report",
        by=by,
    )
    made = RequestedPreservation.objects.create(
        case=case,
        request=request,
        basis=basis,
        account=account,
        account_index=kept.account_index,
        kept=kept,
        citation=citation[:300],
        ordered_by=by,
        started_at=clock.now(),
        until=due,
    )
    _record(made, "preservation_ordered", by=by)
    return made


def _extend(locked: RequestedPreservation, *, by: User, because: str) -> None:
    if locked.state == KeepState.ENDED or locked.until <= clock.now():
        raise Refused("Its term is over: nothing is left to keep longer.", rule=_RULE)
    if locked.extended_at is not None:
        raise Refused("It was extended once, and is not again.", rule=_RULE)
    zone = locked.request.zone if locked.request else ""
    locked.until = engine.deadline(LONGER[KeepBasis(locked.basis)], locked.until, clock.now(), zone=zone).due
    locked.extended_by, locked.extended_at, locked.extended_because = by, clock.now(), because
    locked.save(update_fields=["until", "renewal", "extended_by", "extended_at", "extended_because"])
    restrictions.keep_longer(locked.kept, until=locked.until, by=by)
    _record(locked, "preservation_extended", by=by)
    _tell(locked, "preservation_extended", f"What is kept is kept until {locked.until:%Y-%m-%d}")


def may_preserve(request: DataRequest) -> bool:
    """Tell whether what a request asks to keep can be kept as it stands."""
    try:
        _basis(request)
    except Refused:
        return False
    return not RequestedPreservation.objects.filter(request=request).exists()


def _basis(request: DataRequest) -> KeepBasis:
    basis = _BASIS.get(Process(request.process))
    if basis is None:
        raise Refused("This process asks to keep nothing.", rule=_RULE)
    closed = (*ENDED, RequestState.CLOSED, RequestState.RECEIVED)
    good = request.state == RequestState.ACCEPTED
    if not good and (basis is KeepBasis.US_REQUEST or request.state in closed):
        raise Refused("It is not accepted, or it has ended.", rule=_RULE)
    return basis


def _same(named: NamedAccount, kept: RequestedPreservation) -> bool:
    return named.account is not None and bytes(kept.account_index) in case_selectors.account_indexes(
        named.account
    )


def _rows() -> QuerySet[RequestedPreservation]:
    rows = RequestedPreservation.objects.select_for_update(of=("self",))
    return rows.select_related("case", "request__agency", "kept__case")


def _locked(kept: RequestedPreservation) -> RequestedPreservation:
    return _rows().get(pk=kept.pk)


def _record(kept: RequestedPreservation, action: str, *, by: User | None) -> None:
    ledger.record(
        f"datarequests.{action}",
        subject=kept.request.reference if kept.request else kept.case.reference,
        by=by,
        details={"basis": kept.basis, "until": ledger.timestamp(kept.until)},
    )


def _tell(kept: RequestedPreservation, action: str, title: str) -> None:
    about = kept.request.origin if kept.request else kept.origin
    cases.add_event(kept.case, kind=f"datarequests.{action}", title=title, about=about)
