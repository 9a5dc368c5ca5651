"""What every verb does alike: who may, which row, and the traces it leaves."""

from collections.abc import Mapping

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core.errors import InvalidInput, NotPermitted
from coordination.datarequests.models import DataRequest, NamedAccount
from coordination.datarequests.workflow import REQUEST, RequestVerb
from coordination.ledger import services as ledger
from coordination.ledger.entries import Value
from coordination.partners import selectors as partners


def permitted(
    request: DataRequest,
    *,
    by: User,
    permission: str,
    verb: RequestVerb | None = None,
    or_requester: bool = False,
) -> DataRequest:
    """Return the locked row; raise NotPermitted, NotFound where the case is unseen, IllegalTransition.

    Where `or_requester`, an officer of the agency that asks may do it too.
    """
    if or_requester and not by.is_staff:
        locked = lock(request)
        require_of_agency(locked, by)
    else:
        access.require(by, f"datarequests.{permission}")
        locked = lock(request)
        cases.require_case(by, locked.case, "work_case")
    if verb is not None:
        REQUEST.after(locked.state, verb)
    return locked


def require_of_agency(request: DataRequest, by: User) -> None:
    """Raise NotPermitted unless `by` is, now, an officer of the agency that asks."""
    officer = partners.officer_of(by)
    if officer is None or officer.agency_id != request.agency_id:
        raise NotPermitted


def lock(request: DataRequest) -> DataRequest:
    """Return the row as it is now, held until the transaction ends."""
    rows = DataRequest.objects.select_for_update(of=("self",))
    return rows.select_related("case", "agency", "officer__agency", "officer__user", "gate").get(
        pk=request.pk
    )


def lock_account(account: NamedAccount) -> NamedAccount:
    """Return a named account as it is now, held until the transaction ends."""
    return NamedAccount.objects.select_for_update(of=("self",)).get(pk=account.pk)


def move(request: DataRequest, verb: RequestVerb, **fields: object) -> DataRequest:
    """Put the request where `verb` leads, with what is recorded about it; raise IllegalTransition."""
    request.state = REQUEST.after(request.state, verb)
    for name, value in fields.items():
        setattr(request, name, value)
    request.save(update_fields=["state", *fields])
    return request


def trace(
    request: DataRequest,
    action: str,
    title: str,
    *,
    by: User | None,
    detail: str = "",
    details: Mapping[str, Value] | None = None,
) -> None:
    """Write one line of the timeline and one ledger entry about what just happened."""
    kind = f"datarequests.{action}"
    said = f"{request.reference}: {title}"[:200]
    cases.add_event(request.case, kind=kind, title=said, by=by, detail=detail, about=request.origin)
    about: dict[str, Value] = {"case": request.case.reference, "state": str(request.state)}
    if detail:
        about["reason_digest"] = ledger.digest(detail)
    ledger.record(kind, subject=request.reference, by=by, details={**about, **(details or {})})


def required(field: str, value: str, message: str = "This is needed.", *, longest: int = 20_000) -> str:
    """Return the text without space around it, or raise InvalidInput naming the field."""
    text = limited(field, value, longest=longest)
    if not text:
        raise InvalidInput(field, message)
    return text


def limited(field: str, value: str, *, longest: int = 20_000) -> str:
    """Return the text, stripped, if it is not too long; raise InvalidInput naming the field otherwise."""
    if not isinstance(value, str):
        raise InvalidInput(field, "This is text.")
    text = value.strip()
    if len(text) > longest:
        raise InvalidInput(field, f"At most {longest} characters.")
    return text
