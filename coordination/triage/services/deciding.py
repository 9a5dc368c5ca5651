"""Deciding about a flag. No action is a decision like any other: who, why, under which criteria."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from django.db import transaction

from coordination.access import markup
from coordination.access import services as access
from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.ledger import services as ledger
from coordination.policy import selectors as policy
from coordination.triage import selectors
from coordination.triage.models import Assessment, Decision, Flag
from coordination.triage.services import assessing, counselling, reporting, separating, warning, weighing
from coordination.triage.services.receiving import DECIDE_CLOCK, ask, open_or_join
from coordination.triage.services.records import LONGEST_REASONS, locked_flag, said
from coordination.triage.workflow import FLAG, FlagVerb, Outcome

# What each outcome asks of a person: kind and title of the task, and whose it is.
_NEXT: dict[Outcome, tuple[str, str, Role]] = {
    Outcome.REFER_POLICE: ("file_referral", "File the referral to the police", Role.SAFETY_LIAISON),
    Outcome.REFER_CRISIS: (
        "file_crisis_referral",
        "File the referral to crisis responders",
        Role.SAFETY_LIAISON,
    ),
    Outcome.WARN_TARGET: (warning.WARN, warning.TITLE, Role.SAFETY_LIAISON),
    Outcome.MONITOR: ("monitor", "Look again: the time to monitor has ended", Role.SENIOR_REVIEWER),
}
_LONGEST_TRIGGER = 300


@transaction.atomic
def decide(
    flag: Flag,
    *,
    by: User,
    outcomes: Iterable[str],
    reasons: str,
    reopens_when: str,
    monitor_until: date | None = None,
    departure: str = "",
    assessment: Mapping[str, Any] | None = None,
    reports: Iterable[str] = (),
) -> Decision:
    """Record a decision under the criteria in force, with what would re-open it, and open what follows.

    It rests on an assessment by another person. For high severity `assessment` may be the decider's own
    (judging.check), and must be where there is none by another. `outcomes` are one or more, except that
    `no_action` stands alone; `monitor` needs a date to come; `departure` says why a rule is departed from
    (weighing); `reports` are the mandated ones that the decider names, by code. Raises InvalidInput naming
    the field, IllegalTransition where the flag was decided, and Refused: by the rule of two people, before a
    report that comes first, of fiction without its context window, of coordinated reports that one person
    alone looked at, and of no action with an EU nexus before counsel's assessment.
    """
    access.require(by, "triage.decide_flag")
    locked = locked_flag(flag, by)
    after = FLAG.after(locked.state, FlagVerb.DECIDE)
    separating.require_outside(locked, by)
    chosen = _outcomes(outcomes)
    why = said("reasons", reasons, LONGEST_REASONS, "Give the reasons.")
    trigger = said("reopens_when", reopens_when, _LONGEST_TRIGGER, "Say what would re-open this.")
    _check_date(chosen, monitor_until)
    reporting.require_reported(locked, *selectors.assessments_of(locked))
    rests_on = _assessment(locked, by, assessment)
    reporting.require_reported(locked, rests_on)
    if chosen == [Outcome.NO_ACTION]:
        counselling.require_counsel(locked, decider=by)
    rules = weighing.weigh(locked, rests_on, chosen, departure)
    due = reporting.due_with(locked, chosen, reports)
    if locked.case is None and (due or chosen != [Outcome.NO_ACTION]):
        open_or_join(locked)
    criteria = policy.criteria_in_force()
    decision = Decision.objects.create(
        flag=locked,
        assessment=rests_on,
        outcomes=[outcome.value for outcome in chosen],
        reasons=why,
        rules=rules,
        departure=departure.strip() if rules else None,
        criteria=f"{criteria.pack} ({criteria.version})",
        reopens_when=trigger,
        monitor_until=monitor_until,
        decided_by=by,
        decided_at=clock.now(),
    )
    locked.state = after
    locked.save(update_fields=["state"])
    words = ", ".join(markup.words(outcome) for outcome in chosen)
    cases.end_tasks(about=locked.origin, outcome=f"Decided: {words}.", by=by)
    if locked.case is not None:
        cases.meet_deadline(locked.case, code=DECIDE_CLOCK, about=locked.origin)
    reporting.open_reports(locked, due, decision=decision)
    _follow_up(locked, chosen, why, monitor_until)
    _trace(locked, decision, words, by)
    return decision


def _trace(flag: Flag, decision: Decision, words: str, by: User) -> None:
    if flag.case is not None:
        cases.add_event(
            flag.case,
            kind="triage.decided",
            title=f"Decided: {words}. Criteria {decision.criteria}"[:200],
            by=by,
            detail=decision.reasons,
            about=flag.origin,
        )
    ledger.record(
        "triage.decided",
        subject=flag.origin,
        by=by,
        details={
            "outcomes": decision.outcomes,
            "criteria": decision.criteria,
            "reasons_digest": ledger.digest(decision.reasons),
            "decision": decision.pk,
            "assessment": decision.assessment_id,
            "rules": decision.rules,
            "departure_digest": ledger.digest(decision.departure) if decision.departure else "",
        },
    )


def _assessment(flag: Flag, by: User, own: Mapping[str, Any] | None) -> Assessment:
    """Return what the decision rests on: the decider's own for high severity, else another person's."""
    if own is None:
        if flag.high_severity and selectors.assessed_by_another(flag, by) is None:
            raise InvalidInput("level", "Nobody else assessed this: say level, target, means and timing.")
        return separating.require_assessed(flag, by)
    if not flag.high_severity:
        raise Refused(
            "Of this severity another person assesses first, and you decide on that.",
            rule=separating.TWO_PEOPLE,
        )
    return assessing.write(flag, by=by, judgement=own, direct=True)


@transaction.atomic
def reopen(flag: Flag, *, by: User, reason: str) -> Flag:
    """Put a decided flag before a reviewer again; the earlier decision stays as it was."""
    access.require(by, "triage.decide_flag")
    locked = locked_flag(flag, by)
    after = FLAG.after(locked.state, FlagVerb.REOPEN)
    why = said("reason", reason, 2_000, "Say what has changed.")
    locked.state = after
    locked.save(update_fields=["state"])
    if locked.case is not None:
        cases.add_event(
            locked.case,
            kind="triage.reopened",
            title="The flag was opened again",
            by=by,
            detail=why,
            about=locked.origin,
        )
    ledger.record(
        "triage.reopened", subject=locked.origin, by=by, details={"reason_digest": ledger.digest(why)}
    )
    ask(locked)
    return locked


def _outcomes(given: Iterable[str]) -> list[Outcome]:
    wanted = {given} if isinstance(given, str) else set(given)
    if not wanted:
        raise InvalidInput("outcomes", "Decide on at least one outcome.")
    if not wanted <= {outcome.value for outcome in Outcome}:
        raise InvalidInput("outcomes", f"Outcomes are {', '.join(Outcome)}.")
    if Outcome.NO_ACTION in wanted and len(wanted) > 1:
        raise InvalidInput("outcomes", "No action stands alone.")
    return [outcome for outcome in Outcome if outcome.value in wanted]


def _check_date(chosen: list[Outcome], until: date | None) -> None:
    if Outcome.MONITOR in chosen and until is None:
        raise InvalidInput("monitor_until", "Monitoring needs a date on which somebody looks again.")
    if Outcome.MONITOR not in chosen and until is not None:
        raise InvalidInput("monitor_until", "A date goes with monitoring only.")
    if until is not None and until <= clock.now().date():
        raise InvalidInput("monitor_until", "This date is not in the future.")


def _follow_up(flag: Flag, chosen: list[Outcome], why: str, until: date | None) -> None:
    for outcome in chosen:
        if outcome not in _NEXT or flag.case is None:
            continue
        kind, title, role = _NEXT[outcome]
        cases.open_task(
            flag.case,
            kind=kind,
            title=title,
            role=role,
            instructions=warning.instructions(why) if outcome == Outcome.WARN_TARGET else why,
            about=flag.origin,
            # What is only to be looked at later is no emergency today.
            priority="P0" if flag.high_severity and outcome != Outcome.MONITOR else "normal",
            due_at=_due(flag, outcome, until),
        )


def _due(flag: Flag, outcome: Outcome, until: date | None) -> datetime | None:
    if outcome == Outcome.WARN_TARGET and case_selectors.open_task(warning.WARN, flag.origin) is None:
        return warning.start_clock(flag)
    return datetime.combine(until, time(), UTC) if until and outcome == Outcome.MONITOR else None
