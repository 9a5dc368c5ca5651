"""The warning of a threatened person: the words that may be said, first, and a clock.

No statute gives a clock for it. It is due when the call about a danger to life is: by the clock of the phone
rule for P0 in the packs in force, under that clock's citation.
"""

import logging
from datetime import datetime

from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import InvalidInput
from coordination.policy import engine
from coordination.policy import selectors as policy
from coordination.triage.models import Flag

logger = logging.getLogger(__name__)

WARN = "warn_target"
TITLE = "Warn the threatened person"
WORDS = """
Call on the safe contact only, in their hours; leave no voicemail. No safe contact on record: ask the victim \
liaison.

Say: that the police know, and the reference R-… (where a referral was sent); what happens next. Say nothing \
that was written and nothing of the account.

Then Complete, with when and what they said.
""".strip()
NOT_ALOUD = "Why (do not read out):"


def instructions(why: str) -> str:
    """Return what the caller reads: the words first, then the reviewer's reasons, which are not said."""
    return f"{WORDS}\n\n{NOT_ALOUD}\n{why}"


def start_clock(flag: Flag) -> datetime | None:
    """Start the clock of the warning; return when it is due, None where no pack in force has one."""
    rule = policy.phone_rule("P0")
    if rule is None or flag.case is None:
        return None
    now = clock.now()
    try:
        due, citation = engine.deadline(rule.clock, now)
    except InvalidInput:
        logger.exception("no deadline was started for the warning of %s: see the policy packs", flag.origin)
        return None
    cases.start_deadline(
        flag.case,
        code=WARN,
        title=TITLE,
        citation=citation,
        due_at=due,
        about=flag.origin,
        started_at=now,
    )
    return due


def end_clock(flag: Flag, *, done: bool) -> None:
    """Stop the clock: the person was warned, or need not be any more."""
    if flag.case is not None:
        stop = cases.meet_deadline if done else cases.cancel_deadline
        stop(flag.case, code=WARN, about=flag.origin)
