"""News from the partners, in the transaction that tells it: who is suspended is handed nothing any more."""

from typing import Any

from django.dispatch import receiver

from coordination.access.services import User
from coordination.datarequests import selectors, services
from coordination.partners import selectors as partners
from coordination.partners.services import Agency, Officer
from coordination.partners.signals import agency_settled, officer_settled, officer_stopped


@receiver(agency_settled, dispatch_uid="datarequests.follow_agency")
@receiver(officer_settled, dispatch_uid="datarequests.follow_officer")
def follow_suspension(sender: Any, *, agency: Agency, by: User | None = None, **_: Any) -> None:  # noqa: ARG001
    """Void what counsel signed for whoever does not stand any more."""
    is_open = partners.is_open(agency)
    for request in selectors.of_agency(agency).select_related("officer__user", "officer__agency"):
        officer = request.officer
        if not is_open or (officer is not None and not services.standing(officer).verified):
            services.follow_suspension(request, by=by)


@receiver(officer_stopped, dispatch_uid="datarequests.follow_officer_stopped")
def follow_officer(sender: Any, *, officer: Officer, by: User | None = None, **_: Any) -> None:
    """Void what counsel signed for an officer who left, was suspended, or whose verification ended."""
    follow_suspension(sender, agency=officer.agency, by=by)
