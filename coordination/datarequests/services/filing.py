"""A data request comes in: by an officer's own credential, or by a person of the desk from paper."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import IO, Any, Final

from django.contrib.auth.models import Group
from django.db import transaction

from coordination.access import services as access
from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock, identifiers
from coordination.core.errors import InvalidInput, NotPermitted, Refused, raise_all
from coordination.datarequests.models import DataRequest, EmergencyGrounds
from coordination.datarequests.services import calling, clocks, naming, silence
from coordination.datarequests.services.records import limited, move, permitted, required, trace
from coordination.datarequests.signals import filed
from coordination.datarequests.workflow import (
    BEFORE_ACCEPTED,
    PATHS,
    EmergencyKind,
    Path,
    RequestState,
    RequestVerb,
    Way,
)
from coordination.evidence import services as evidence
from coordination.evidence.services import Exhibit
from coordination.partners.services import Agency, Officer
from coordination.policy.workflow import Process, ProcessData

TEXTS: Final = frozenset({"authority", "court", "signed_by", "addressed_to", "offence", "nexus"})
DATES: Final = frozenset(
    {"signed_on", "return_on", "expires_on", "range_from", "range_until", "non_disclosure_until"}
)
FLAGS: Final = frozenset({"non_disclosure", "is_sealed"})
FIELDS: Final = TEXTS | DATES | FLAGS | {"categories", "zone"}
GROUNDS: Final = frozenset(
    {
        *("officer_name", "officer_rank", "officer_badge", "agency_address", "agency_domain", "agency_phone"),
        *("person_in_danger", "nature", "since_when", "data_and_why", "why_not_process"),
    }
)
_SHORT: Final = {"authority": 200, "addressed_to": 200}
Names = Iterable[tuple[str, str]]


@transaction.atomic
def file(
    *,
    by: User,
    process: str,
    agency: Agency,
    requester: str,
    way: str,
    zone: str,
    accounts: Names = (),
    officer: Officer | None = None,
    case: Case | None = None,
    emergency_kind: str = "",
    grounds: Mapping[str, Any] | None = None,
    **fields: Any,
) -> DataRequest:
    """Enter a data request as it came, unverified; on a case of its own unless `case` is given.

    `by` is a person of the desk, or the officer outside whose request it is. `accounts` are pairs of kind
    (IdentifierKind) and value; `fields` are those of FIELDS, `grounds` those of GROUNDS and `is_sworn`. What
    is missing on its face is no error here: it is looked at later. Raises InvalidInput naming each field that
    cannot be kept, and Refused for national-security process: that is a pointer to the cleared custodian.
    """
    _require_filer(by, officer)
    known = _process(process)
    if PATHS[known] is Path.POINTER:
        raise Refused(
            "National-security process is never entered here: hand it to the cleared custodian, unread.",
            rule="datarequests.national-security",
        )
    if case is not None and fields.get("non_disclosure"):
        raise InvalidInput("case", "A request with a non-disclosure order is on a case of its own.")
    if case is not None and by.is_staff:
        cases.require_case(by, case, "work_case")
    emergency = known is Process.EMERGENCY
    request = DataRequest(
        reference=identifiers.reference("D"),
        process=known,
        emergency_kind=_one_of("emergency_kind", emergency_kind, EmergencyKind) if emergency else "",
        priority="P0" if emergency else "normal",
        agency=agency,
        officer=officer,
        requester=required("requester", requester, "Say who asks.", longest=500),
        way=_one_of("way", way, Way),
        filed_by=by,
        filed_at=clock.now(),
    )
    _fill(request, {"zone": zone, **fields})
    request.case = case or _case_for(request, by)
    request.save(force_insert=True)
    clocks.run(request, by=by)
    request.save(update_fields=["due_at"])
    if emergency:
        _keep_grounds(request, grounds or {})
    naming.name(request, accounts)
    silence.follow(request, by=by)
    _let_custodians_in(request.case)
    trace(
        request,
        "filed",
        f"data request by {agency.name} came in, not verified",
        by=by,
        details={"process": request.process, "way": request.way, "agency": agency.pk},
    )
    if PATHS[known] is Path.OUTSIDE_COUNSEL:
        calling.ask_outside_counsel(request)
    else:
        calling.ask_to_verify(request)
    filed.send(sender=DataRequest, request=request, by=by)
    return request


@transaction.atomic
def amend(
    request: DataRequest,
    *,
    by: User,
    accounts: Names = (),
    grounds: Mapping[str, Any] | None = None,
    **fields: Any,
) -> DataRequest:
    """Take in what the requester supplied to a returned request; it is docketed, and looked at anew."""
    locked = permitted(
        request, by=by, permission="docket_datarequest", verb=RequestVerb.AMEND, or_requester=True
    )
    before = silence.Ordered.of(locked)
    _fill(locked, fields)
    silence.require_no_less(locked, before)
    if "addressed_to" in fields:
        locked.addressed_right = None
    naming.name(locked, accounts)
    if locked.process == Process.EMERGENCY and grounds:
        _keep_grounds(locked, grounds)
    clocks.go_on(locked, by=by)
    changed = [*fields, "addressed_right", "due_at"]
    move(locked, RequestVerb.AMEND, **{name: getattr(locked, name) for name in changed})
    silence.follow(locked, by=by)
    calling.done(locked, calling.TELL, by=by, outcome="They supplied what was missing.")
    if not by.is_staff:
        calling.ask(locked, calling.DOCKET, "Look anew at", words="They supplied what it lacked. Look at it.")
    trace(locked, "amended", "amended by what they supplied", by=by, details={"fields": sorted(fields)})
    return locked


def attach_scan(request: DataRequest, *, by: User, content: IO[bytes], filename: str) -> Exhibit:
    """Take in the process as it was served, as an exhibit of the case. Before it is accepted only."""
    access.require(by, "datarequests.file_datarequest")
    exhibit, _ = evidence.take_in(
        request.case.reference,
        by=by,
        content=content,
        filename=filename,
        why=f"The process of data request {request.reference}",
        what="Process as served",
    )
    _attach(request, by=by, exhibit=exhibit)
    return exhibit


@transaction.atomic
def _attach(request: DataRequest, *, by: User, exhibit: Exhibit) -> None:
    locked = permitted(request, by=by, permission="file_datarequest")
    if RequestState(locked.state) not in BEFORE_ACCEPTED:
        raise Refused(
            "It is accepted as it is: another document is another request.", rule="datarequests.scan"
        )
    put_scan(locked, by=by, exhibit=exhibit)


def put_scan(locked: DataRequest, *, by: User, exhibit: Exhibit) -> None:
    """Keep an exhibit as the process itself, for who was asked for their right before."""
    locked.scan, locked.scan_sha256 = exhibit, exhibit.sha256
    locked.save(update_fields=["scan", "scan_sha256"])
    trace(
        locked, "scan_attached", "the process itself is here", by=by, details={"exhibit": exhibit.reference}
    )


def _require_filer(by: User, officer: Officer | None) -> None:
    if by.is_staff:
        access.require(by, "datarequests.file_datarequest")
    elif officer is None or officer.user_id != by.pk:
        raise NotPermitted


def _case_for(request: DataRequest, by: User) -> Case:
    title = f"Data request: {request.get_process_display()}"
    return cases.open_case(title, by=by if by.is_staff else None, priority=request.priority)


def _let_custodians_in(case: Case) -> None:
    """Let those who collect see the case: their team is not among those that see every case."""
    team = Group.objects.filter(name=Role.CUSTODIAN.value).first()
    if team is not None and not case_selectors.is_hidden(case):
        cases.grant(case, principal=team, by=None)


def _keep_grounds(request: DataRequest, said: Mapping[str, Any]) -> None:
    raise_all([InvalidInput(name, "No such ground.") for name in said if name not in GROUNDS | {"is_sworn"}])
    row = EmergencyGrounds.objects.filter(request=request).first() or EmergencyGrounds(request=request)
    for name, value in said.items():
        setattr(row, name, bool(value) if name == "is_sworn" else limited(name, value, longest=4_000))
    row.save()


def _fill(request: DataRequest, fields: Mapping[str, Any]) -> None:
    """Put the fields into the request, or raise InvalidInput naming all that are wrong."""
    found = []
    for name, value in fields.items():
        try:
            setattr(request, name, _clean(name, value))
        except InvalidInput as error:
            found.append(error)
    begin, end = request.range_from, request.range_until
    if (begin is None) != (end is None) or (begin and end and begin > end):
        found.append(InvalidInput("range_until", "A range has a first and a last day, in this order."))
    if request.non_disclosure_until and not request.non_disclosure:
        found.append(InvalidInput("non_disclosure_until", "It ends only where it was ordered."))
    raise_all(found)


def _clean(name: str, value: Any) -> Any:
    if name in TEXTS:
        return limited(name, value, longest=_SHORT.get(name, 4_000))
    if name in DATES:
        if value is not None and type(value) is not date:
            raise InvalidInput(name, "A date.")
        return value
    if name in FLAGS:
        return bool(value)
    if name == "zone":
        if value not in clock.zones():
            raise InvalidInput(name, "The zone's name, as in America/Denver.")
        return value
    if name == "categories":
        return [_one_of(name, each, ProcessData) for each in dict.fromkeys(value)]
    raise InvalidInput(name, "This is not a field of a data request.")


def _process(value: str) -> Process:
    return Process(_one_of("process", value, Process))


def _one_of(field: str, value: str, words: Any) -> str:
    if value not in [*words]:
        raise InvalidInput(field, f"One of {', '.join(words)}.")
    return str(value)
