"""Entries on the process's output, for a system of its own that keeps logs (ASVS V16.4.3).

Whoever breaks in here cannot take back there what was said before. Entries hold no personal data, so that
they may leave; they are told once they are committed.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction

LOG = logging.getLogger(__name__.replace("telling", "entries"))


def tell(entries: list[bytes], *, using: str) -> None:
    """Write each entry (canonical JSON) as a line, after the commit, where LEDGER_TO_LOG is on."""
    if settings.LEDGER_TO_LOG and entries:
        transaction.on_commit(partial(_write, entries), using=using)


def tell_joined(parameters: Mapping[str, Any], ids: Sequence[int], *, using: str) -> None:
    """Write the entry that JOINED made of these parameters and of the ids that its statement took."""
    if ids:
        taken = ",".join(map(str, sorted(ids)))
        tell([f"{parameters['ledger_head']}{taken}{parameters['ledger_tail']}".encode()], using=using)


def _write(entries: list[bytes]) -> None:
    for each in entries:
        LOG.info("%s", each.decode())
