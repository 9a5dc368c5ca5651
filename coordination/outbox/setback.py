"""After the machine's clock was set back: what waits for a time that was wrong is due now.

A delivery that was made or tried while the clock was an hour ahead would wait for that hour, and a lease that
was written then would outlive its worker by it. A jump forward needs nothing: what is due earlier is tried
earlier, once, and its next try is as far away as ever.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from coordination.core import clock

logger = logging.getLogger(__name__)

# Clocks that are slewed differ by less, and NTP steps by less than this only at a start.
NOTICED: Final = timedelta(seconds=30)
# No lease is as long: a worker that lives holds its own by another clock, and for less.
LONGEST_LEASE: Final = timedelta(minutes=15)

DELIVERIES: Final = """
    UPDATE outbox_delivery d
    SET due_at = %(now)s, trying_since = least(d.trying_since, %(now)s)
    WHERE d.state = 'queued' AND d.due_at > %(now)s AND (
        d.created_at > %(noticed)s OR EXISTS (
            SELECT FROM outbox_attempt a WHERE a.delivery_id = d.id AND a.finished_at > %(noticed)s
        )
    )
"""
LEASES: Final = """
    UPDATE outbox_delivery SET lease_until = %(now)s + %(longest)s
    WHERE state = 'sending' AND lease_until > %(now)s + %(longest)s
"""


@dataclass
class Watch:
    """Notices that the clock was set back since the last look, by a clock that nobody sets."""

    wall: datetime | None = None
    steady: float = 0.0

    def was_set_back(self, wall: datetime, steady: float) -> bool:
        """Tell whether less time went by on the wall than went by; true at the first look, too."""
        before, since = self.wall, self.steady
        self.wall, self.steady = wall, steady
        return before is None or wall < before + timedelta(seconds=steady - since) - NOTICED


WATCH: Final = Watch()


def mend(watch: Watch = WATCH) -> int:
    """Let what waits for a wrong time be due, once after each jump back; return how many deliveries."""
    now = clock.now()
    if not watch.was_set_back(now, clock.steady()):
        return 0
    values: dict[str, Any] = {"now": now, "noticed": now + NOTICED, "longest": LONGEST_LEASE}
    with connection.cursor() as cursor:
        cursor.execute(DELIVERIES, values)
        found: int = cursor.rowcount
        cursor.execute(LEASES, values)
        found += cursor.rowcount
    if found:
        logger.warning("the clock was set back: %d deliveries wait no longer for a wrong time", found)
    return found
