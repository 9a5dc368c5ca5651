"""Since when the bus stands still, for the banner on every page: one cheap look in some seconds."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from django.db import DatabaseError

from coordination.core import clock
from coordination.desk.watching.looking import last_sign

# A restart takes some seconds: longer silence is none.
SILENT: Final = timedelta(seconds=60)
LOOK_EVERY: Final = 5.0


@dataclass
class _Seen:
    """What the last look of this process found."""

    looked: float = float("-inf")
    sign: datetime | None = None
    lock: Lock = field(default_factory=Lock)


_seen = _Seen()


def since() -> datetime | None:
    """Return since when nothing gives a sign; None while it does, and where no worker ever ran here."""
    with _seen.lock:
        if time.monotonic() - _seen.looked >= LOOK_EVERY:
            try:
                _seen.sign = last_sign()
            except DatabaseError:
                return None  # the page will say so itself
            _seen.looked = time.monotonic()
        sign = _seen.sign
    return sign if sign is not None and clock.now() - sign > SILENT else None


def forget() -> None:
    """Look anew at the next page."""
    _seen.looked = float("-inf")
