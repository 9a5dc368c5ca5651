"""What an officer outside does by their own credential: ask, and hand in the process itself."""

from typing import IO, Any

from django.db import transaction

from coordination.access.services import User
from coordination.core.errors import NotPermitted, Refused
from coordination.datarequests.models import DataRequest
from coordination.datarequests.services import filing, haste
from coordination.datarequests.services.records import lock, require_of_agency
from coordination.datarequests.workflow import BEFORE_ACCEPTED, RequestState, Way
from coordination.evidence import services as evidence
from coordination.evidence.services import Exhibit
from coordination.partners import selectors as partners
from coordination.partners.services import Officer


@transaction.atomic
def submit(*, by: User, **said: Any) -> DataRequest:
    """Enter what an officer asks for, in their own and their agency's name whatever they say (`file`).

    Raises NotPermitted where they do not stand now, and Refused for an agency's own system: a person asks.
    """
    officer = partners.officer_of(by)
    if officer is None:
        raise NotPermitted
    if officer.is_system:
        raise Refused("A person asks for data, not an agency's system.", rule="datarequests.requester")
    request = filing.file(
        by=by, agency=officer.agency, officer=officer, requester=_named(officer), way=Way.API, **said
    )
    haste.hold_where_unusual(request, by=by)
    return request


def supply_process(request: DataRequest, *, by: User, content: IO[bytes]) -> Exhibit:
    """Take in the process itself from an officer of the agency that asks: sealed, scanned, and sniffed.

    Not inside a transaction: the store is written first. Raises Refused once the request was accepted.
    """
    fresh = _open_for_process(request, by=by)
    exhibit, _ = evidence.take_in(
        fresh.case.reference,
        by=None,
        content=content,
        filename=f"{fresh.reference}-process",
        why=f"The process of data request {fresh.reference}, handed in by the officer",
        what="Process as served",
        source="By the officer's credential",
    )
    _attach(fresh, by=by, exhibit=exhibit)
    return exhibit


@transaction.atomic
def _open_for_process(request: DataRequest, *, by: User) -> DataRequest:
    locked = lock(request)
    require_of_agency(locked, by)
    if RequestState(locked.state) not in BEFORE_ACCEPTED:
        raise Refused(
            "It is accepted as it is: another document is another request.", rule="datarequests.scan"
        )
    return locked


@transaction.atomic
def _attach(request: DataRequest, *, by: User, exhibit: Exhibit) -> None:
    locked = _open_for_process(request, by=by)
    if locked.scan_id != exhibit.pk:
        filing.put_scan(locked, by=by, exhibit=exhibit)


def _named(officer: Officer) -> str:
    badge = f"badge {officer.badge}" if officer.badge else ""
    return ", ".join(filter(None, (f"{officer.rank} {officer.name}".strip(), badge)))[:500]
