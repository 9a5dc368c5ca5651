"""What comes with a flag and must never keep it out: tried for all, else for each, else a person is asked."""

import logging
from collections.abc import Callable, Sequence

from django.db import transaction

from coordination.triage.models import Flag

logger = logging.getLogger(__name__)


def try_all(flags: Sequence[Flag], do: Callable[[Sequence[Flag]], None]) -> list[Flag]:
    """Do something for flags, all or nothing; where it fails, for each alone. Return those that it fails for.

    Nothing of a failure stays, but for the log: the caller asks people to do it.
    """
    if not flags or _done(flags, do):
        return []
    return [each for each in flags if len(flags) == 1 or not _done([each], do)]


def _done(flags: Sequence[Flag], do: Callable[[Sequence[Flag]], None]) -> bool:
    try:
        with transaction.atomic():
            do(flags)
    except Exception:
        logger.exception("%s failed for %d flags", do.__name__, len(flags))
        return False
    return True
