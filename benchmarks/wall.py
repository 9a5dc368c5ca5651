"""What the second wall costs: a transaction that reads as the partner role against the same one without.

In one run, on one machine, against the configured database, alternating: the median of each, and their ratio.
Run it on a migrated database: python -m benchmarks.wall [transactions]
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import django

AGENCY = 1


def main(transactions: int) -> None:
    """Time both in turn and print them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    django.setup()
    from django.db import transaction

    from coordination.core import wall
    from coordination.outbox import selectors

    def timed(around: Callable[[], AbstractContextManager[None]]) -> float:
        began = time.perf_counter()
        with around():
            list(selectors.for_agency(AGENCY).values("id", "reference", "delivery__state")[:50])
        return time.perf_counter() - began

    without, behind = [], []
    for number in range(transactions + 50):
        pair = timed(transaction.atomic), timed(lambda: wall.behind(AGENCY))
        if number >= 50:  # the first ones fill caches
            without.append(pair[0])
            behind.append(pair[1])
    plain, walled = statistics.median(without) * 1000, statistics.median(behind) * 1000
    print(f"without the wall {plain:.2f} ms, behind it {walled:.2f} ms: x {walled / plain:.2f}")
    print(f"the wall costs {walled - plain:.2f} ms a request (medians of {transactions})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
