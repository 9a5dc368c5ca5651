"""Reading flags and decisions."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import NotFound
from coordination.ledger import selectors as ledger
from coordination.triage.models import (
    Assessment,
    CounselAssessment,
    Decision,
    Deconfliction,
    Dissent,
    ExternalEvent,
    Flag,
    MandatedReport,
)
from coordination.triage.workflow import FlagState, FlagVerb, ReportState

MOST_RELATED = 50


def visible_to(user: User) -> QuerySet[Flag]:
    """Return the flags of the cases that `user` sees and those without a case; none without `view_flag`."""
    if not access.has(user, "triage.view_flag"):
        return Flag.objects.none()
    return Flag.objects.filter(cases.reachable(user))


def flag_for(user: User, pk: UUID | str) -> Flag:
    """Return one flag, or raise NotFound for a missing and a foreign one alike."""
    found = visible_to(user).select_related("case").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def flag_of_task(about: str) -> Flag | None:
    """Return the flag that a task's `about` names, whoever asks: for the system's own work."""
    return Flag.objects.select_related("case").filter(pk=about.partition(":")[2]).first()


def waiting_for(user: User) -> QuerySet[Flag]:
    """Return the flags without a decision: high severity first, then the oldest."""
    return visible_to(user).exclude(state=FlagState.DECIDED).order_by("-high_severity", "received_at")


def is_undecided(about: str) -> bool:
    """Tell whether a task is about a flag without a decision, whoever asks: for the system's own work."""
    kind, _, pk = about.partition(":")
    return kind == "triage.flag" and Flag.objects.filter(pk=pk).exclude(state=FlagState.DECIDED).exists()


def flags_of(user: User, case: Case) -> QuerySet[Flag]:
    """Return the flags of a case, oldest first, as `user` may see them."""
    return visible_to(user).filter(case=case).order_by("received_at")


def related(user: User, flag: Flag) -> QuerySet[Flag]:
    """Return the other flags of the same subject that `user` sees, newest first, at most MOST_RELATED.

    Those on the same case, and those that share its account or an identifier that tells people apart.
    """
    same = Q(marks__overlap=[bytes(each) for each in flag.marks])
    if flag.case_id is not None:
        same |= Q(case=flag.case_id)
    rows = visible_to(user).filter(same).exclude(pk=flag.pk)
    return rows.select_related("case").order_by("-received_at")[:MOST_RELATED]


def decisions_of(flag: Flag) -> QuerySet[Decision]:
    """Return what was decided about a flag, oldest first."""
    rows = Decision.objects.filter(flag=flag).select_related("decided_by", "assessment__assessed_by")
    return rows.prefetch_related("dissents__dissented_by").order_by("decided_at", "pk")


def assessments_of(flag: Flag) -> QuerySet[Assessment]:
    """Return what was found in a flag, oldest first."""
    return Assessment.objects.filter(flag=flag).select_related("assessed_by").order_by("assessed_at", "pk")


def assessed_by_another(flag: Flag, user: User) -> Assessment | None:
    """Return the newest assessment of a flag that another person than `user` made, or None."""
    return assessments_of(flag).exclude(assessed_by=user).last()


def standing_dissent(flag: Flag) -> Dissent | None:
    """Return a dissent that waits for its re-review: nobody has decided since."""
    last = Decision.objects.filter(flag=flag).order_by("-pk").first()
    return Dissent.objects.filter(decision=last).order_by("pk").first() if last else None


def had_a_part(flag: Flag) -> set[int]:
    """Return the ids of who assessed, decided or dissented about a flag, ever."""
    return {
        *Assessment.objects.filter(flag=flag).values_list("assessed_by_id", flat=True),
        *Decision.objects.filter(flag=flag).values_list("decided_by_id", flat=True),
        *Dissent.objects.filter(flag=flag).values_list("dissented_by_id", flat=True),
    }


def may_follow(flag: Flag, user: User, verb: FlagVerb) -> bool:
    """Tell whether `user` is the right one of two people for a verb, as far as the flag's history goes."""
    if verb == FlagVerb.DISSENT:
        last = Decision.objects.filter(flag=flag).order_by("-pk").first()
        mine = Q(decided_by=user) | Q(dissents__dissented_by=user)
        return last is not None and not Decision.objects.filter(mine, pk=last.pk).exists()
    if verb != FlagVerb.DECIDE:
        return True
    if standing_dissent(flag) is not None and user.pk in had_a_part(flag):
        return False
    return flag.high_severity or assessed_by_another(flag, user) is not None


def decisions_about(user: User, case: Case) -> QuerySet[Decision]:
    """Return the decisions on a case, oldest first, as `user` may see them."""
    return (
        Decision.objects.filter(flag__in=flags_of(user, case))
        .select_related("flag", "decided_by")
        .order_by("decided_at", "pk")
    )


def reports_of(flag: Flag) -> QuerySet[MandatedReport]:
    """Return the mandated reports about a flag, oldest first."""
    return MandatedReport.objects.filter(flag=flag).select_related("flag", "ended_by").order_by("pk")


def comes_first(flag: Flag) -> list[MandatedReport]:
    """Return the reports that are due before anything is decided about a flag."""
    return list(reports_of(flag).filter(first=True, state=ReportState.DUE))


def report_of(flag: Flag, pk: object) -> MandatedReport:
    """Return one mandated report about a flag, or raise NotFound."""
    found = reports_of(flag).filter(pk=str(pk)).first() if str(pk).isdecimal() else None
    if found is None:
        raise NotFound
    return found


def is_report_due(about: str) -> bool:
    """Tell whether a task is about a report that is due, whoever asks: for the system's own work."""
    pk, _, code = about.partition(":")[2].partition("@")
    return MandatedReport.objects.filter(flag__pk=pk, code=code, state=ReportState.DUE).exists()


def has_eu_nexus(flag: Flag) -> bool:
    """Tell whether anybody found an EU nexus with a suspicion of a threat to life."""
    return Assessment.objects.filter(flag=flag, eu_threat_to_life=True).exists()


def counsel_assessed(flag: Flag, *, decider: User) -> bool:
    """Tell whether counsel, another person than `decider`, assessed a flag since it was last decided."""
    last = Decision.objects.filter(flag=flag).order_by("-pk").first()
    rows = CounselAssessment.objects.filter(flag=flag).exclude(assessed_by=decider)
    return (rows.filter(assessed_at__gte=last.decided_at) if last else rows).exists()


def counsels_of(flag: Flag) -> QuerySet[CounselAssessment]:
    """Return what counsel found about a flag, oldest first."""
    return CounselAssessment.objects.filter(flag=flag).select_related("assessed_by").order_by("pk")


def standing_deconfliction(case: Case) -> Deconfliction | None:
    """Return for what police ask us to wait on a case now, or None: never where life is in danger."""
    if case.priority == "P0":
        return None
    return Deconfliction.objects.filter(case=case, ended_at=None, until__gt=clock.now()).first()


def events_of(case: Case) -> QuerySet[ExternalEvent]:
    """Return what happened outside, oldest first."""
    return ExternalEvent.objects.filter(case=case).select_related("recorded_by").order_by("happened_at", "pk")


def exposure_of(user: User, since: datetime) -> int:
    """Return how many times `user` opened flagged content since a moment; within ten minutes once each."""
    return ledger.acts_of(user, "triage.content_read", since)


def context_of(flag: Flag) -> str:
    """Return the context window: what came with the flag, else what the newest assessment attached."""
    windows = [flag.context, *(each.context for each in assessments_of(flag).reverse())]
    return next((each for each in windows if each.strip()), "")


def looks_coordinated(flag: Flag) -> bool:
    """Tell whether a flag is one of reports that look coordinated."""
    return flag.coordinated_at is not None


def is_in_users_words(case: Case, value: str) -> bool:
    """Tell whether a value stands in what was flagged on a case: for the system's own check of a place."""
    wanted = _plain(value)
    if not wanted:
        return False
    flags = Flag.objects.filter(case=case)
    return any(wanted in _plain(f"{each.content} {each.context} {each.apparent_target}") for each in flags)


def _plain(text: str) -> str:
    """Return the words alone: neither case, punctuation nor gaps make another place of it."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())
