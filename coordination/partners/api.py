"""What every view for partners derives from: the caller's agency, and the wall around the handler."""

from functools import partial
from typing import Any

from rest_framework.request import Request

from coordination.core import wall
from coordination.core.errors import NotPermitted
from coordination.core.rules import Records
from coordination.partners.models import Agency
from coordination.rest import callers
from coordination.rest.views import ApiView, GenericApiView


def agency_of(request: Request) -> Agency | None:
    """Return the agency that the caller may act for, as it stood when the request began; None without one."""
    found = callers.standing(request).acts_for
    return found if isinstance(found, Agency) else None


class PartnerView(ApiView):
    """A view for the officers of an agency. Its handlers run behind the wall (coordination.core.wall).

    `agency` is the caller's. What a handler writes, services write `with wall.outside()`, about what a query
    behind the wall has found. Somebody who is no officer now is refused before a kept answer is repeated.
    """

    agency: Agency
    records = Records.OF_AGENCY

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, find the agency, and put the wall around the handler."""
        name = (request.method or "").lower()
        handler = getattr(self, name, None)
        if handler is not None:
            # Before the transaction of an Idempotency-Key goes around it: that record is the application's.
            vars(self)[name] = partial(self._behind, handler)
        super().initial(request, *args, **kwargs)
        agency = agency_of(request)
        if agency is None:
            raise NotPermitted
        self.agency = agency

    def _behind(self, handler: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        with wall.behind(self.agency.pk):
            return handler(request, *args, **kwargs)


class GenericPartnerView(PartnerView, GenericApiView):
    """PartnerView with a query set, a serializer and pages."""
