"""A false alarm, or a mistake: a correction to every recipient of the original."""

from django.db import transaction

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock, identifiers
from coordination.core.errors import Conflict, Refused
from coordination.outbox import services as outbox_services
from coordination.referrals import selectors
from coordination.referrals.models import Addressee, Referral
from coordination.referrals.services import calling, clocks, phoning
from coordination.referrals.services.asking import drop_questions
from coordination.referrals.services.records import limited, lock, move, permitted, required, trace
from coordination.referrals.services.submitting import freeze
from coordination.referrals.workflow import REFERRAL, ReferralState, ReferralVerb

_LONGEST = 20_000
_DEAD = (ReferralState.DECLINED, ReferralState.WITHDRAWN)


@transaction.atomic
def correct(referral: Referral, *, by: User, what_was_wrong: str, what_is_true: str) -> Referral:
    """File and submit the correction of a referral that is with its recipients; another person approves it.

    A recipient that is closed now is told by telephone once it is approved, and keeps nobody else waiting.
    It goes to every recipient of the original at the same priority, and is acknowledged when the last one
    has. The original becomes `corrected` when the correction is approved. A delivery that failed, was
    rejected or is unknown is enough to correct: somebody may have it. Raises Refused where nobody has it:
    nothing was tried yet, or nothing of a withdrawn one arrived; Conflict where a correction is under way.
    """
    original = permitted(referral, by=by, permission="correct_referral")
    REFERRAL.after(original.state, ReferralVerb.CORRECT)
    wrong = required("what_was_wrong", limited("what_was_wrong", what_was_wrong, _LONGEST))
    true = required("what_is_true", limited("what_is_true", what_is_true, _LONGEST))
    if original.corrections.exclude(state__in=_DEAD).exists():
        raise Conflict("A correction of this referral is under way.")
    # An approved correction cannot be withdrawn: what is wrong with it is corrected before it has left, too.
    binding = original.corrects_id is not None and original.state != ReferralState.WITHDRAWN
    if not binding and not selectors.reached(original):
        raise Refused(
            "Nobody has it: withdraw it, where that is not done yet.", rule="referrals.correct-after-sending"
        )
    correction = _file(original, wrong, true, by)
    said = f"Correction {correction.reference} filed."
    cases.end_tasks(about=original.origin, kind=calling.CORRECT_RECALLED, outcome=said, by=by)
    return freeze(correction, by=by)


def mark_corrected(correction: Referral, original: Referral, *, by: User) -> None:
    """End the original because its correction was approved: nothing of it that has not left may leave now."""
    locked = lock(original)
    why = f"Corrected by {correction.reference}."
    move(locked, ReferralVerb.CORRECT)
    stop_sending(locked, by=by, why=why)
    cases.end_tasks(about=locked.origin, kind=calling.NOTHING_LEAVES, outcome=why, by=by)
    phoning.stop_phoning(locked, by=by, outcome=why)
    drop_questions(locked, by=by, why=why)
    cases.cancel_deadline(locked.case, code="policy.outcome", about=locked.origin)
    for addressee in locked.addressees.filter(acknowledged_at=None):
        code = f"policy.ack-{clocks.pace(locked)}"
        cases.cancel_deadline(locked.case, code=code, about=addressee.origin)
    trace(
        locked,
        "corrected",
        f"Referral {locked.reference} corrected by {correction.reference}",
        by=by,
        details={"correction": correction.reference},
    )


def stop_sending(referral: Referral, *, by: User, why: str) -> None:
    """Void whatever of a referral has not left: its own messages and its answers, approved ones too."""
    for origin in (referral.origin, *(each.origin for each in referral.questions.all())):
        outbox_services.void_unsent(origin, by=by, reason=why)
        cases.end_tasks(about=origin, kind=calling.ANSWER_STOPPED, outcome=why, by=by, cancel=True)


def _file(original: Referral, wrong: str, true: str, by: User) -> Referral:
    correction = Referral.objects.create(
        reference=identifiers.reference("R"),
        case=original.case,
        corrects=original,
        priority=original.priority,
        title=f"Correction of {selectors.lineage(original)}",
        feared=original.feared,
        why_suspicious=original.why_suspicious,
        correction_wrong=wrong,
        correction_true=true,
        filed_by=by,
        filed_at=clock.now(),
    )
    for destination_id in original.addressees.values_list("destination", flat=True):
        Addressee.objects.create(referral=correction, destination_id=destination_id)
    trace(
        correction,
        "filed",
        f"{correction.reference} filed: corrects {selectors.lineage(original)}",
        by=by,
        details={"corrects": original.reference, "priority": original.priority},
    )
    return correction
