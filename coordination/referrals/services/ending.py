"""From outcome to closed: what came of it, what we learnt, and the end."""

from django.db import transaction

from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.core.errors import Refused
from coordination.ledger import services as ledger
from coordination.policy import selectors as policy
from coordination.referrals.models import Referral
from coordination.referrals.services import calling
from coordination.referrals.services.hearing import conclude, known_outcome
from coordination.referrals.services.records import limited, lock, move, permitted, required, trace
from coordination.referrals.workflow import REFERRAL, ReferralVerb


@transaction.atomic
def record_outcome(referral: Referral, *, by: User, outcome: str, detail: str = "") -> Referral:
    """Record what came of it where a person of the desk learnt it, or that there is no feedback."""
    locked = permitted(referral, by=by, permission="close_referral")
    REFERRAL.after(locked.state, ReferralVerb.REPORT_OUTCOME)
    known = known_outcome(outcome)
    text = limited("detail", detail, 10_000)
    words = known.value.replace("_", " ")
    return conclude(locked, known, text, by=by, title=f"{locked.reference}: outcome {words}")


@transaction.atomic
def review(referral: Referral, *, by: User, notes: str) -> Referral:
    """Record the after-action review: what worked, what did not, what changes."""
    locked = permitted(referral, by=by, permission="close_referral")
    REFERRAL.after(locked.state, ReferralVerb.REVIEW)
    text = required("notes", notes, "Write down what was learnt.")
    move(locked, ReferralVerb.REVIEW, review_notes=text)
    cases.meet_deadline(locked.case, code="policy.after-action", about=locked.origin)
    cases.end_tasks(about=locked.origin, kind=calling.AFTER_ACTION_REVIEW, outcome="Reviewed.", by=by)
    trace(
        locked,
        "reviewed",
        f"After-action review of {locked.reference}",
        by=by,
        detail=text,
        details={"notes_digest": ledger.digest(text)},
    )
    return locked


@transaction.atomic
def close(referral: Referral, *, by: User) -> Referral:
    """Close a reviewed referral. Raises Refused while the review of an emergency approval is open."""
    locked = permitted(referral, by=by, permission="close_referral")
    REFERRAL.after(locked.state, ReferralVerb.CLOSE)
    if case_selectors.open_task(calling.BREAK_GLASS_REVIEW, locked.origin) is not None:
        raise Refused(
            "One person approved this in an emergency, and that was not reviewed yet.",
            rule="referrals.break-glass-review",
        )
    move(locked, ReferralVerb.CLOSE)
    trace(locked, "closed", f"Referral {locked.reference} closed", by=by)
    return locked


@transaction.atomic
def follow_task(referral: Referral, *, kind: str, done: bool, by: User | None) -> None:
    """Stop the clock of a task about a referral that has ended.

    Raises Refused where the review of an emergency approval is cancelled, or made by who approved.
    """
    locked = lock(referral)
    if kind == calling.BREAK_GLASS_REVIEW:
        if not done or by is None or by.pk == locked.decided_by_id:
            raise Refused(
                "The review of an emergency approval is made, by another person than who approved.",
                rule="referrals.break-glass-review",
            )
        cases.meet_deadline(locked.case, code=calling.REVIEW_CLOCK, about=locked.origin)
    elif kind == calling.PHONE_NOW and done:
        rule = policy.phone_rule(locked.priority)
        if rule is not None:
            cases.meet_deadline(locked.case, code=rule.clock, about=locked.origin)
