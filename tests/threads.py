"""Acts at the same moment, each on a connection of its own."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run acts in threads that start together; return what each gave, or the exception that it raised."""
    start, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            results[number] = act()
        except Exception as error:  # noqa: BLE001 - handed to the test
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


class Beside:
    """An act on a connection of its own, beside what the test does."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act
        self.outcome: Any = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.outcome = self.act()
        except Exception as error:  # noqa: BLE001 - raised again in the test
            self.outcome = error
        finally:
            connections.close_all()

    def result(self) -> Any:
        self.thread.join(20)
        assert not self.thread.is_alive()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome
