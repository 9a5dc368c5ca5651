"""How far a long run is: one line that moves on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

BAR: Final = 40
EVERY_SECONDS: Final = 0.2
EVERY_ENTRIES: Final = 250_000


@dataclass
class Progress:
    """Tells people; what a run found goes elsewhere. Short runs write nothing. `moving` on a terminal."""

    write: Callable[[str], None]
    moving: bool
    began: float = field(default_factory=time.monotonic)
    shown: float = 0.0
    told: int = 0
    open: bool = False

    def __call__(self, done: int, total: int) -> None:
        """Hear how far it is."""
        if not self.moving:
            if done - self.told >= EVERY_ENTRIES:
                self.told = done
                self.write(f"{done:,} of {total:,} entries\n")
            return
        now = time.monotonic()
        if now - self.shown >= EVERY_SECONDS and now - self.began >= 1:
            self.shown, self.open = now, True
            part = min(1.0, done / total) if total else 1.0
            self.write(f"\r[{'#' * int(BAR * part):{BAR}}] {done:,} of {total:,} entries")

    def clear(self) -> None:
        """Take the bar away before a line is written."""
        if self.open:
            self.write("\r\033[K")
            self.open = False
