"""Two transactions that wait for each other: the database ends one of them, and its deed is done anew."""

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from django.db import OperationalError, connection

Result = TypeVar("Result")
TRIES: Final = 3
# deadlock_detected, serialization_failure (PostgreSQL, appendix A).
ENDED_BY_THE_DATABASE: Final = frozenset({"40P01", "40001"})


def outlasting(deed: Callable[[], Result]) -> Result:
    """Return what `deed` returns, done again where the database ended it to free another.

    `deed` must be one transaction and read anew what it works on. Raises what the last try raised. Inside a
    transaction it is tried once: only the outermost one can be done again.
    """
    for number in range(1, TRIES + 1):
        try:
            return deed()
        except OperationalError as error:
            state = getattr(error.__cause__, "sqlstate", None)
            if state not in ENDED_BY_THE_DATABASE or number == TRIES or connection.in_atomic_block:
                raise
        time.sleep(random.uniform(0.01, 0.05) * number)  # noqa: S311  # nosec B311 - no secret: who goes first
    raise AssertionError("unreachable")
