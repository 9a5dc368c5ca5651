"""What the second wall costs: a transaction that reads as the partner role against the same one without.

In one run, on one machine, against the configured database, alternating: the median of each, and their ratio.
It runs on the configured database, which is migrated: `python -m benchmarks.wall [--quick] [--json]`.
"""

import os
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import django

from benchmarks import report

AGENCY = 1


def main() -> None:
    """Time both in turn and print them."""
    options = report.options(__doc__, quick="200 transactions")
    transactions = 200 if options.quick else 1_000
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
    figures = {"transactions": transactions, "without_ms": plain, "behind_ms": walled}
    report.show("wall", figures=figures, ratios={"wall": walled / plain}, targets={}, as_json=options.json)


if __name__ == "__main__":
    main()
