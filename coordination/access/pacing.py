"""Opening a record: recorded before it is shown, counted, and refused for a while to who opens too many."""

from datetime import datetime

from django.http import HttpRequest
from django.template.response import TemplateResponse

from coordination.access import services
from coordination.core import clock
from coordination.ledger import services as ledger


def record_reading(request: HttpRequest, action: str, *, subject: str) -> None:
    """Record that a person reads sealed content of `subject`, and count it where it is another record."""
    by = services.person(request.user)
    if ledger.record_reading(action, subject=subject, by=by):
        services.count_reading(by)


def paced(request: HttpRequest, again: datetime) -> TemplateResponse:
    """Return 429 with when to come back: `again`, in UTC."""
    seconds = max(1, int((again - clock.now()).total_seconds()) + 1)
    answer = TemplateResponse(request, "access/paced.html", {"again": again}, status=429)
    answer["Retry-After"] = str(seconds)
    answer["Cache-Control"] = "no-store"
    return answer
