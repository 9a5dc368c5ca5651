"""What counsel alone does: an assessment before "no action" with an EU nexus, and deconfliction."""

from datetime import datetime

from django.db import transaction

from coordination.access import services as access
from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, Refused
from coordination.ledger import services as ledger
from coordination.policy import engine
from coordination.triage import selectors
from coordination.triage.models import CounselAssessment, Deconfliction, Flag
from coordination.triage.services.records import LONGEST_REASONS, locked_flag, said
from coordination.triage.workflow import FlagState

COUNSEL_TASK = "counsel_assessment"
ENDS_TASK = "deconfliction_ends"
EU_RULE = "eu.no-action-needs-counsel"
LONGEST_CLOCK = "policy.deconflict"
_ENDS = (
    "The time for which police asked us to wait ends. End it on the flag's page and act, or hear them again "
    "and record a new one."
)


@transaction.atomic
def ask_counsel(flag: Flag, *, by: User, question: str) -> None:
    """Open the task for counsel to assess a flag; raise IllegalTransition where it is decided."""
    access.require(by, "triage.decide_flag")
    locked = locked_flag(flag, by)
    if locked.state == FlagState.DECIDED:
        raise IllegalTransition(locked.state, "ask counsel about it")
    asked = said("question", question, 2_000, "Say what counsel is asked.")
    cases.open_task(
        locked.case,
        kind=COUNSEL_TASK,
        title="Assess a flag as counsel",
        role=Role.COUNSEL,
        by=by if locked.case else None,
        instructions=asked,
        about=f"{locked.origin}@counsel",
        priority="P0" if locked.high_severity else "normal",
    )
    digest = ledger.digest(asked)
    ledger.record("triage.counsel_asked", subject=locked.origin, by=by, details={"question_digest": digest})


@transaction.atomic
def assess_as_counsel(flag: Flag, *, by: User, reasons: str) -> CounselAssessment:
    """Record counsel's assessment of a flag. It decides nothing; without it some things are not decided."""
    access.require(by, "triage.counsel_flag")
    locked = locked_flag(flag, by)
    why = said("reasons", reasons, LONGEST_REASONS, "Say what you found, and why.")
    made = CounselAssessment.objects.create(flag=locked, reasons=why, assessed_by=by, assessed_at=clock.now())
    cases.end_tasks(about=f"{locked.origin}@counsel", kind=COUNSEL_TASK, outcome="Assessed.", by=by)
    if locked.case is not None:
        title = "Counsel assessed the flag"
        cases.add_event(locked.case, kind="triage.counsel_assessed", title=title, by=by, about=locked.origin)
    ledger.record(
        "triage.counsel_assessed",
        subject=locked.origin,
        by=by,
        details={"assessment": made.pk, "reasons_digest": ledger.digest(why)},
    )
    return made


def require_counsel(flag: Flag, *, decider: User) -> None:
    """Raise Refused where "no action" has an EU nexus, and counsel assessed nothing since the last decision.

    Whoever found the nexus, and counsel is another person than the decider: a trigger of the database says so
    too. Regulation (EU) 2022/2065 Art. 18: a suspicion is to be notified; why it is none is counsel's to say.
    """
    if selectors.has_eu_nexus(flag) and not selectors.counsel_assessed(flag, decider=decider):
        raise Refused(
            "With an EU nexus and a suspicion of a threat to life, no action needs the assessment of counsel "
            "who does not decide it: Ask counsel, on this page (Regulation (EU) 2022/2065 Art. 18).",
            rule=EU_RULE,
            citation="Regulation (EU) 2022/2065 Art. 18",
        )


@transaction.atomic
def deconflict(case: Case, *, by: User, asked_by: str, reason: str, until: datetime) -> Deconfliction:
    """Record that police ask not to act yet, until a moment that policy caps; for counsel alone.

    While it stands nothing but a danger to life is submitted or approved on the case. Raises Refused for a
    case of priority P0, Conflict where one stands, InvalidInput naming `until`.
    """
    access.require(by, "triage.counsel_flag")
    cases.require_case(by, case, "work_case")
    case.refresh_from_db(fields=["priority"])
    if case.priority == "P0":
        raise Refused("Where life is in danger nobody waits.", rule="triage.deconflict-never-p0")
    now = clock.now()
    longest, citation = engine.deadline(LONGEST_CLOCK, now)
    if until.tzinfo is None or not now < until <= longest:
        latest = f"{longest:%Y-%m-%d %H:%M} UTC ({citation})"
        raise InvalidInput("until", f"A moment to come, at the latest {latest}.")
    standing = Deconfliction.objects.select_for_update().filter(case=case, ended_at=None).first()
    if standing is not None and standing.until > now:
        raise Conflict("Police have asked us to wait already: end that first.")
    if standing is not None:
        _end(standing, by=by, reason="Its time was over.")
    made = Deconfliction.objects.create(
        case=case,
        asked_by=said("asked_by", asked_by, 500, "Say who asked, and on which number you called them back."),
        reason=said("reason", reason, 2_000, "Say what they told you."),
        until=until,
        recorded_by=by,
        recorded_at=now,
    )
    title = "Police ask us to wait"
    cases.add_event(case, kind="triage.deconflicted", title=title, by=by, detail=made.reason)
    cases.open_task(
        case,
        kind=ENDS_TASK,
        title="The time to wait for police ends",
        role=Role.COUNSEL,
        instructions=_ENDS,
        about=made.origin,
        due_at=until,
    )
    ledger.record(
        "triage.deconflicted",
        subject=case.reference,
        by=by,
        details={"deconfliction": made.pk, "until": ledger.timestamp(until)},
    )
    return made


@transaction.atomic
def end_deconfliction(row: Deconfliction, *, by: User, reason: str) -> Deconfliction:
    """End the waiting: counsel's word, with why."""
    access.require(by, "triage.counsel_flag")
    cases.require_case(by, row.case, "work_case")
    locked = Deconfliction.objects.select_for_update(of=("self",)).select_related("case").get(pk=row.pk)
    if locked.ended_at is not None:
        raise IllegalTransition("ended", "end it")
    return _end(locked, by=by, reason=said("reason", reason, 2_000, "Say why we act now."))


def _end(row: Deconfliction, *, by: User, reason: str) -> Deconfliction:
    row.ended_by, row.ended_at, row.end_reason = by, clock.now(), reason
    row.save(update_fields=["ended_by", "ended_at", "end_reason"])
    cases.end_tasks(about=row.origin, kind=ENDS_TASK, outcome="Ended.", by=by)
    title = "We wait for police no longer"
    cases.add_event(row.case, kind="triage.deconfliction_ended", title=title, by=by, detail=reason)
    ledger.record(
        "triage.deconfliction_ended",
        subject=row.case.reference,
        by=by,
        details={"deconfliction": row.pk, "reason_digest": ledger.digest(reason)},
    )
    return row


def require_no_waiting(case: Case) -> None:
    """Raise Refused while police ask to wait on a case; what is P0 does not ask."""
    standing = selectors.standing_deconfliction(case)
    if standing is not None:
        raise Refused(
            f"Police ask us to wait, until {standing.until:%Y-%m-%d %H:%M} UTC: counsel ends it, or raise "
            "the referral to P0 where life is in danger.",
            rule="triage.deconflicted",
        )
