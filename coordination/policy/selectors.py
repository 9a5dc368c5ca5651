"""What is in force at a moment. Law is no secret: every reader sees all of it."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Case, Q, QuerySet, Value, When

from coordination.core import clock
from coordination.core.errors import InvalidInput, NotFound
from coordination.policy.models import (
    Clock,
    CriteriaProposal,
    CriteriaVersion,
    DeskRule,
    EmergencyNumber,
    Escalation,
    Holiday,
    IntakeRule,
    LadderStep,
    LegalBasis,
    Pack,
    PhoneRule,
    Routing,
)
from coordination.policy.models import MandatedReport as ReportRule
from coordination.policy.workflow import DataCategory, FlagCategory, ProposalState, RecipientClass

__all__ = ["LegalBasis", "ReportRule"]


def packs_in_force(at: datetime | None = None) -> QuerySet[Pack]:
    """Return the packs in force at `at` (default: now), one version of each."""
    moment = at or clock.now()
    return Pack.objects.filter(
        Q(effective_until__isnull=True) | Q(effective_until__gt=moment), effective_from__lte=moment
    )


def legal_bases(
    category: str | None = None, recipient_class: str | None = None, at: datetime | None = None
) -> QuerySet[LegalBasis]:
    """Return the legal bases in force, those for one data category and recipient class where given.

    Raises InvalidInput for a category or class that does not exist.
    """
    found = LegalBasis.objects.filter(pack__in=packs_in_force(at)).select_related("pack")
    if category is not None:
        found = found.filter(data_categories__contains=[data_category(category)])
    if recipient_class is not None:
        found = found.filter(recipient_classes__contains=[known_recipient_class(recipient_class)])
    return found


def legal_basis(code: str, at: datetime | None = None) -> LegalBasis:
    """Return one legal basis in force, or raise InvalidInput naming `basis_code`."""
    found = legal_bases(at=at).filter(code=code).first()
    if found is None:
        raise not_in_force(code)
    return found


def legal_bases_named(codes: Iterable[str], at: datetime | None = None) -> dict[str, LegalBasis]:
    """Return those of the legal bases that are in force, by code: one question for many."""
    rows = legal_bases(at=at).filter(code__in=set(codes))
    # Of two packs the first by name, as `legal_basis` has it.
    return {each.code: each for each in reversed(rows)}


def not_in_force(code: str) -> InvalidInput:
    """Return what is raised where a code names no legal basis in force."""
    return InvalidInput("basis_code", f"No legal basis {code} is in force.")


def criteria_in_force(at: datetime | None = None) -> CriteriaVersion:
    """Return the criteria under which a decision at `at` is made; raise NotFound where there are none.

    The newest that has begun: of the packs in force, and of those that the desk made, which go on until a
    later version begins.
    """
    moment = at or clock.now()
    found = (
        CriteriaVersion.objects.filter(
            Q(proposal__isnull=False) | Q(pack__in=packs_in_force(moment)), effective_from__lte=moment
        )
        .select_related("pack")
        .first()
    )
    if found is None:
        raise NotFound("No triage criteria are in force: load the policy packs with policy_load.")
    return found


def newest_criteria() -> CriteriaVersion:
    """Return the version that a change goes on from: the newest, one that is yet to begin too."""
    found = CriteriaVersion.objects.select_related("pack").first()
    if found is None:
        raise NotFound("There are no triage criteria: load the policy packs with policy_load.")
    return found


def criteria_named(name: str) -> CriteriaVersion:
    """Return the newest version of this name, `v2` or in full `platform 2026.3 (v2)`; raise NotFound."""
    version = name.rpartition("(")[2].rstrip(")").strip()
    for found in CriteriaVersion.objects.select_related("pack").filter(version=version):
        if name.strip() in (found.version, found.label):
            return found
    raise NotFound(f"There are no criteria {name}.")


def criteria_before(version: CriteriaVersion) -> CriteriaVersion | None:
    """Return the version that this one took the place of."""
    if version.proposal is not None:
        return version.proposal.base
    rows = CriteriaVersion.objects.filter(effective_from__lt=version.effective_from)
    return rows.select_related("pack").first()


def criteria_versions() -> QuerySet[CriteriaVersion]:
    """Return every version of the criteria, the newest first."""
    return CriteriaVersion.objects.select_related("pack", "proposal__proposed_by", "proposal__decided_by")


def criteria_proposals() -> QuerySet[CriteriaProposal]:
    """Return what was proposed, what waits first, then the newest."""
    waits = Case(When(state=ProposalState.PROPOSED, then=Value(0)), default=Value(1))
    rows = CriteriaProposal.objects.select_related("base__pack", "proposed_by", "decided_by")
    return rows.order_by(waits, "-proposed_at")


def criteria_wait(pk: int) -> bool:
    """Tell whether a proposal still waits for a decision."""
    return CriteriaProposal.objects.filter(pk=pk, state=ProposalState.PROPOSED).exists()


def is_high_severity(category: str, at: datetime | None = None) -> bool:
    """Tell whether a flag of this category pages a human. Raises InvalidInput for an unknown category."""
    if category not in [*FlagCategory]:
        raise InvalidInput("category", f"A flag's category is one of {', '.join(FlagCategory)}.")
    return category in criteria_in_force(at).high_severity_categories


def clock_row(code: str, at: datetime | None = None) -> Clock:
    """Return one clock in force, or raise InvalidInput naming `code`."""
    moment = at or clock.now()
    found = (
        Clock.objects.filter(
            Q(in_force_from__isnull=True) | Q(in_force_from__lte=moment),
            pack__in=packs_in_force(moment),
            code=code,
        )
        .select_related("pack")
        .first()
    )
    if found is None:
        raise InvalidInput("code", f"No clock {code} is in force.")
    return found


def holidays(calendar: str, at: datetime | None = None) -> QuerySet[Holiday]:
    """Return the days on which `calendar` does no business, weekends aside."""
    return Holiday.objects.filter(pack__in=packs_in_force(at), calendar=calendar)


def routing(at: datetime | None = None) -> Routing:
    """Return the order of places by which a referral is routed, and what happens when none is known."""
    found = Routing.objects.filter(pack__in=packs_in_force(at)).order_by("pack__name", "code").first()
    if found is None:
        raise NotFound("No routing is in force: load the policy packs with policy_load.")
    return found


def ladder(at: datetime | None = None) -> QuerySet[LadderStep]:
    """Return the steps of the ladder of restrictions in force, the lightest first."""
    rows = LadderStep.objects.filter(pack__in=packs_in_force(at)).select_related("pack")
    return rows.order_by("order", "pack__name")


def ladder_step(step: str, at: datetime | None = None) -> LadderStep:
    """Return one step of the ladder in force, or raise InvalidInput naming `step`."""
    found = ladder(at).filter(step=step).first()
    if found is None:
        raise InvalidInput("step", f"No step {step} of a ladder is in force.")
    return found


def intake_rule(at: datetime | None = None) -> IntakeRule | None:
    """Return what is known of flags beforehand, or None where no pack in force says anything."""
    return IntakeRule.objects.filter(pack__in=packs_in_force(at)).order_by("pack__name", "code").first()


def phone_rule(priority: str, at: datetime | None = None) -> PhoneRule | None:
    """Return the rule that also sends somebody to the telephone at this priority, or None."""
    return PhoneRule.objects.filter(pack__in=packs_in_force(at), priority=priority).first()


def desk_rule(code: str, at: datetime | None = None) -> DeskRule | None:
    """Return a rule of the desk by its code; None where no pack in force has it, and it does not apply."""
    return DeskRule.objects.filter(pack__in=packs_in_force(at), code=code).first()


def mandated_reports(trigger: str, at: datetime | None = None) -> list[ReportRule]:
    """Return the reports that `trigger` makes due and whose clock is in force, by code."""
    moment = at or clock.now()
    running = Clock.objects.filter(
        Q(in_force_from__isnull=True) | Q(in_force_from__lte=moment), pack__in=packs_in_force(moment)
    ).values("code")
    found = ReportRule.objects.filter(pack__in=packs_in_force(moment), trigger=trigger, clock__in=running)
    return list(found.order_by("code"))


def escalations(at: datetime | None = None) -> QuerySet[Escalation]:
    """Return the rows in force that say who is paged."""
    return Escalation.objects.filter(pack__in=packs_in_force(at)).select_related("pack")


def escalation(task_kind: str, priority: str, at: datetime | None = None) -> Escalation | None:
    """Return the row that pages somebody for a task of this kind and priority, or None: nobody is paged."""
    return escalations(at).filter(priority=priority, task_kinds__contains=[task_kind]).first()


def emergency_number(place: str, at: datetime | None = None) -> EmergencyNumber | None:
    """Return the call centre for `place`, or None: then a human finds the number, never a guess."""
    return EmergencyNumber.objects.filter(pack__in=packs_in_force(at), place__iexact=place.strip()).first()


def data_category(value: str) -> str:
    """Return `value` if it is a data category, or raise InvalidInput naming `category`."""
    if value not in [*DataCategory]:
        raise InvalidInput("category", f"A data category is one of {', '.join(DataCategory)}.")
    return value


def known_recipient_class(value: str) -> str:
    """Return `value` if it is a recipient class, or raise InvalidInput naming `recipient_class`."""
    if value not in [*RecipientClass]:
        raise InvalidInput("recipient_class", f"A recipient class is one of {', '.join(RecipientClass)}.")
    return value
