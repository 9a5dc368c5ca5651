"""Reading data requests. What a person sees follows from the cases they see."""

from django.db.models import QuerySet

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases.services import Case
from coordination.core.errors import NotFound
from coordination.datarequests.models import (
    DataRequest,
    Deficiency,
    EmergencyGrounds,
    NamedAccount,
    Production,
)
from coordination.datarequests.noticemodels import Silence, UserNotice
from coordination.datarequests.workflow import NoticeState, RequestState
from coordination.partners.services import Agency, Officer


def visible_to(user: User) -> QuerySet[DataRequest]:
    """Return the data requests on the cases that `user` sees; none without the permission to see them."""
    if not access.has(user, "datarequests.view_datarequest"):
        return DataRequest.objects.none()
    rows = DataRequest.objects.filter(case__in=cases.visible_to(user))
    return rows.select_related("case", "agency", "officer", "filed_by", "gate")


def everything() -> QuerySet[DataRequest]:
    """Return every data request, whoever asks: for counts, never for a page."""
    return DataRequest.objects.all()


def request_for(user: User, reference: str) -> DataRequest:
    """Return one data request, or raise NotFound for a missing and a foreign one alike."""
    found = visible_to(user).filter(reference=reference).first()
    if found is None:
        raise NotFound
    return found


def of_case(case: Case) -> QuerySet[DataRequest]:
    """Return a case's data requests, newest first; whoever asks has been let into the case."""
    return DataRequest.objects.filter(case=case).select_related("agency", "filed_by")


def of_agency(agency: Agency) -> QuerySet[DataRequest]:
    """Return an agency's data requests that have not ended, whoever asks: for the system's own work."""
    return DataRequest.objects.filter(agency=agency, closed_at=None)


def of_officer(officer: Officer) -> QuerySet[DataRequest]:
    """Return the data requests of one officer, newest first: what an officer outside sees are their own."""
    return DataRequest.objects.filter(officer=officer).select_related("agency")


def accounts_of(request: DataRequest) -> QuerySet[NamedAccount]:
    """Return the named accounts, struck ones too."""
    return NamedAccount.objects.filter(request=request).select_related("resolved_by", "cleared_by")


def grounds_of(request: DataRequest) -> EmergencyGrounds | None:
    """Return what an emergency request states, None for any other."""
    return EmergencyGrounds.objects.filter(request=request).first()


def deficiencies_of(request: DataRequest) -> QuerySet[Deficiency]:
    """Return what the requester was asked to supply, oldest first."""
    return Deficiency.objects.filter(request=request).select_related("letter", "asked_by")


def production_of(request: DataRequest) -> Production | None:
    """Return the production that stands, with who collected, checked and signed it; None where none does."""
    rows = Production.objects.filter(request=request, voided_at=None)
    return rows.select_related("handed_in_by", "checked_by", "signed_by", "package").first()


def productions_of(request: DataRequest) -> QuerySet[Production]:
    """Return every production of a request, void ones too, oldest first."""
    return Production.objects.filter(request=request).select_related("signed_by", "package")


def silence_of(request: DataRequest) -> Silence | None:
    """Return the non-disclosure order of a request, ended or not; None where none was served."""
    return Silence.objects.filter(request=request).first()


def notice_of(request: DataRequest) -> UserNotice | None:
    """Return the notice to the user that stands, or is withheld; None where none was written."""
    rows = UserNotice.objects.filter(request=request).exclude(state=NoticeState.DROPPED)
    return rows.select_related("letter").first()


def has_left(request: DataRequest) -> bool:
    """Tell whether anything was handed out under a request."""
    return Production.objects.filter(request=request, produced_at__isnull=False).exists()


def may_be_told(request: DataRequest) -> bool:
    """Tell whether there is anything to tell the user: it was decided to, or something left."""
    return request.state == RequestState.NOTICE_WINDOW or has_left(request)
