"""What leaves about a flag rests on a decision to refer it, and on what comes before such a decision."""

from typing import Any
from uuid import UUID

from django.db.models import Q

from coordination.access import selectors as access
from coordination.access.services import User
from coordination.cases.services import Case
from coordination.core.errors import Refused
from coordination.referrals import selectors as referrals
from coordination.triage import selectors
from coordination.triage.models import Assessment, Decision, Flag
from coordination.triage.services import reporting, weighing
from coordination.triage.workflow import Category, Framing

NOT_DECIDED = "triage.not-decided-to-refer"


def require_decided(referral: Any, *, by: User) -> None:
    """Raise Refused where a case has flags, and the newest decision about none of them refers it.

    Also before a report that comes first, and of fiction whose context window does not leave with it. For a
    danger to life, who acts under an open break-glass passes: that break-glass is reviewed.
    """
    case: Case = referral.case
    if referral.danger_to_life and access.open_glass_of(by) is not None:
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
    chosen = [_plain(each.content) for each in referrals.items_of(referral) if each.chosen]
    for flag in Flag.objects.filter(pk__in=marked):
        weighing.require_context(flag)
        window = _plain(selectors.context_of(flag))
        if not any(window in each for each in chosen):
            raise Refused(
                "It may be fiction, quotation or role-play: take what stands around it from the flag as an "
                "item of the referral, so that whoever reads it sees both.",
                rule=weighing.FRAMING,
            )


def _plain(text: str) -> str:
    """Return text as it is compared: forms and pages change the ends of lines."""
    return " ".join(text.split())


def _referred(case: Case) -> list[UUID]:
    rows = Decision.objects.filter(flag__case=case).order_by("flag", "-pk").distinct("flag")
    newest = rows.values_list("flag", "outcomes")
    return [flag for flag, outcomes in newest if weighing.REFERRALS & set(outcomes)]
