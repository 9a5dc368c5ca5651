"""The tasks for people that a referral opens, and the clocks that run on it."""

import logging
from datetime import datetime

from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import InvalidInput
from coordination.policy import engine
from coordination.policy import selectors as policy
from coordination.policy.workflow import DataCategory
from coordination.referrals.models import Addressee, Question, Referral
from coordination.referrals.services.bodies import CLAIMED

logger = logging.getLogger(__name__)

PHONE_NOW = "phone_now"
PHONE_CORRECTION = "phone_correction"
BREAK_GLASS_REVIEW = "break_glass_review"
BREAK_GLASS_ALERT = "break_glass_alert_"
AFTER_ACTION_REVIEW = "after_action_review"
FILE = "file_referral"
FILE_CRISIS = "file_crisis_referral"
REVIEW_CLOCK = "policy.break-glass-review"
APPROVE = "approve_referral"
REVISE = "revise_referral"
NOTHING_LEAVES = "nothing_leaves"
ANSWER = "answer_question"
APPROVE_ANSWER = "approve_answer"
ANSWER_STOPPED = "answer_stopped"
CORRECTION_SCRIPT = """
This is the safety desk of an online platform. We reported a danger to life in your area, and what we
reported was wrong. We have sent a written correction and will read you its reference. I will tell you what
was wrong and what is true. Please tell whoever acted on the first report, and give me your name and your
incident number.
"""
BY_PHONE_ALONE = """
Nothing was sent to them: their destination is closed, or the agency is suspended. Tell them by telephone,
and write down as the outcome who heard it, when, and under which reference of theirs.
"""
STOPPED = """
The written correction to them was stopped and is not sent any more. Tell them by telephone, and write down as
the outcome who heard it, when, and under which reference of theirs.
"""
NO_NUMBER = (
    "No call centre is on record for these places: find its full number and note the source. "
    "Do not call 911 or 112: they route by the place you call from."
)


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
        f"policy.ack-{pace(referral)}",
        f"{referral.reference}: acknowledgement by {agency.name}",
        about=row.origin,
        started_at=row.left_at,
        zone=agency.time_zone,
    )


def ask_for_answer(referral: Referral, asked: Question, name: str) -> None:
    """Open the task to answer a recipient's question, with its clock."""
    title = f"{referral.reference}: answer to {name}"
    due = start(referral, f"policy.answer-{pace(referral)}", title, about=asked.origin)
    cases.open_task(
        referral.case,
        kind=ANSWER,
        title=f"Answer {name} about {referral.reference}"[:200],
        role=Role.SAFETY_LIAISON,
        instructions=asked.question,
        about=asked.origin,
        priority=referral.priority,
        due_at=due,
    )


def ask_for_outcome(referral: Referral) -> None:
    """Start the clock after which a recipient is asked what came of it; a correction has no outcome."""
    if referral.corrects_id is None:
        title = f"{referral.reference}: ask for the outcome"
        start(referral, "policy.outcome", title, about=referral.origin)


def ask_for_after_action(referral: Referral, *, words: str) -> None:
    """Open the task of the after-action review, with its clock."""
    title = f"After-action review of {referral.reference}"
    due = start(referral, "policy.after-action", title, about=referral.origin)
    cases.open_task(
        referral.case,
        kind=AFTER_ACTION_REVIEW,
        title=title,
        role=Role.SENIOR_REVIEWER,
        instructions=words,
        about=referral.origin,
        due_at=due,
    )


def phone_them_now(referral: Referral, addressees: list[Addressee]) -> None:
    """Open the task to call the call centre of the place: a portal is not an emergency line."""
    rule = policy.phone_rule(referral.priority)
    if rule is None:
        return
    about = referral.origin
    due = start(referral, rule.clock, f"{rule.title}: {referral.reference}", about=about)
    script = CORRECTION_SCRIPT if referral.corrects_id else rule.script
    cases.open_task(
        referral.case,
        kind=PHONE_NOW,
        title=f"{rule.title}: referral {referral.reference}",
        role=Role.SAFETY_LIAISON,
        instructions="\n\n".join([*_numbers(referral, addressees), script.strip()]),
        about=about,
        priority="P0",
        due_at=due,
    )


def phone_correction(correction: Referral, row: Addressee, *, why: str = BY_PHONE_ALONE) -> None:
    """Open the task to tell a recipient of a correction by telephone, with its clock, and say why."""
    agency = row.destination.agency
    title = f"{correction.reference}: correct by telephone with {agency.name}"[:200]
    due = start(correction, f"policy.ack-{pace(correction)}", title, about=row.origin, zone=agency.time_zone)
    words = [
        f"{agency.name}, from our directory: {agency.phone or 'no number; find it and note the source'}",
        why.strip(),
        f"What was wrong: {correction.correction_wrong}",
        f"What is true: {correction.correction_true}",
    ]
    cases.open_task(
        correction.case,
        kind=PHONE_CORRECTION,
        title=title,
        role=Role.SAFETY_LIAISON,
        instructions="\n\n".join(words),
        about=row.origin,
        priority=correction.priority,
        due_at=due,
    )


def ask_what_now(referral: Referral) -> None:
    """Open the task to end an approved referral of which nothing leaves any more, or to correct it."""
    cases.open_task(
        referral.case,
        kind=NOTHING_LEAVES,
        title=f"Nothing of referral {referral.reference} is on its way any more",
        role=Role.SAFETY_LIAISON,
        instructions="It was approved, and every message that could still leave was stopped. Withdraw it, or "
        "correct it; where the danger stands, file it anew.",
        about=referral.origin,
        priority=referral.priority,
    )


def stop_phoning(referral: Referral, *, by: User, outcome: str) -> None:
    """End the tasks and the clocks of calls that must not be made any more; the referral has ended."""
    for row in referral.addressees.all():
        if cases.end_tasks(about=row.origin, kind=PHONE_CORRECTION, outcome=outcome, by=by, cancel=True):
            cases.cancel_deadline(referral.case, code=f"policy.ack-{pace(referral)}", about=row.origin)
    cases.end_tasks(about=referral.origin, kind=PHONE_NOW, outcome=outcome, by=by, cancel=True)
    rule = policy.phone_rule(referral.priority)
    if rule is not None:
        cases.cancel_deadline(referral.case, code=rule.clock, about=referral.origin)


def ask_to_approve(referral: Referral, *, counsel: bool) -> None:
    """Put a submitted referral before those who approve; before counsel where a basis needs counsel."""
    cases.open_task(
        referral.case,
        kind=APPROVE,
        title=f"Review and approve referral {referral.reference}",
        role=Role.COUNSEL if counsel else Role.SENIOR_REVIEWER,
        instructions="Look at what would leave, to whom and on which basis; approve, return or decline.",
        about=referral.origin,
        priority=referral.priority,
    )


def ask_to_revise(referral: Referral, *, reason: str) -> None:
    """Tell whoever filed a referral what has to change."""
    cases.open_task(
        referral.case,
        kind=REVISE,
        title=f"Revise referral {referral.reference}",
        role=Role.SAFETY_LIAISON,
        instructions=reason,
        about=referral.origin,
        priority=referral.priority,
        assignee=referral.filed_by,
    )


def alert_break_glass(referral: Referral, *, by: User) -> None:
    """Tell duty officer and counsel at once, and open the review that must follow."""
    due = start(
        referral,
        REVIEW_CLOCK,
        f"Review of the emergency approval of {referral.reference}",
        about=referral.origin,
    )
    what = (
        f"{by.shown_outside} filed, wrote or submitted referral {referral.reference} and approved it alone, "
        f"for a danger to life. Reason given: {referral.decision_reason}"
    )
    cases.open_task(
        referral.case,
        kind=BREAK_GLASS_REVIEW,
        title=f"Review the emergency approval of {referral.reference}",
        role=Role.SENIOR_REVIEWER,
        instructions=f"{what}\n\nReview it. The reviewer is somebody else.",
        about=referral.origin,
        due_at=due,
    )
    for role in (Role.DUTY_OFFICER, Role.COUNSEL):
        cases.open_task(
            referral.case,
            kind=f"{BREAK_GLASS_ALERT}{role}",
            title=f"Emergency approval by one person: {referral.reference}",
            role=role,
            instructions=f"{what}\n\nLook at it now. A referral that is wrong is corrected.",
            about=referral.origin,
            priority="P0",
        )


def _numbers(referral: Referral, addressees: list[Addressee]) -> list[str]:
    """Return a line for each call centre: of the places known, else of the places the recipients serve."""
    # A place that only the user named is not called: that is how a hoax sends police to somebody's door.
    places = [
        fact.value
        for fact in referral.facts.all()
        if fact.category == DataCategory.LOCATION and fact.provenance != CLAIMED
    ]
    places += [each.destination.agency.region for each in addressees if each.destination.agency.region]
    numbers = {number.place: number for place in places if (number := policy.emergency_number(place))}
    lines = [
        f"{each.place}: {each.number} (source: {each.source}; checked {each.checked_on:%Y-%m-%d})"
        for each in numbers.values()
    ]
    lines += [
        f"{agency.name}, from our directory: {agency.phone}"
        for agency in (each.destination.agency for each in addressees)
        if agency.phone
    ]
    return lines if numbers else [NO_NUMBER, *lines]
