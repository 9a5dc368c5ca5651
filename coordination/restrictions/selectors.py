"""Reading restrictions, preservations and commands."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases.services import Case
from coordination.core.errors import NotFound
from coordination.policy import selectors as policy
from coordination.restrictions.models import Command, Imposition, Preservation, Restriction
from coordination.restrictions.workflow import STANDING, PreservationState, RestrictionState


class OnIntake(NamedTuple):
    """The step that policy gives for a flag of high severity, and the policy row that says so."""

    step: str
    authority: str


class Times(NamedTuple):
    """When a restriction was first ordered, and when the platform confirmed it; None while it has not."""

    imposed_at: datetime
    confirmed_at: datetime | None


def visible_to(user: User) -> QuerySet[Restriction]:
    """Return the restrictions of the cases that `user` sees; none without `view_restriction`."""
    if not access.has(user, "restrictions.view_restriction"):
        return Restriction.objects.none()
    return Restriction.objects.filter(case__in=cases.visible_to(user))


def preservations_visible_to(user: User) -> QuerySet[Preservation]:
    """Return the preservations of the cases that `user` sees; none without `view_restriction`."""
    if not access.has(user, "restrictions.view_restriction"):
        return Preservation.objects.none()
    return Preservation.objects.filter(case__in=cases.visible_to(user))


def restriction_for(user: User, pk: int) -> Restriction:
    """Return one restriction, or raise NotFound for a missing and a foreign one alike."""
    found = visible_to(user).select_related("case").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def in_force(case: Case) -> QuerySet[Restriction]:
    """Return what stands against accounts of a case, ordered or confirmed, whoever asks."""
    return Restriction.objects.filter(case=case, state__in=STANDING).order_by("-level", "pk")


def of_case(case: Case) -> QuerySet[Restriction]:
    """Return every restriction of a case, lifted ones too, the newest first, whoever asks."""
    return Restriction.objects.filter(case=case).order_by("-imposed_at", "-pk")


def not_lifted(case_ids: Iterable[int], indexes: Iterable[bytes]) -> QuerySet[Restriction]:
    """Return what is not lifted in these cases on accounts of these blind indexes, whoever asks."""
    rows = Restriction.objects.filter(case__in=list(case_ids), account_index__in=list(indexes))
    return rows.exclude(state=RestrictionState.LIFTED)


def preservations_of(case: Case) -> QuerySet[Preservation]:
    """Return the preservations of a case, the newest first, whoever asks."""
    return Preservation.objects.filter(case=case).order_by("-started_at", "-pk")


def running_preservations(case_ids: Iterable[int], indexes: Iterable[bytes]) -> QuerySet[Preservation]:
    """Return the preservations that have not ended in these cases on these accounts, whoever asks."""
    rows = Preservation.objects.filter(case__in=list(case_ids), account_index__in=list(indexes))
    return rows.exclude(state=PreservationState.ENDED)


def impositions_of(restriction: Restriction) -> QuerySet[Imposition]:
    """Return the steps of a restriction, the first one first."""
    return Imposition.objects.filter(restriction=restriction).select_related("by").order_by("pk")


def commands_of(restriction: Restriction) -> QuerySet[Command]:
    """Return what the platform was told about a restriction, the first one first."""
    return Command.objects.filter(restriction=restriction).select_related("message").order_by("pk")


def on_intake(at: datetime | None = None) -> OnIntake | None:
    """Return the step that a flag of high severity brings, and the row that says so; None where none does."""
    row = policy.ladder(at).filter(on_intake=True).first()
    return OnIntake(row.step, f"{row.pack} {row.code}") if row else None


def step_on_intake(at: datetime | None = None) -> str | None:
    """Return the step that a flag of high severity brings, or None where policy gives none."""
    found = on_intake(at)
    return found.step if found else None


def timings(case_ids: Iterable[int]) -> dict[int, Times]:
    """Return, by case, when its first restriction was imposed and confirmed: for statistics."""
    rows = Imposition.objects.filter(restriction__case__in=list(case_ids)).order_by("-at")
    found = rows.values_list("restriction__case_id", "at", "restriction__confirmed_at")
    return {case: Times(at, confirmed) for case, at, confirmed in found}
