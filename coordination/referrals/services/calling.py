"""The tasks for people that a referral opens."""

from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.referrals.models import Question, Referral
from coordination.referrals.services.clocks import REVIEW_CLOCK, REVIEW_P0_CLOCK, pace, start

BREAK_GLASS_REVIEW = "break_glass_review"
BREAK_GLASS_ALERT = "break_glass_alert_"
AFTER_ACTION_REVIEW = "after_action_review"
FILE = "file_referral"
FILE_CRISIS = "file_crisis_referral"
APPROVE = "approve_referral"
REVISE = "revise_referral"
NOTHING_LEAVES = "nothing_leaves"
ANSWER = "answer_question"
APPROVE_ANSWER = "approve_answer"
ANSWER_STOPPED = "answer_stopped"
CORRECT_RECALLED = "correct_recalled"
NO_ANSWER = """
The referral came to its outcome before an answer was approved, and no answer is sent any more. Tell them by
telephone what they may know, or that no answer comes; write down as the outcome who heard it, and when.
""".strip()


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


def ask_to_correct(referral: Referral, *, reason: str) -> None:
    """Open the task to correct a referral that its recipients were asked to give back."""
    cases.open_task(
        referral.case,
        kind=CORRECT_RECALLED,
        title=f"Correct referral {referral.reference}, which was called back",
        role=Role.SAFETY_LIAISON,
        instructions=f"Why: {reason}\n\nSay in a correction what was wrong and what is true. Where the "
        "report stands after all, complete this with the reason.",
        about=referral.origin,
        priority=referral.priority,
    )


def tell_unanswered(referral: Referral, asked: Question, name: str) -> None:
    """Open the task to tell an agency that its question gets no answer of ours."""
    cases.open_task(
        referral.case,
        kind=ANSWER_STOPPED,
        title=f"{name} waits for an answer about {referral.reference} that does not come"[:200],
        role=Role.SAFETY_LIAISON,
        instructions=f"They asked: {asked.question}\n\n{NO_ANSWER}",
        about=asked.origin,
        priority=referral.priority,
    )


def ask_to_approve(referral: Referral, *, counsel: bool) -> None:
    """Put a submitted referral before those who approve; before counsel where a basis needs counsel.

    One at P0 has a clock of its own.
    """
    due = None
    if referral.priority == "P0":
        title = f"{referral.reference}: decision about a danger to life"
        due = start(referral, REVIEW_P0_CLOCK, title, about=referral.origin)
    cases.open_task(
        referral.case,
        kind=APPROVE,
        title=f"Review and approve referral {referral.reference}",
        role=Role.COUNSEL if counsel else Role.SENIOR_REVIEWER,
        instructions="Look at what would leave, to whom and on which basis; approve, return or decline.",
        about=referral.origin,
        priority=referral.priority,
        due_at=due,
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
