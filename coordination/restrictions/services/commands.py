"""What the platform is told: a row in the transaction of the deed, and nothing rendered there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from django.db import transaction

from coordination.cases import services as cases
from coordination.core import bulk, clock, identifiers
from coordination.core.fields import number
from coordination.outbox import wakeup
from coordination.restrictions.models import Command, Preservation, Restriction
from coordination.restrictions.workflow import COMMAND, Action, CommandState, CommandVerb

# Why, in codes that the platform's systems act on; reasons in words stay on the desk.
AUTOMATIC: Final = "automatic_on_intake"
DECIDED: Final = "decided_by_a_person"
REINSTATED: Final = "reinstated_after_assessment"
KEPT: Final = "own_preservation"
LET_GO: Final = "preservation_ended"
STATED: Final = "statement_of_reasons"
LOOKED_AFTER: Final = "looked_after"


TASK: Final = "restrictions.send"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A command to queue, about a restriction or about a preservation."""

    action: Action
    about: Restriction | Preservation
    reason_code: str
    authority: str
    step: str = ""
    statement: str = ""
    expires_at: datetime | None = None


def wake_after_commit(lane: str) -> None:
    """Have what waits in a lane sent once the current transaction has committed; a sweep stands behind it."""
    transaction.on_commit(partial(wake, lane), robust=True)


def wake(lane: str) -> bool:
    """Defer the sending of a lane unless it is queued."""
    return wakeup.defer(TASK, lane=lane, lock=f"{TASK}:{lane}", arguments={"lane": lane})


def queue(wanted: Sequence[Wanted]) -> list[Command]:
    """Insert commands in one statement; what is older about the same record was superseded before."""
    now = clock.now()
    for lane in sorted({each.about.case.priority for each in wanted}):
        wake_after_commit(lane)
    rows = [_command(each, now) for each in wanted]
    number(rows)
    bulk.insert(rows)
    return rows


def supersede(about: Restriction | Preservation) -> None:
    """End the commands about a record that are not confirmed: what comes next takes their place.

    What of them has not left is stopped by the job that sends the next one: stopping it here would lock a
    delivery after the record, and the news of a delivery locks them the other way round.
    """
    field = "restriction" if isinstance(about, Restriction) else "preservation"
    open_ones = Command.objects.select_for_update(of=("self",)).filter(**{field: about})
    for command in open_ones.exclude(action=Action.REPORT).exclude(
        state__in=(CommandState.CONFIRMED, CommandState.SUPERSEDED)
    ):
        command.state = COMMAND.after(command.state, CommandVerb.SUPERSEDE)
        command.ended_at = clock.now()
        command.save(update_fields=["state", "ended_at"])
        cases.end_tasks(about=command.origin, outcome="A later command took its place.", by=None, cancel=True)


def _command(wanted: Wanted, now: datetime) -> Command:
    about = wanted.about
    return Command(
        reference=identifiers.reference("K"),
        case=about.case,
        restriction=about if isinstance(about, Restriction) else None,
        preservation=about if isinstance(about, Preservation) else None,
        action=wanted.action,
        step=wanted.step,
        statement=wanted.statement,
        reason_code=wanted.reason_code,
        authority=wanted.authority,
        lane=about.case.priority,
        expires_at=wanted.expires_at,
        created_at=now,
        due_at=now,
    )
