"""The page in place of a record, for who opened too many in a short time."""

from datetime import datetime

from django.http import HttpRequest
from django.template.response import TemplateResponse

from coordination.core import clock


def paced(request: HttpRequest, again: datetime) -> TemplateResponse:
    """Return 429 with when to come back: `again`, in UTC."""
    seconds = max(1, int((again - clock.now()).total_seconds()) + 1)
    answer = TemplateResponse(request, "access/paced.html", {"again": again}, status=429)
    answer["Retry-After"] = str(seconds)
    answer["Cache-Control"] = "no-store"
    return answer
