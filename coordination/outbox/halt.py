"""How a process is told to stop: what is in hand may finish, nothing new is begun."""

import threading
import time
from typing import Final


class Halt:
    """Set once. After `left()` has run out, what still runs is broken off and recorded as it stands."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._until = float("inf")

    def ask(self, grace: float) -> None:
        """Ask everybody to stop within `grace` seconds; the first asking counts."""
        if not self._asked.is_set():
            self._until = time.monotonic() + grace
            self._asked.set()

    @property
    def asked(self) -> bool:
        """Whether nothing new may be begun."""
        return self._asked.is_set()

    def left(self) -> float:
        """Return the seconds until what still runs is broken off; infinite while nobody asked."""
        return self._until - time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Sleep, but wake when asked to stop; tell whether that was so."""
        return self._asked.wait(seconds)


NEVER: Final = Halt()
