"""Dissent: anybody on staff who sees a flag may hold its decision to be wrong, on the record and for good."""

from django.db import transaction

from coordination.access import services as access
from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, Refused
from coordination.ledger import services as ledger
from coordination.triage.models import Decision, Dissent, Flag
from coordination.triage.services.records import LONGEST_REASONS, locked_flag, said
from coordination.triage.workflow import FLAG, FlagVerb

REVIEW = "triage_review"
_DO = (
    "Somebody dissents from the decision. Read the decision, the dissent and the content, then decide anew. "
    "Who assessed, decided or dissented does not decide this."
)


@transaction.atomic
def dissent(flag: Flag, *, by: User, reasons: str) -> Dissent:
    """Record that `by` holds the newest decision to be wrong; somebody outside it decides anew.

    The decision stands as it was and what it asked for goes on. Raises IllegalTransition where nothing is
    decided, Conflict for a second dissent of the same person, Refused for who decided it: they re-open it.
    """
    access.require(by, "triage.dissent_flag")
    locked = locked_flag(flag, by, needed="view_case")
    after = FLAG.after(locked.state, FlagVerb.DISSENT)
    why = said("reasons", reasons, LONGEST_REASONS, "Say what you hold to be wrong, and why.")
    decision = Decision.objects.filter(flag=locked).order_by("-pk").first()
    if decision is None:
        raise IllegalTransition(locked.state, FlagVerb.DISSENT)
    if decision.decided_by_id == by.pk:
        raise Refused(
            "You decided this yourself: re-open it, with what has changed.", rule="triage.own-decision"
        )
    if Dissent.objects.filter(decision=decision, dissented_by=by).exists():
        raise Conflict("Your dissent from this decision is on record.")
    made = Dissent.objects.create(
        flag=locked, decision=decision, reasons=why, dissented_by=by, dissented_at=clock.now()
    )
    locked.state = after
    locked.save(update_fields=["state"])
    _trace(locked, made, by)
    cases.open_task(
        locked.case,
        kind=REVIEW,
        title="Decide anew: somebody dissents",
        role=Role.SENIOR_REVIEWER,
        instructions=_DO,
        about=locked.origin,
        priority="P0" if locked.high_severity else "normal",
    )
    return made


def _trace(flag: Flag, made: Dissent, by: User) -> None:
    if flag.case is not None:
        cases.add_event(
            flag.case,
            kind="triage.dissented",
            title="Dissent from the decision",
            # Who only sees the case may dissent as well; the timeline names those who work on it.
            by=by if case_selectors.may(by, flag.case, "work_case") else None,
            detail=made.reasons,
            about=flag.origin,
        )
    ledger.record(
        "triage.dissented",
        subject=flag.origin,
        by=by,
        details={
            "dissent": made.pk,
            "decision": made.decision_id,
            "reasons_digest": ledger.digest(made.reasons),
        },
    )
