"""What leaves about a flag rests on a decision to refer it, and on what comes before such a decision."""

from uuid import UUID

from django.db.models import Q

from coordination.access import selectors as access
from coordination.access.services import User
from coordination.cases.services import Case
from coordination.core.errors import Refused
from coordination.triage import selectors
from coordination.triage.models import Assessment, Decision, Flag
from coordination.triage.services import reporting, weighing
from coordination.triage.workflow import Category, Framing

NOT_DECIDED = "triage.not-decided-to-refer"


def require_decided(case: Case, *, by: User, danger_to_life: bool) -> None:
    """Raise Refused where a case has flags, and the newest decision about none of them refers it.

    Also before a report that comes first, and of fiction without its context window. For a danger to life,
    who acts under an open break-glass passes: that break-glass is reviewed.
    """
    if danger_to_life and access.open_glass_of(by) is not None:
        return
    flags = Flag.objects.filter(case=case)
    if not flags.exists():
        return
    referred = _referred(case)
    if not referred:
        raise Refused(
            "Nobody has decided to refer: the newest decision about a flag of this case comes first, on the "
            "flag's page. Decide that and submit again.",
            rule=NOT_DECIDED,
        )
    concerned = flags.filter(Q(category=Category.CSAM) | Q(assessments__enticement=True)).values("pk")
    for flag in Flag.objects.filter(pk__in=concerned):
        reporting.require_reported(flag, *selectors.assessments_of(flag))
    marked = Assessment.objects.filter(flag__in=referred).exclude(framing=Framing.NONE).values("flag")
    for flag in Flag.objects.filter(pk__in=marked):
        weighing.require_context(flag)


def _referred(case: Case) -> list[UUID]:
    rows = Decision.objects.filter(flag__case=case).order_by("flag", "-pk").distinct("flag")
    newest = rows.values_list("flag", "outcomes")
    return [flag for flag, outcomes in newest if weighing.REFERRALS & set(outcomes)]
