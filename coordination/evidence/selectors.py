"""Reading exhibits. Every list for a person starts from the cases that they see."""

from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from coordination.access import services as access
from coordination.access.services import User
from coordination.core.errors import NotFound
from coordination.evidence import doors
from coordination.evidence.models import CustodyEvent, Exhibit, Hold, Keeping, Package


def visible_to(user: User) -> QuerySet[Exhibit]:
    """Return the exhibits of the cases that `user` sees."""
    if not access.has(user, "evidence.view_exhibit"):
        return Exhibit.objects.none()
    return _rows().filter(case_reference__in=doors.cases().visible_to(user))


def exhibit_for(user: User, reference: str) -> Exhibit:
    """Return one exhibit that `user` sees, or raise NotFound, the same for a foreign and a missing one."""
    found = visible_to(user).filter(reference=reference).first()
    if found is None:
        raise NotFound
    return found


def exhibits_of(case_reference: str) -> QuerySet[Exhibit]:
    """Return the exhibits of a case, oldest first, whoever asks."""
    return _rows().filter(case_reference=case_reference).order_by("pk")


def by_references(references: list[str]) -> QuerySet[Exhibit]:
    """Return exhibits by their references, oldest first, whoever asks."""
    return _rows().filter(reference__in=references).order_by("pk")


def custody_of(exhibit: Exhibit) -> QuerySet[CustodyEvent]:
    """Return what was done with an exhibit, oldest first."""
    return CustodyEvent.objects.filter(exhibit=exhibit).select_related("by", "entry").order_by("pk")


def holds_of(case_reference: str) -> QuerySet[Hold]:
    """Return the standing holds on a case and its exhibits, whoever asks: for deciding what may expire."""
    return Hold.objects.filter(case_reference=case_reference, lifted_at=None)


def holds_for(user: User, case_reference: str) -> QuerySet[Hold]:
    """Return the standing holds of a case to whoever may know of them: who sees the case and holds the right.

    A case under a compartment is seen by its members alone, and so are its holds and their reasons.
    """
    if not access.has(user, "evidence.hold_exhibit"):
        return Hold.objects.none()
    seen = doors.cases().visible_to(user)
    return holds_of(case_reference).filter(case_reference__in=seen).select_related("placed_by", "exhibit")


def due(now: datetime) -> QuerySet[Keeping]:
    """Return the keepings whose time is over and that no hold keeps."""
    of_case = Q(case_reference=OuterRef("case_reference"), exhibit=None)
    of_exhibit = Q(exhibit=OuterRef("exhibit"))
    held = Hold.objects.filter(of_case | of_exhibit, lifted_at=None)
    return Keeping.objects.filter(Q(keep_until__lte=now) & ~Exists(held)).select_related("exhibit")


def blobs() -> set[str]:
    """Return the names of the objects that are still kept."""
    packages = Package.objects.exclude(blob=None).values_list("blob", flat=True)
    return {str(each) for each in [*Keeping.objects.values_list(F("exhibit__blob"), flat=True), *packages]}


def packages_for(user: User) -> QuerySet[Package]:
    """Return the packages of the cases that `user` sees, newest first, to whoever may release exhibits."""
    if not access.has(user, "evidence.release_exhibit"):
        return Package.objects.none()
    seen = doors.cases().visible_to(user)
    return Package.objects.filter(case_reference__in=seen).select_related("asked_by").order_by("-pk")


def _rows() -> QuerySet[Exhibit]:
    return Exhibit.objects.select_related("keeping", "taken_in_by", "made_from")
