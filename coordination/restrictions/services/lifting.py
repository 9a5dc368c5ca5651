"""Lifting, and stepping down: asked by one, assessed, signed by two others, and only then done.

Neither signer imposed any step of the restriction nor asked to lift it, and both may sign still when it is
lifted. The database asks the same (migration 0004): docs/decisions/0031.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import IntegrityError, transaction

from coordination.access import markup
from coordination.access import services as access
from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, Refused
from coordination.ledger import services as ledger
from coordination.restrictions import selectors
from coordination.restrictions.models import AssessmentSignature, Imposition, Restriction, RiskAssessment
from coordination.restrictions.services import commands, links
from coordination.restrictions.services.imposing import review_due
from coordination.restrictions.services.words import one_at_a_time, permitted, said
from coordination.restrictions.signals import restriction_changed
from coordination.restrictions.workflow import (
    ASSESSMENT,
    LEVEL,
    RESTRICTION,
    SIGNATURES_NEEDED,
    STANDING,
    Action,
    AssessmentState,
    AssessmentVerb,
    RestrictionVerb,
)

ASK: Final = "restrictions.ask_lift"
SIGN: Final = "restrictions.sign_assessment"
LIFT: Final = "restrictions.lift_restriction"
ASSESS_TASK: Final = "assess_lift"
SIGN_TASK: Final = "sign_assessment"
LIFT_TASK: Final = "lift_restriction"
LONGEST: Final = 20_000
REVIEW: Final = "review_restriction"
OVERTAKEN: Final = "Overtaken: a step was imposed since it was asked for."


@transaction.atomic
def ask_lift(restriction: Restriction, *, by: User, reason: str, to_step: str = "") -> RiskAssessment:
    """Ask to lift a restriction, or to let it down to `to_step`; somebody else assesses that.

    Raises Refused while one is asked for, or an order forbids it; IllegalTransition where it is being lifted.
    """
    permitted(restriction.case, by, ASK)
    locked = _locked(restriction)
    if locked.state not in STANDING:
        raise IllegalTransition(locked.state, "lift")
    wanted = _wanted(locked, to_step)
    refuse_under_order(locked)
    latest = selectors.latest_imposition(locked)
    _end_overtaken(locked, latest)
    if selectors.open_assessment(locked) is not None:
        raise Refused("A lift is asked for already: it is assessed first.", rule="restrictions.asked")
    assessment = RiskAssessment.objects.create(
        restriction=locked,
        imposition=latest,
        to_step=to_step,
        to_level=wanted,
        asked_by=by,
        asked_at=clock.now(),
        asked_reason=said("reason", reason),
    )
    _trace("lift_asked", assessment, f"Asked: {_what(assessment)}", by=by, detail=assessment.asked_reason)
    _open_task(assessment, kind="assess_lift", title=f"Assess the risk: {_what(assessment)}")
    return assessment


@transaction.atomic
def assess(
    assessment: RiskAssessment,
    *,
    by: User,
    findings: str,
    protective_factors: str,
    reasons: str,
    reopens_when: str,
) -> RiskAssessment:
    """Complete a risk assessment: from now on it never changes, and what is signed is its digest.

    Raises Refused for who imposed a step or asked for the lift, and InvalidInput naming what is missing.
    """
    restriction, locked = _locked_both(assessment)
    permitted(restriction.case, by, SIGN)
    if by.pk in selectors.barred_from_signing(locked):
        raise Refused(
            "Who imposed a restriction, or asked to lift it, does not assess it.",
            rule="restrictions.two-others",
        )
    after = ASSESSMENT.after(locked.state, AssessmentVerb.COMPLETE)
    _refuse_overtaken(restriction, locked)
    locked.findings = said("findings", findings, LONGEST)
    locked.protective_factors = said("protective_factors", protective_factors, LONGEST)
    locked.reasons = said("reasons", reasons, LONGEST)
    locked.reopens_when = said("reopens_when", reopens_when)
    locked.state, locked.assessed_by, locked.completed_at = after, by, clock.now()
    locked.digest = digest_of(locked)
    locked.save()
    _trace("assessed", locked, "The risk was assessed", by=by, digest=locked.digest)
    cases.end_tasks(about=locked.origin, kind=ASSESS_TASK, outcome="It was assessed.", by=by)
    _open_task(locked, kind="sign_assessment", title=f"Sign the risk assessment: {_what(locked)}")
    return locked


@transaction.atomic
def sign(assessment: RiskAssessment, *, by: User, digest: str) -> AssessmentSignature:
    """Sign exactly what was assessed: `digest` is that of what the signer saw.

    Raises Refused for who imposed a step or asked for the lift, Conflict where it is not what they saw.
    """
    restriction, locked = _locked_both(assessment)
    permitted(restriction.case, by, SIGN)
    if locked.state != AssessmentState.COMPLETED:
        raise IllegalTransition(locked.state, "sign")
    _refuse_overtaken(restriction, locked)
    if by.pk in selectors.barred_from_signing(locked):
        raise Refused(
            "Who imposed a restriction, or asked to lift it, does not sign.", rule="restrictions.two-others"
        )
    if not digest == locked.digest == digest_of(locked):
        raise Conflict("The assessment is not what you saw; look again before you sign.")
    if selectors.signatures_of(locked).filter(signed_by=by).exists():
        raise Refused("You have signed this.", rule="restrictions.signed")
    with _as_the_database_says():
        signature = AssessmentSignature.objects.create(
            assessment=locked, signed_by=by, digest=locked.digest, signed_at=clock.now()
        )
    _trace("assessment_signed", locked, "The risk assessment was signed", by=by, digest=locked.digest)
    if len(valid_signers(locked)) >= SIGNATURES_NEEDED:
        cases.end_tasks(about=locked.origin, kind=SIGN_TASK, outcome="Two have signed.", by=by)
        _open_task(locked, kind="lift_restriction", title=f"Two have signed; decide: {_what(locked)}")
    return signature


@transaction.atomic
def lift(assessment: RiskAssessment, *, by: User) -> Restriction:
    """Do what two people signed for: lift the restriction, or let it down a step. The platform is told.

    Raises Refused without two valid signatures, under a protective order, and where a step was imposed since.
    """
    one_at_a_time([assessment.restriction.account])
    restriction, locked = _locked_both(assessment)
    permitted(restriction.case, by, LIFT)
    after = ASSESSMENT.after(locked.state, AssessmentVerb.USE)
    _refuse_overtaken(restriction, locked)
    refuse_under_order(restriction)
    if locked.digest != digest_of(locked):
        raise Conflict("The assessment is not what was signed.")
    if len(valid_signers(locked)) < SIGNATURES_NEEDED:
        raise Refused(
            "A lift needs a completed risk assessment, signed by two who may still sign and neither imposed"
            " the restriction nor asked to lift it.",
            rule="restrictions.two-signatures",
        )
    with _as_the_database_says():
        (_lower if locked.to_level else _lift_whole)(restriction, locked, by)
    locked.state, locked.ended_by, locked.ended_at = after, by, clock.now()
    locked.save(update_fields=["state", "ended_by", "ended_at"])
    _trace("lift_ordered", locked, f"Ordered: {_what(locked)}", by=by, digest=locked.digest)
    cases.end_tasks(about=locked.origin, outcome="It was done.", by=by)
    cases.end_tasks(about=restriction.origin, kind=REVIEW, outcome="It was lifted.", by=by)
    cases.end_tasks(about=restriction.origin, kind=links.TASK, outcome="It was lifted.", by=by)
    return restriction


@transaction.atomic
def decline_lift(assessment: RiskAssessment, *, by: User, reason: str) -> RiskAssessment:
    """Decide against a lift, with the reason: a record like any other. The restriction stands."""
    restriction, locked = _locked_both(assessment)
    permitted(restriction.case, by, LIFT)
    _decline(locked, by=by, reason=said("reason", reason))
    _trace("lift_declined", locked, f"Declined: {_what(locked)}", by=by, detail=locked.end_reason)
    return locked


def valid_signers(assessment: RiskAssessment) -> set[int]:
    """Return who signed exactly this, had no part in it before, and may sign still."""
    barred = selectors.barred_from_signing(assessment)
    return {
        each.signed_by_id
        for each in selectors.signatures_of(assessment)
        if each.digest == assessment.digest
        and each.signed_by_id not in barred
        and access.has(each.signed_by, SIGN)
    }


def digest_of(assessment: RiskAssessment) -> str:
    """Return the digest of all that was assessed, and of what it is about."""
    return ledger.digest(
        "\n\x1f".join(
            [
                str(assessment.restriction_id),
                str(assessment.imposition_id),
                assessment.to_step,
                assessment.asked_reason,
                assessment.findings,
                assessment.protective_factors,
                assessment.reasons,
                assessment.reopens_when,
                str(assessment.assessed_by_id),
            ]
        )
    )


def refuse_under_order(restriction: Restriction) -> None:
    """Raise Refused while a protective order is in force against the account, or on the case.

    One of another case is not named: who works on this case may not know of that one.
    """
    order = selectors.order_in_force(restriction)
    if order is not None:
        which = f" ({order})" if order.case_id == restriction.case_id else ""
        raise Refused(
            f"A protective order is in force{which}: nothing is lifted.",
            rule="restrictions.protective-order",
        )


@contextmanager
def _as_the_database_says() -> Iterator[None]:
    """Raise Refused where the database refuses: a right was taken away, or an order came, at this moment."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Refused(
            "The database refuses this: a right was taken away, or an order came. Look again.",
            rule="restrictions.guard",
        ) from error


def _lift_whole(restriction: Restriction, assessment: RiskAssessment, by: User) -> None:  # noqa: ARG001
    restriction.state = RESTRICTION.after(restriction.state, RestrictionVerb.LIFT)
    restriction.save(update_fields=["state"])
    commands.supersede(restriction)
    commands.queue(
        [
            commands.Wanted(
                action=Action.LIFT,
                about=restriction,
                reason_code=commands.REINSTATED,
                authority=_authority(assessment),
            )
        ]
    )


def _lower(restriction: Restriction, assessment: RiskAssessment, by: User) -> None:
    restriction.state = RESTRICTION.after(restriction.state, RestrictionVerb.LOWER)
    restriction.step, restriction.level = assessment.to_step, assessment.to_level
    restriction.confirmed_at, restriction.review_at = None, review_due(assessment.to_step)
    restriction.save(update_fields=["state", "step", "level", "confirmed_at", "review_at"])
    # The next assessment hangs on this step, so that this one counts once.
    Imposition.objects.create(
        restriction=restriction,
        step=assessment.to_step,
        level=assessment.to_level,
        reason=assessment.reasons,
        authority=_authority(assessment),
        about=assessment.origin,
        by=by,
        at=clock.now(),
    )
    commands.supersede(restriction)
    commands.queue(
        [
            commands.Wanted(
                action=Action.IMPOSE,
                about=restriction,
                reason_code=commands.REINSTATED,
                authority=_authority(assessment),
                step=restriction.step,
            )
        ]
    )
    restriction_changed.send(sender=Restriction, restriction=restriction, by=by)


def _authority(assessment: RiskAssessment) -> str:
    return f"{assessment.origin}, signed by two"


def _wanted(restriction: Restriction, to_step: str) -> int:
    """Return the level to go down to, 0 for a whole lift."""
    if not to_step:
        return 0
    if to_step not in LEVEL or LEVEL[to_step] >= restriction.level:
        raise InvalidInput("to_step", "A step below what stands, or empty for all of it.")
    return LEVEL[to_step]


def _end_overtaken(restriction: Restriction, latest: Imposition) -> None:
    stale = selectors.open_assessment(restriction)
    if stale is not None and stale.imposition_id != latest.pk:
        _decline(stale, by=None, reason=OVERTAKEN)


def _refuse_overtaken(restriction: Restriction, assessment: RiskAssessment) -> None:
    if selectors.latest_imposition(restriction).pk != assessment.imposition_id:
        raise Refused(f"{OVERTAKEN} Ask for the lift anew.", rule="restrictions.overtaken")


def _decline(assessment: RiskAssessment, *, by: User | None, reason: str) -> None:
    assessment.state = ASSESSMENT.after(assessment.state, AssessmentVerb.DECLINE)
    assessment.ended_by, assessment.ended_at, assessment.end_reason = by, clock.now(), reason
    assessment.save(update_fields=["state", "ended_by", "ended_at", "end_reason"])
    cases.end_tasks(about=assessment.origin, outcome="Declined.", by=by, cancel=True)


def _open_task(assessment: RiskAssessment, *, kind: str, title: str) -> None:
    cases.open_task(
        assessment.restriction.case,
        kind=kind,
        title=title[:200],
        role=Role.SENIOR_REVIEWER,
        instructions="On the page of the restriction. Who imposed it, or asked to lift it, does not sign.",
        about=assessment.origin,
    )


def _what(assessment: RiskAssessment) -> str:
    now = markup.words(assessment.restriction.step)
    return f"{now} down to {markup.words(assessment.to_step)}" if assessment.to_step else f"lift {now}"


def _locked(restriction: Restriction) -> Restriction:
    rows = Restriction.objects.select_for_update(of=("self",)).select_related("case")
    return rows.get(pk=restriction.pk)


def _locked_both(assessment: RiskAssessment) -> tuple[Restriction, RiskAssessment]:
    """Return both, locked, the restriction first: as whoever imposes locks it."""
    restriction = _locked(assessment.restriction)
    locked = RiskAssessment.objects.select_for_update(of=("self",)).get(pk=assessment.pk)
    locked.restriction = restriction
    return restriction, locked


def _trace(
    action: str,
    assessment: RiskAssessment,
    title: str,
    *,
    by: User,
    detail: str = "",
    **details: ledger.Value,
) -> None:
    restriction = assessment.restriction
    ledger.record(
        f"restrictions.{action}",
        subject=restriction.case.reference,
        by=by,
        details={
            "restriction": restriction.pk,
            "assessment": assessment.pk,
            "to_level": assessment.to_level,
            **({"reason_digest": ledger.digest(detail)} if detail else {}),
            **details,
        },
    )
    cases.add_event(
        restriction.case,
        kind=f"restrictions.{action}",
        title=title[:200],
        by=by,
        detail=detail,
        about=restriction.origin,
    )
