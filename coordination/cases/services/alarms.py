"""What those who keep the installation are told at once: nothing can be kept, or nobody outside stamps it."""

import logging
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError

from coordination.access.services import Role
from coordination.cases.services.tasks import end_tasks, open_task

logger = logging.getLogger(__name__)

STORE: Final = "evidence.store"
PACKAGES: Final = "cases.packages"
ANCHORS: Final = "ledger.anchors"
NO_ROOM: Final = "no_room"
UNANCHORED: Final = "unanchored"
_GOES_ON = (
    " Nothing half-written counts, and whoever tried was told. Once there is room it works again: let them"
    " try, then complete this task."
)


@dataclass(frozen=True)
class Alarm:
    """What is told of one place: the kind of task, its title, and what to do."""

    kind: str
    title: str
    instructions: str
    priority: str = "P0"
    role: str = Role.ADMINISTRATOR


WHERE = {
    STORE: Alarm(
        NO_ROOM,
        "Exhibits cannot be kept",
        f"Make room in the store for exhibits (EVIDENCE_DIR, or the bucket).{_GOES_ON}",
    ),
    PACKAGES: Alarm(
        NO_ROOM,
        "A package could not be written",
        f"Make room in the folder that packages are written to.{_GOES_ON}",
    ),
    ANCHORS: Alarm(
        UNANCHORED,
        "The ledger gets no time stamp",
        "Look at the authority (LEDGER_AUTHORITY_URL, _ROOTS and _POLICY). Until it gives a stamp that holds,"
        " new entries are shown as unanchored; it is asked again every few minutes, and this task ends with"
        " its next good stamp.",
        priority="normal",
    ),
}


def alarm(where: str, reason: str) -> None:
    """Open one task for the administrators; a database without room for that either leaves the log."""
    told = WHERE[where]
    kind = told.kind
    logger.error("%s: %s", told.title, reason)
    try:
        open_task(
            None,
            kind=kind,
            title=f"{told.title}: {reason}"[:200],
            instructions=told.instructions,
            role=told.role,
            about=where,
            priority=told.priority,
        )
    except DatabaseError:
        logger.exception("The alarm could not be recorded.")


def all_clear(where: str, outcome: str) -> None:
    """End the task that an alarm opened, because what it was about works again."""
    end_tasks(about=where, outcome=outcome, by=None)
