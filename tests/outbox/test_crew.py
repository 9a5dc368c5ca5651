"""The crew of a plugin host: one thread for a fast partner, all that are allowed for a slow one."""

import threading
import time

from coordination.outbox.hosts.crew import TICK_SECONDS, Crew


class Work:
    """Notes what was carried and how many threads were at it at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.carried: list[int] = []
        self.at_once = self.most = 0
        self.lock = threading.Lock()

    def __call__(self, item: int) -> None:
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        time.sleep(self.seconds)
        with self.lock:
            self.at_once -= 1
            self.carried.append(item)


def test_every_item_is_carried_once_however_slow_the_work_is() -> None:
    for seconds in (0.0, 0.02):
        work = Work(seconds)
        Crew(range(40), work, most=8).run()
        assert sorted(work.carried) == list(range(40))


def test_slow_work_finds_all_threads_at_it_and_never_more() -> None:
    work = Work(TICK_SECONDS * 20)
    Crew(range(12), work, most=5).run()
    assert work.most == 5


def test_a_single_item_is_carried_by_the_caller_itself() -> None:
    seen: list[threading.Thread] = []
    Crew([1], lambda _: seen.append(threading.current_thread()), most=8).run()
    assert seen == [threading.current_thread()]


def test_no_item_is_no_work() -> None:
    Crew([], Work(0), most=8).run()


def test_one_that_hangs_does_not_keep_the_others() -> None:
    release, carried = threading.Event(), []

    def carry(item: int) -> None:
        if item == 0:
            release.wait(10)
        carried.append(item)
        if len(carried) == 9:
            release.set()

    Crew(range(10), carry, most=4).run()
    assert carried[-1] == 0
