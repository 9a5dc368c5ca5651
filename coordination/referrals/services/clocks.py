"""The clocks of policy that run on a referral."""

import logging
from datetime import datetime

from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import InvalidInput
from coordination.policy import engine
from coordination.referrals.models import Addressee, Referral

logger = logging.getLogger(__name__)

REVIEW_CLOCK = "policy.break-glass-review"
REVIEW_P0_CLOCK = "policy.review-p0"
ACK_CLOCK = "policy.ack-"
OUTCOME_CLOCK = "policy.outcome"


def start(
    referral: Referral,
    code: str,
    title: str,
    *,
    about: str,
    started_at: datetime | None = None,
    zone: str = "",
) -> datetime | None:
    """Start the policy clock `code` on the referral's case; return when it is due, None where there is none.

    A clock that no pack in force has is logged and not raised: it must not undo an approval, or the record of
    what a recipient has.
    """
    begun = started_at or clock.now()
    try:
        due, citation = engine.deadline(code, begun, zone=zone)
    except InvalidInput:
        logger.exception("no deadline was started for %s: see the policy packs", referral.reference)
        return None
    cases.start_deadline(
        referral.case,
        code=code,
        title=title[:200],
        citation=citation[:200],
        due_at=due,
        about=about,
        started_at=begun,
    )
    return due


def pace(referral: Referral) -> str:
    """Return the ending of the clocks that differ by priority."""
    return "p0" if referral.priority == "P0" else "normal"


def chase_acknowledgement(referral: Referral, row: Addressee) -> None:
    """Start the clock of one recipient's acknowledgement, in the recipient's time zone."""
    agency = row.destination.agency
    start(
        referral,
        f"{ACK_CLOCK}{pace(referral)}",
        f"{referral.reference}: acknowledgement by {agency}",
        about=row.origin,
        started_at=row.left_at,
        zone=agency.time_zone,
    )


def ask_for_outcome(referral: Referral) -> None:
    """Start the clock after which a recipient is asked what came of it; a correction has no outcome."""
    if referral.corrects_id is None:
        title = f"{referral.reference}: ask for the outcome"
        start(referral, OUTCOME_CLOCK, title, about=referral.origin)
