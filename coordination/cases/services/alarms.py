"""What administrators are told at once: nothing can be kept where it has to be."""

import logging

from django.db import DatabaseError

from coordination.access.services import Role
from coordination.cases.services.tasks import open_task

logger = logging.getLogger(__name__)

STORE = "evidence.store"
PACKAGES = "cases.packages"
WHERE = {
    STORE: ("Exhibits cannot be kept", "Make room in the store for exhibits (EVIDENCE_DIR, or the bucket)."),
    PACKAGES: ("A package could not be written", "Make room in the folder that packages are written to."),
}


def alarm(where: str, reason: str) -> None:
    """Open one task for the administrators; a database without room for that either leaves the log."""
    title, instructions = WHERE[where]
    logger.error("%s: %s", title, reason)
    try:
        open_task(
            None,
            kind="no_room",
            title=f"{title}: {reason}"[:200],
            instructions=f"{instructions} Nothing half-written counts, and whoever tried was told. Once"
            " there is room it works again: let them try, then complete this task.",
            role=Role.ADMINISTRATOR,
            about=where,
            priority="P0",
        )
    except DatabaseError:
        logger.exception("The alarm could not be recorded.")
