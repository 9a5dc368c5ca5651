"""The platform's own preservation: ordered at once, for as long as the clock of policy says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import bulk, clock
from coordination.core.fields import number
from coordination.ledger import services as ledger
from coordination.policy import engine
from coordination.policy import selectors as policy
from coordination.restrictions import selectors
from coordination.restrictions.models import Preservation
from coordination.restrictions.services import commands
from coordination.restrictions.services.words import account_of, one_at_a_time, permitted, said
from coordination.restrictions.workflow import PRESERVATION, Action, PreservationState, PreservationVerb

PRESERVE: Final = "restrictions.preserve_account"
CLOCK: Final = "policy.own-preservation"


@dataclass(frozen=True, kw_only=True)
class Preserving:
    """One preservation to order. `about` names what it follows from, such as triage.flag:…."""

    case: Case
    account: str
    reason: str
    about: str = ""


def preserve(
    case: Case, *, account: str, reason: str, by: User | None = None, about: str = ""
) -> Preservation:
    """Have the platform keep what an account of a case holds; the preservation that runs is returned.

    One that waits for its review runs again, from now. Raises InvalidInput naming `account` or `reason`.
    """
    return preserve_many([Preserving(case=case, account=account, reason=reason, about=about)], by=by)[0]


@transaction.atomic
def preserve_many(rows: Sequence[Preserving], *, by: User | None = None) -> list[Preservation]:
    """As `preserve`, for many at once, in their order: a handful of statements, however many rows."""
    checked = [_checked(each, by) for each in rows]
    one_at_a_time(each.account for each in checked)
    found = _running(checked)
    due, authority = _until()
    fresh: list[Preservation] = []
    done: list[Preservation] = []
    for row in checked:
        standing = next((found[key] for key in _keys(row) if key in found), None)
        if standing is None:
            standing = _new(row, due=due, authority=authority, by=by)
            found[row.case.pk, bytes(standing.account_index)] = standing
            fresh.append(standing)
        elif standing.state == PreservationState.REVIEW:
            run_on(standing, case=row.case, by=by, reason=row.reason)
        done.append(standing)
    number(fresh)
    bulk.insert(fresh)
    tell(fresh, by)
    return done


def run_on(locked: Preservation, *, case: Case, by: User | None, reason: str) -> None:
    """Let a locked preservation run from now on, by the clock of policy; its review ends."""
    locked.state = PRESERVATION.after(locked.state, PreservationVerb.EXTEND)
    locked.until, locked.authority = _until()
    locked.confirmed_at = None
    locked.save(update_fields=["state", "until", "authority", "confirmed_at"])
    commands.supersede(locked)
    commands.queue([command_for(locked)])
    cases.end_tasks(about=locked.origin, outcome="It runs on.", by=by)
    ledger.record(
        "restrictions.preservation_extended",
        subject=case.reference,
        by=by,
        details={
            "preservation": locked.pk,
            "until": ledger.timestamp(locked.until),
            "reason_digest": ledger.digest(reason),
        },
    )
    cases.add_event(
        case,
        kind="restrictions.preservation_extended",
        title="The preservation runs on",
        by=by,
        detail=reason,
        about=locked.origin,
    )


def _checked(row: Preserving, by: User | None) -> Preserving:
    permitted(row.case, by, PRESERVE)
    return Preserving(
        case=row.case,
        account=account_of(row.case, row.account, by)
        if by is not None
        else said("account", row.account, 500),
        reason=said("reason", row.reason),
        about=row.about,
    )


def _running(rows: Sequence[Preserving]) -> dict[tuple[int, bytes], Preservation]:
    indexes = [index for each in rows for index in case_selectors.account_indexes(each.account)]
    running = selectors.running_preservations({each.case.pk for each in rows}, indexes)
    return {
        (each.case_id, bytes(each.account_index)): each for each in running.select_for_update(of=("self",))
    }


def _keys(row: Preserving) -> list[tuple[int, bytes]]:
    return [(row.case.pk, index) for index in case_selectors.account_indexes(row.account)]


def _until() -> tuple[datetime, str]:
    due, _ = engine.deadline(CLOCK, clock.now())
    return due, f"{policy.clock_row(CLOCK).pack} {CLOCK}"


def _new(row: Preserving, *, due: datetime, authority: str, by: User | None) -> Preservation:
    return Preservation(
        case=row.case,
        account=row.account,
        account_index=case_selectors.account_index(row.account),
        reason=row.reason,
        authority=authority,
        about=row.about,
        by=by,
        started_at=clock.now(),
        until=due,
    )


def tell(fresh: Sequence[Preservation], by: User | None) -> None:
    """Insert the commands, the entries and the lines of the timeline."""
    commands.queue([command_for(each) for each in fresh])
    ledger.record_many(
        [
            ledger.entry(
                "restrictions.preserved",
                subject=each.case.reference,
                by=by,
                details={
                    "preservation": each.pk,
                    "authority": each.authority,
                    "until": ledger.timestamp(each.until),
                    "about": each.about,
                    "reason_digest": ledger.digest(each.reason),
                },
            )
            for each in fresh
        ]
    )
    cases.add_events(
        [
            cases.NewEvent(
                case=each.case,
                kind="restrictions.preserved",
                title=f"Preservation ordered, until {each.until:%Y-%m-%d}",
                by=by,
                detail=each.reason,
                about=each.origin,
            )
            for each in fresh
        ]
    )


def command_for(preservation: Preservation) -> commands.Wanted:
    """Return the command to keep it until its date."""
    return commands.Wanted(
        action=Action.PRESERVE,
        about=preservation,
        reason_code=commands.KEPT,
        authority=preservation.authority,
        expires_at=preservation.until,
    )
