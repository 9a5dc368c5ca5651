"""What a data request says on its face: each rule of policy, what was found, and what to ask for."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from coordination.access.services import User
from coordination.core import clock
from coordination.datarequests.models import DataRequest, EmergencyGrounds
from coordination.datarequests.services import calling, clocks, naming
from coordination.datarequests.services.records import move, permitted, trace
from coordination.datarequests.workflow import RequestVerb
from coordination.policy import processes
from coordination.policy.workflow import Validity


@dataclass(frozen=True, kw_only=True)
class Look:
    """One rule and what was found. `holds` is None where a person has yet to look."""

    code: str
    title: str
    citation: str
    counsel_confirm: bool
    counsel_only: bool
    holds: bool | None
    found: str
    supply: str

    @property
    def stops(self) -> bool:
        """Whether the request cannot be accepted for it."""
        return self.holds is not True and not self.counsel_only


Found = tuple[bool | None, str]


def look(request: DataRequest) -> list[Look]:
    """Return the checklist of a request as it stands, computed anew, in the order of its pack."""
    looks = []
    for rule in processes.validity_rules(request.process, request.filed_at):
        holds, found = _LOOKS[Validity(rule.looks_at)](request)
        looks.append(
            Look(
                code=rule.code,
                title=rule.title,
                citation=rule.citation,
                counsel_confirm=rule.counsel_confirm,
                counsel_only=rule.counsel_only,
                holds=holds,
                found=found,
                supply=rule.supply,
            )
        )
    return looks


@transaction.atomic
def check_validity(
    request: DataRequest, *, by: User, addressed_right: bool | None = None
) -> tuple[DataRequest, list[Look]]:
    """Look at the face of the request; return it, and the checklist. What counsel must see opens a task.

    `addressed_right` is a person's word that it is addressed to our legal entity, or is not.
    """
    locked = permitted(request, by=by, permission="docket_datarequest", verb=RequestVerb.CHECK_VALIDITY)
    if addressed_right is not None:
        locked.addressed_right = addressed_right
    looks = look(locked)
    move(locked, RequestVerb.CHECK_VALIDITY, addressed_right=locked.addressed_right)
    lacking = [each.code for each in looks if each.stops]
    locked.deficiencies.filter(mended_at=None).exclude(code__in=lacking).update(mended_at=clock.now())
    calling.done(locked, calling.DOCKET, by=by, outcome="Looked at.")
    calling.ask(
        locked,
        calling.DECIDE,
        "Decide about",
        words=f"{len(lacking)} of {len(looks)} points do not hold. Return, narrow, reject or accept it.",
    )
    trace(
        locked,
        "validity_checked",
        f"{len(looks) - len(lacking)} of {len(looks)} points hold on its face",
        by=by,
        details={"lacking": lacking},
    )
    return locked, looks


def _stands(text: str, said: str = "It says so.") -> Found:
    return (True, said) if text.strip() else (False, "It says nothing of it.")


def _addressed(request: DataRequest) -> Found:
    if not request.addressed_to:
        return False, "It names nobody."
    if request.addressed_right is None:
        return None, f"Addressed to {request.addressed_to}: a person says whether that is us."
    return request.addressed_right, f"Addressed to {request.addressed_to}."


def _signed(request: DataRequest) -> Found:
    if not request.signed_by.strip() or request.signed_on is None:
        return False, "Signature or date is missing."
    return True, f"Signed on {request.signed_on}."


def _within_gate(request: DataRequest) -> Found:
    gate = processes.gates(request.filed_at).filter(process=request.process).first()
    beyond = [each for each in request.categories if gate is None or each not in gate.categories]
    if beyond:
        return False, f"Beyond this process: {', '.join(beyond)}."
    return True, "All that is asked for is within its reach."


def _named(request: DataRequest) -> Found:
    count = len(naming.standing_accounts(request))
    return count > 0, f"{count} named."


def _range(request: DataRequest) -> Found:
    if request.range_from is None:
        return False, "No range of dates."
    return True, f"{request.range_from} to {request.range_until}, {request.zone}."


def _returns(request: DataRequest) -> Found:
    if request.return_on is None:
        return False, "No return date: our default runs."
    return True, f"{request.return_on}, {request.zone}."


def _in_force(request: DataRequest) -> Found:
    if clocks.has_expired(request):
        return False, f"It expired with {request.expires_on}, {request.zone}."
    return True, "Not expired."


def _gag(request: DataRequest) -> Found:
    if not request.non_disclosure:
        return True, "None is ordered."
    if request.non_disclosure_until is None:
        return False, "It has no end, and binds."
    return True, f"Until {request.non_disclosure_until}."


def _not_reused(request: DataRequest) -> Found:
    """Find the same document under other accounts: bit for bit; a scan of a scan is for the eye."""
    if not request.scan_sha256:
        return True, "No document to compare."
    mine = {bytes(each.index) for each in naming.standing_accounts(request)}
    others = DataRequest.objects.filter(scan_sha256=request.scan_sha256).exclude(pk=request.pk)
    for other in others.prefetch_related("accounts"):
        if {bytes(each.index) for each in other.accounts.all()} != mine:
            return False, "The same document came before, with other accounts."
    return True, "It did not come before with other accounts."


def _grounds(request: DataRequest) -> EmergencyGrounds:
    return EmergencyGrounds.objects.filter(request=request).first() or EmergencyGrounds(request=request)


def _sworn(request: DataRequest) -> Found:
    said = _grounds(request)
    names = (
        "officer_name",
        "officer_rank",
        "officer_badge",
        "agency_address",
        "agency_domain",
        "agency_phone",
    )
    missing = [name.replace("_", " ") for name in names if not getattr(said, name).strip()]
    if not said.is_sworn:
        missing.append("the oath")
    return not missing, f"Missing: {', '.join(missing)}." if missing else "All of it is there."


def _nature(request: DataRequest) -> Found:
    said = _grounds(request)
    return _stands(said.nature if said.since_when.strip() else "")


_LOOKS: dict[Validity, Callable[[DataRequest], Found]] = {
    Validity.ADDRESSED: _addressed,
    Validity.SIGNED: _signed,
    Validity.COURT: lambda request: _stands(request.court),
    Validity.AUTHORITY: lambda request: _stands(request.authority, f"{request.authority}."),
    Validity.NEXUS: lambda request: _stands(request.offence if request.nexus.strip() else ""),
    Validity.NAMED_ACCOUNT: _named,
    Validity.CATEGORIES: lambda request: (bool(request.categories), f"{len(request.categories)} asked for."),
    Validity.WITHIN_GATE: _within_gate,
    Validity.DATE_RANGE: _range,
    Validity.RETURN_DATE: _returns,
    Validity.NOT_EXPIRED: _in_force,
    Validity.GAG_ENDS: _gag,
    Validity.NOT_REUSED: _not_reused,
    Validity.SCANNED: lambda request: (request.scan_id is not None, "Kept as an exhibit."),
    Validity.SWORN_OFFICER: _sworn,
    Validity.PERSON_IN_DANGER: lambda request: _stands(_grounds(request).person_in_danger),
    Validity.NATURE_AND_RECENCY: _nature,
    Validity.WHY_THIS_DATA: lambda request: _stands(_grounds(request).data_and_why),
    Validity.WHY_NOT_PROCESS: lambda request: _stands(_grounds(request).why_not_process),
}
