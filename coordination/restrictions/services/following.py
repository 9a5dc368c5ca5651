"""What became of a command: the platform's own word, or a person who did it by hand."""

from datetime import datetime
from typing import Final

from django.db import transaction

from coordination.access import markup
from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import IllegalTransition
from coordination.ledger import services as ledger
from coordination.policy import engine
from coordination.restrictions import selectors
from coordination.restrictions.models import Command, Preservation, Restriction
from coordination.restrictions.services.drift import note_in_force
from coordination.restrictions.services.imposing import IMPOSE
from coordination.restrictions.services.words import permitted, said
from coordination.restrictions.signals import (
    preservation_done,
    restriction_confirmed,
    restriction_lifted,
)
from coordination.restrictions.workflow import (
    COMMAND,
    RESTRICTION,
    Action,
    CommandState,
    CommandVerb,
    RestrictionState,
    RestrictionVerb,
)

CONFIRM_CLOCK: Final = "policy.restriction-confirm"
BY_HAND: Final = "restrict_by_hand"
AT_ONCE: Final = 100
_ENDED = (CommandState.CONFIRMED, CommandState.SUPERSEDED)


@transaction.atomic
def follow_delivery(
    command: Command, *, state: str, in_force: str | None = None, at: datetime | None = None
) -> None:
    """Follow the delivery of a command: carried out, refused, or failed on the way.

    `in_force` is the step that the platform says it has, "" for none, None where it says nothing.
    """
    locked = _locked(command)
    if locked.state in _ENDED:
        return
    if state == "acknowledged":
        _confirm(locked, by=None, how="platform", in_force=in_force, at=at)
    elif state in ("rejected", "failed", "void") and locked.state == CommandState.SENT:
        locked.state = COMMAND.after(locked.state, CommandVerb.FAIL)
        locked.save(update_fields=["state"])
        _trace("restrictions.command_failed", locked, by=None, delivery=state)


@transaction.atomic
def confirm_by_hand(command: Command, *, by: User, how: str) -> Command:
    """Record that a person did by hand, in the platform's own tools, what a command asks for.

    Raises IllegalTransition where it was confirmed, or a later command took its place.
    """
    permitted(command.case, by, IMPOSE)
    words = said("how", how)
    locked = _locked(command)
    if locked.state in _ENDED:
        raise IllegalTransition(locked.state, "confirm")
    _confirm(locked, by=by, how="hand", in_force=None, at=None, detail=words)
    return locked


def chase() -> int:
    """Ask a person to do by hand what the platform did not confirm in time; return how many were asked.

    In time is within the clock of policy. For a periodic job. P0 where somebody is to be restricted.
    """
    now = clock.now()
    asked = 0
    for command in selectors.open_commands(now)[:AT_ONCE]:
        if engine.deadline(CONFIRM_CLOCK, command.created_at).due <= now:
            asked += _ask(command)
    return asked


@transaction.atomic
def _ask(command: Command) -> int:
    locked = _locked(command)
    if locked.state in _ENDED or locked.asked_at is not None:
        return 0
    locked.asked_at = clock.now()
    locked.save(update_fields=["asked_at"])
    what = " ".join(filter(None, [locked.action, locked.step and markup.words(locked.step)]))
    cases.open_task(
        locked.case,
        kind=BY_HAND,
        title=f"Not confirmed by the platform: {what} ({locked.reference})"[:200],
        role=Role.SAFETY_LIAISON,
        instructions="The platform has not confirmed this in time. Do it by hand in the platform's own tools,"
        " then record that on the page of the restriction. A late confirmation ends this task too.",
        about=locked.origin,
        priority="P0" if locked.action == Action.IMPOSE else locked.lane,
    )
    _trace("restrictions.command_unconfirmed", locked, by=None)
    return 1


def _confirm(
    locked: Command, *, by: User | None, how: str, in_force: str | None, at: datetime | None, detail: str = ""
) -> None:
    now = clock.now()
    locked.state, locked.ended_at = COMMAND.after(locked.state, CommandVerb.CONFIRM), now
    locked.save(update_fields=["state", "ended_at"])
    _trace("restrictions.command_confirmed", locked, by=by, how=how)
    cases.end_tasks(about=locked.origin, outcome="It was confirmed.", by=by)
    if locked.restriction is not None:
        _confirm_restriction(locked, locked.restriction, by=by, detail=detail)
        if in_force is not None:
            note_in_force(locked.restriction, step=in_force, at=at or now)
    elif locked.preservation is not None and locked.action == Action.PRESERVE:
        _confirm_preservation(locked.preservation, by=by, detail=detail)


def _confirm_restriction(command: Command, restriction: Restriction, *, by: User | None, detail: str) -> None:
    lifting = command.action == Action.LIFT and restriction.state == RestrictionState.LIFTING
    imposing = command.action == Action.IMPOSE and restriction.state == RestrictionState.ORDERED
    if not lifting and not imposing:
        return
    restriction.state = RESTRICTION.after(restriction.state, RestrictionVerb.CONFIRM)
    field = "lifted_at" if lifting else "confirmed_at"
    setattr(restriction, field, clock.now())
    restriction.save(update_fields=["state", field])
    what = "The restriction is lifted" if lifting else f"In force: {markup.words(restriction.step)}"
    cases.add_event(
        command.case,
        kind=f"restrictions.{restriction.state}",
        title=what,
        by=by,
        detail=detail,
        about=restriction.origin,
    )
    news = restriction_lifted if lifting else restriction_confirmed
    news.send(sender=Restriction, restriction=restriction)


def _confirm_preservation(preservation: Preservation, *, by: User | None, detail: str) -> None:
    preservation.confirmed_at = clock.now()
    preservation.save(update_fields=["confirmed_at"])
    cases.add_event(
        preservation.case,
        kind="restrictions.preservation_done",
        title=f"Preserved until {preservation.until:%Y-%m-%d}",
        by=by,
        detail=detail,
        about=preservation.origin,
    )
    preservation_done.send(sender=Preservation, preservation=preservation)


def _locked(command: Command) -> Command:
    """Return the command, locked, and what it is about, locked before it: as whoever imposes locks them."""
    if command.restriction_id is not None:
        Restriction.objects.select_for_update(of=("self",)).get(pk=command.restriction_id)
    elif command.preservation_id is not None:
        Preservation.objects.select_for_update(of=("self",)).get(pk=command.preservation_id)
    rows = Command.objects.select_for_update(of=("self",))
    return rows.select_related("case", "restriction__case", "preservation__case").get(pk=command.pk)


def _trace(action: str, command: Command, *, by: User | None, **details: ledger.Value) -> None:
    ledger.record(
        action,
        subject=command.case.reference,
        by=by,
        details={"command": command.pk, "action": command.action, "step": command.step, **details},
    )
