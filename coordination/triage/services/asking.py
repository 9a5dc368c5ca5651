"""Asking people to assess flags and to decide about them: at once where the criteria say so, else in turn."""

import logging
from collections.abc import Sequence
from datetime import datetime

from coordination.access import markup
from coordination.access.roles import Role
from coordination.cases import services as cases
from coordination.cases.services import NewDeadline, NewTask
from coordination.core import clock
from coordination.core.errors import InvalidInput
from coordination.policy import engine
from coordination.triage.models import Flag
from coordination.triage.services import reporting
from coordination.triage.workflow import Category, FlagState, Level

logger = logging.getLogger(__name__)

DECIDE_CLOCK = "policy.decide-high"
SENIOR, TIER_1 = "triage_senior", "triage_tier_1"
_LOOK = "Read the content with what stands around it, then decide; no action is a decision with reasons too."
_ASSESS = "Read the content with what stands around it; say of target, means and timing what is there."
_REPORT_FIRST = (
    "The CyberTipline report comes first (18 USC 2258A): here only the hold and the report number."
)
_UNKNOWN = "Its classifier is on no list of ours: nothing is known of how often it is wrong."


def ask(flag: Flag, *, assessed: str = "") -> None:
    """Open the task that a flag waits for: to assess it, and where that is done or passed over, to decide.

    High severity and what was opened again go to the second tier; so does what was `assessed`, at once where
    its level is high.
    """
    ask_all([flag], assessed=assessed)


def ask_all(flags: Sequence[Flag], *, assessed: str = "") -> None:
    """Open the tasks that flags wait for, those that are urgent with a clock."""
    first = reporting.open_first(flags)
    due = _start_clocks([each for each in flags if _is_urgent(each, assessed) and each.case is not None])
    tasks = [
        _decide(each, said, urgent=_is_urgent(each, assessed), due=due)
        if each.high_severity or assessed or each.state == FlagState.REOPENED
        else _assess(each, said)
        for each, said in ((each, _said(each, first=each in first)) for each in flags)
    ]
    cases.open_tasks(tasks, by=None)


def _is_urgent(flag: Flag, assessed: str) -> bool:
    return flag.high_severity or assessed == Level.HIGH


def _assess(flag: Flag, said: Sequence[str]) -> NewTask:
    return NewTask(
        case=flag.case,
        kind=TIER_1,
        title=f"Assess a flag: {_name(flag)}",
        role=Role.REVIEWER,
        instructions="\n".join([*said, _ASSESS]),
        about=flag.origin,
    )


def _decide(flag: Flag, said: Sequence[str], *, urgent: bool, due: datetime | None) -> NewTask:
    return NewTask(
        case=flag.case,
        kind=SENIOR,
        title=f"Decide about a flag: {_name(flag)}",
        role=Role.SENIOR_REVIEWER,
        instructions="\n".join([*said, _LOOK]),
        about=flag.origin,
        priority="P0" if urgent else "normal",
        due_at=due if urgent and flag.case is not None else None,
    )


def _name(flag: Flag) -> str:
    return markup.words(Category(flag.category))


def _said(flag: Flag, *, first: bool) -> list[str]:
    """Return what is read before the rest; a report that comes `first`, before all."""
    return [*([_REPORT_FIRST] if first else []), *([_UNKNOWN] if flag.unknown_classifier else [])]


def _start_clocks(flags: Sequence[Flag]) -> datetime | None:
    """Start the clocks of the decisions; return when they are due, None where no pack in force has one."""
    if not flags:
        return None
    now = clock.now()
    try:
        due, citation = engine.deadline(DECIDE_CLOCK, now)
    except InvalidInput:
        logger.exception("no deadline was started for %d flags: see the policy packs", len(flags))
        return None
    cases.start_deadlines(
        [
            NewDeadline(
                case=flag.case,  # type: ignore[arg-type]  # those with a case are given
                code=DECIDE_CLOCK,
                title=f"Decision about a flag: {_name(flag)}",
                citation=citation,
                due_at=due,
                about=flag.origin,
                started_at=now,
            )
            for flag in flags
        ]
    )
    return due
