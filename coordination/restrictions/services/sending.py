"""Commands out: what waits is rendered, frozen and let out under its standing order, one transaction each.

A command that cannot be made stays queued and is tried again; nothing is lost, and one task says why.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from coordination.access.services import Role
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.channels import PlatformActionBody, PlatformVerb
from coordination.channels.messages import MessageKind
from coordination.core import clock
from coordination.core.errors import Conflict, Refused
from coordination.ledger import services as ledger
from coordination.outbox import services as outbox
from coordination.partners.services import Destination
from coordination.restrictions import selectors
from coordination.restrictions.models import Command, Preservation, Restriction
from coordination.restrictions.services import commands
from coordination.restrictions.workflow import (
    COMMAND,
    LEVEL,
    STANDING,
    Action,
    CommandState,
    CommandVerb,
    PreservationState,
)

logger = logging.getLogger(__name__)

AT_ONCE: Final = 200
AGAIN: Final = timedelta(minutes=1)
LANES: Final = ("P0", "normal")
CONNECT: Final = "connect_platform"
PLATFORM: Final = "restrictions.platform"
NO_WAY: Final = "No destination of the platform itself is open and confirmed."
HOW: Final = (
    "Commands to restrict, lift and preserve accounts wait; none is lost. Register the platform itself as an"
    " agency (kind: the platform itself), have another administrator verify it, and add its endpoint with the"
    " channel “Actions of the platform itself”, which another administrator confirms; or mend what the reason"
    " names. The task ends with the next command that is sent. docs/operations.md says more."
)


def wake_all() -> None:
    """Wake each lane that has something due: behind lost wake-ups."""
    for lane in LANES:
        if _due(lane).exists() or selectors.to_void(lane).exists():
            commands.wake(lane)


def send_due(lane: str) -> int:
    """Send what is due in a lane, AT_ONCE at most; return how many. What cannot be sent now waits."""
    for superseded in selectors.to_void(lane)[:AT_ONCE]:
        _void(superseded)
    sent = 0
    while sent < AT_ONCE:
        try:
            if not _send_one(lane):
                break
        except _CannotBeSent as error:
            _postpone(error)
            if error.closed:
                break
        else:
            sent += 1
    return sent


class _CannotBeSent(Exception):
    """A command cannot be made now. `closed`: nor can any other."""

    def __init__(self, command: Command, why: str, *, closed: bool = False) -> None:
        super().__init__(why)
        self.command = command
        self.closed = closed


def _due(lane: str) -> QuerySet[Command]:
    return selectors.due_commands(lane, clock.now())


@transaction.atomic
def _send_one(lane: str) -> bool:
    command = (
        _due(lane)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("case", "restriction", "preservation")
        .first()
    )
    if command is None:
        return False
    destination = selectors.platform_destination()
    if destination is None:
        raise _CannotBeSent(command, NO_WAY, closed=True)
    try:
        _let_out(command, destination)
    except (Refused, Conflict) as error:
        raise _CannotBeSent(command, str(error)) from error
    if case_selectors.open_task(CONNECT, PLATFORM) is not None:
        cases.end_tasks(about=PLATFORM, kind=CONNECT, outcome="Commands are sent again.", by=None)
    return True


def _let_out(command: Command, destination: Destination) -> None:
    message = outbox.prepare(
        command.case,
        kind=MessageKind.PLATFORM_ACTION,
        reference=command.reference,
        origin=command.origin,
        destination=destination,
        body=_body(command),
        by=None,
        lane=command.lane,
    )
    outbox.approve_by_order(message, digest=message.digest, authority=command.authority)
    command.message, command.state = message, COMMAND.after(command.state, CommandVerb.SEND)
    command.save(update_fields=["message", "state"])
    ledger.record(
        "restrictions.command_sent",
        subject=command.case.reference,
        by=None,
        details={"command": command.pk, "action": command.action, "digest": message.digest},
    )


def _body(command: Command) -> PlatformActionBody:
    """Return the command as the platform reads it. Raises Refused where its record does not bear it out."""
    about = command.restriction or command.preservation
    assert about is not None  # noqa: S101  # nosec B101 - the database has a constraint
    action, step, until = Action(command.action), "", command.expires_at
    if command.restriction is not None and action != Action.REPORT:
        action, step = _restricting(action, command.restriction)
    elif command.preservation is not None:
        action, until = _keeping(action, command.preservation, until)
    return PlatformActionBody(
        action=PlatformVerb(action.value),
        account=about.account,
        step=step,
        reason_code=command.reason_code,
        reference=command.reference,
        sequence=command.pk,
        expires_at=until,
        statement=command.statement or "",
    )


def _restricting(action: Action, restriction: Restriction) -> tuple[Action, str]:
    """Return what is imposed, or the lift where nothing is.

    Another case may hold something against the same account: what is left standing is imposed, not lifted.
    What stands is read of the restriction itself too, whatever its index says.
    """
    standing = restriction.state in STANDING
    if (action == Action.LIFT) == standing:
        raise Refused("What it asks for was never decided.", rule="restrictions.not-as-recorded")
    steps = [selectors.expected_step(restriction.account), restriction.step if standing else ""]
    step = max(steps, key=lambda each: LEVEL.get(each, 0))
    return (Action.IMPOSE, step) if step else (Action.LIFT, "")


def _keeping(
    action: Action, preservation: Preservation, until: datetime | None
) -> tuple[Action, datetime | None]:
    """Return what becomes of an account's data: kept for the longest that any case asks for, or deleted."""
    if action == Action.RELEASE and preservation.state != PreservationState.ENDED:
        raise Refused("What it asks for was never decided.", rule="restrictions.not-as-recorded")
    longest = selectors.kept(preservation.account).first()
    if longest is None:
        return action, until
    return Action.PRESERVE, max(longest.until, until or longest.until)


@transaction.atomic
def _postpone(error: _CannotBeSent) -> None:
    """Try again later, and say once what keeps commands from leaving."""
    now = clock.now()
    waiting = Command.objects.select_for_update(of=("self",), skip_locked=True)
    waiting = waiting.filter(state=CommandState.QUEUED, due_at__lte=now, lane=error.command.lane)
    if not error.closed:
        waiting = waiting.filter(pk=error.command.pk)
    for command in waiting[: AT_ONCE * 50]:
        command.due_at = now + AGAIN
        command.save(update_fields=["due_at"])
    logger.warning("a command to the platform waits: %s", error)
    cases.open_task(
        None,
        kind=CONNECT,
        title=f"Commands to the platform wait: {error}"[:200],
        instructions=HOW,
        role=Role.ADMINISTRATOR,
        about=PLATFORM,
        priority=error.command.lane,
    )


@transaction.atomic
def _void(command: Command) -> None:
    """Stop what a later command took the place of, where it has not left."""
    outbox.void_unsent(command.origin, by=None, reason="A later command took its place.")
