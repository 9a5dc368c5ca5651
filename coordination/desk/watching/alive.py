"""The dead man's switch: a monitor outside asks whether all of it lives, and learns nothing else."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from coordination.core import clock
from coordination.core.rules import declares, nobody
from coordination.desk.watching.looking import PAGE_WAITS, SILENT, WATCHDOG
from coordination.oncall import selectors as oncall
from coordination.oncall.services import CLIMBING
from coordination.outbox import selectors as outbox

WATCHED_WITHIN: Final = timedelta(minutes=3)


@declares(GET=nobody("No person: a monitor outside, by a token of its own; for all others it is not there."))
@require_safe
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    """Answer 200 while workers, climbing and watchdog give signs, else 503; 404 without the token."""
    token = settings.WATCHDOG["token"]
    given = request.headers.get("Authorization", "")
    if not token or not constant_time_compare(given, f"Bearer {token}"):
        raise Http404
    well = is_well()
    return HttpResponse(
        "alive\n" if well else "not alive\n", status=200 if well else 503, content_type="text/plain"
    )


def is_well() -> bool:
    """Tell whether workers, climbing and the watchdog were lately alive, and no page waits to climb."""
    now = clock.now()
    try:
        beats = oncall.beats()
        checks: tuple[Callable[[], bool], ...] = (
            lambda: _lately(outbox.workers_seen(), SILENT, now),
            lambda: _lately(beats.get(CLIMBING), SILENT, now),
            lambda: _lately(beats.get(WATCHDOG), WATCHED_WITHIN, now),
            lambda: oncall.overdue(now, PAGE_WAITS) == 0,
        )
        return all(check() for check in checks)
    except DatabaseError:
        return False


def _lately(seen: datetime | None, within: timedelta, now: datetime) -> bool:
    # A sign from the future was given before the clock was set back, and says nothing.
    return seen is not None and -within <= now - seen <= within
