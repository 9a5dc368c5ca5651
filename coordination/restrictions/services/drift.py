"""Drift: what the platform says is in force is held against what stands here; a difference is a task."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from coordination.access import markup
from coordination.access import services as access
from coordination.access.services import Role, User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotFound
from coordination.ledger import services as ledger
from coordination.policy import engine
from coordination.restrictions import selectors
from coordination.restrictions.models import Restriction
from coordination.restrictions.services import commands
from coordination.restrictions.services.words import one_at_a_time, permitted, said
from coordination.restrictions.workflow import LEVEL, STANDING, Action, RestrictionState

DRIFT: Final = "restriction_drift"
REPORT_CLOCK: Final = "policy.restriction-report"
SAY: Final = "restrictions.report_in_force"
ASK: Final = "restrictions.impose_restriction"
AT_ONCE: Final = 100
# Nobody is asked more often, whatever the clock of policy says.
_AT_MOST = timedelta(hours=1)


@transaction.atomic
def report_in_force(*, by: User, account: str, step: str, observed_at: datetime) -> list[Restriction]:
    """Take what the platform's own system says is in force on an account: a step, or "" for none.

    Held against every restriction of the account. Raises NotFound for an account that nothing was ever
    ordered about, and InvalidInput naming `account`, `step` or `observed_at`.
    """
    access.require(by, SAY)
    wanted = said("account", account, 500)
    if step and step not in LEVEL:
        raise InvalidInput("step", f"One of {', '.join(LEVEL)}, or empty for none.")
    clock.plausible("observed_at", observed_at)
    one_at_a_time([wanted])
    rows = selectors.of_account(case_selectors.account_indexes(wanted)).select_for_update(of=("self",))
    found = list(rows.select_related("case"))
    if not found:
        raise NotFound
    # One of them is enough to ask about: that which stands, else the newest.
    note_in_force(found[0], step=step, at=observed_at, by=by)
    return found


def note_in_force(restriction: Restriction, *, step: str, at: datetime, by: User | None = None) -> None:
    """Hold what the platform says against what stands; for a locked restriction, in the caller's transaction.

    Older news than what is on record changes nothing; nor does any while a command about it is open.
    """
    if restriction.reported_at is not None and at < restriction.reported_at:
        return
    restriction.reported_step, restriction.reported_at = step, at
    restriction.save(update_fields=["reported_step", "reported_at"])
    expected = selectors.expected_step(restriction.account)
    if selectors.has_open_command(restriction.account):
        return
    if step == expected:
        _agrees(restriction, by=by)
    else:
        _differs(restriction, expected=expected, found=step, by=by)


@transaction.atomic
def ask(restriction: Restriction, *, by: User | None) -> None:
    """Have the platform say what is in force on the account of a restriction."""
    permitted(restriction.case, by, ASK)
    if selectors.waits_for_report(restriction):
        return
    wanted = commands.Wanted(
        action=Action.REPORT, about=restriction, reason_code=commands.LOOKED_AFTER, authority=REPORT_CLOCK
    )
    commands.queue([wanted])


def ask_regularly() -> int:
    """Ask about what stands and was not reported for the clock of policy; return how many. For a job."""
    now = clock.now()
    asked = 0
    for restriction in selectors.reported_before(now - _AT_MOST)[:AT_ONCE]:
        since = restriction.reported_at or restriction.confirmed_at or restriction.imposed_at
        if engine.deadline(REPORT_CLOCK, since).due <= now:
            ask(restriction, by=None)
            asked += 1
    return asked


def _differs(restriction: Restriction, *, expected: str, found: str, by: User | None) -> None:
    # What another case has ordered is not said here: who works on this case may not know of that one.
    own = restriction.step if restriction.state in STANDING else ""
    _trace("restrictions.drift_found", restriction, by=by, expected=own, found=found)
    task = cases.open_task(
        restriction.case,
        kind=DRIFT,
        title=_title(own, found)[:200],
        role=Role.SAFETY_LIAISON,
        instructions="Find out who changed it there. Have it mended on the platform, or order it again on the"
        " page of the restriction; the task ends when the platform says what stands here.",
        about=restriction.origin,
        priority="P0" if LEVEL.get(found, 0) < LEVEL.get(expected, 0) else "normal",
    )
    restriction.drifted = True
    restriction.save(update_fields=["drifted"])
    cases.add_event(restriction.case, kind="restrictions.drift", title=task.title, about=restriction.origin)


def _title(own: str, found: str) -> str:
    here, there = (markup.words(step) if step else "nothing" for step in (own, found))
    if own == found:
        return f"The platform has {there} in force, which is not what it was told last"
    return f"The platform has {there} in force; here stands {here}"


def _agrees(restriction: Restriction, *, by: User | None) -> None:
    if restriction.drifted:
        restriction.drifted = False
        restriction.save(update_fields=["drifted"])
        _trace("restrictions.drift_ended", restriction, by=by)
        cases.end_tasks(about=restriction.origin, kind=DRIFT, outcome="The platform agrees again.", by=None)


def _trace(action: str, restriction: Restriction, *, by: User | None, **details: ledger.Value) -> None:
    ledger.record(
        action,
        subject=restriction.case.reference,
        by=by,
        details={"restriction": restriction.pk, "state": str(RestrictionState(restriction.state)), **details},
    )
