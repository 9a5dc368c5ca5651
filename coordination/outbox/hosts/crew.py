"""As many threads as the work's slowness asks for: one for a fast partner, more while none gets on.

Sixteen threads in one interpreter cost a fast partner more than they gain: 27 ms for a hundred POSTs to a
receiver that answers at once, against 11.5 ms with one (docs/decisions/0005). A receiver that takes 100 ms to
answer finds all of them at work within some twenty milliseconds.
"""

import threading
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
# Where nothing was finished for so long, twice as many threads take part.
TICK_SECONDS: Final = 0.005


class Crew(Generic[Item]):
    """Carries one batch. `carry` must not raise: what becomes of an item is its affair."""

    def __init__(self, items: Iterable[Item], carry: Callable[[Item], None], *, most: int) -> None:
        self.items: SimpleQueue[Item] = SimpleQueue()
        self.left = 0
        for item in items:
            self.items.put(item)
            self.left += 1
        self.carry, self.most = carry, min(most, self.left)
        self.threads = 0
        self.lock = threading.Lock()
        self.done = threading.Event()

    def run(self) -> None:
        """Return when every item was carried."""
        if self.most <= 1:
            self._work()
            return
        self._hire(1)
        before = self.left
        while not self.done.wait(TICK_SECONDS):
            if self.left == before:
                self._hire(self.threads)
            before = self.left

    def _hire(self, number: int) -> None:
        for _ in range(min(number, self.most - self.threads)):
            self.threads += 1
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                item = self.items.get_nowait()
            except Empty:
                return
            self.carry(item)
            with self.lock:
                self.left -= 1
                if not self.left:
                    self.done.set()
