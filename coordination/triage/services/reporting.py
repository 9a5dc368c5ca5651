"""Reports that the law mandates: they hang on the decision or come before it, with a clock and a number."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import transaction

from coordination.access import services as access
from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.services import NewTask
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.ledger import services as ledger
from coordination.policy import engine
from coordination.policy import selectors as policy
from coordination.policy.selectors import ReportRule
from coordination.policy.workflow import ReportTrigger
from coordination.triage import selectors
from coordination.triage.models import Assessment, Decision, Flag, MandatedReport
from coordination.triage.services.records import locked_flag, said
from coordination.triage.services.trying import try_all
from coordination.triage.workflow import REPORT, Category, Outcome, ReportState, ReportVerb

REPORT_TASK = "mandated_report"
FIRST = "triage.report-first"
_LONGEST_NUMBER = 120
_NOT_OPENED = (
    "File it where the law says (18 USC 2258A) and keep its number. Tell whoever keeps the policy packs: the "
    "application's log says what failed. Assess the flag then: that opens the record. Write the number there."
)
_HOW = (
    "File it where the law says, then Record that it was filed, on the flag's page, with their number and "
    "when. It need not be filed? Counsel alone says so."
)


def due_first(flag: Flag, *assessments: Assessment) -> list[ReportRule]:
    """Return the reports that come before any decision: of child sexual abuse material or enticement."""
    concerned = flag.category == Category.CSAM or any(each.enticement for each in assessments)
    rules = policy.mandated_reports(ReportTrigger.CHILD_MATERIAL) if concerned else []
    return [rule for rule in rules if rule.first]


def due_with(flag: Flag, chosen: Collection[Outcome], codes: Iterable[str]) -> list[ReportRule]:
    """Return the reports that a decision makes due: by what anybody found, and those that the decider names.

    Raises InvalidInput naming `reports` for one that is not in force.
    """
    possible = {rule.code: rule for rule in policy.mandated_reports(ReportTrigger.CHOSEN)}
    wanted = sorted(set(codes))
    if unknown := [code for code in wanted if code not in possible]:
        raise InvalidInput("reports", f"Not in force: {', '.join(unknown)}.")
    found = [possible[code] for code in wanted]
    # No action is decided there on counsel's recorded assessment, which is then why nothing is notified.
    if selectors.has_eu_nexus(flag) and Outcome.NO_ACTION not in chosen:
        found += policy.mandated_reports(ReportTrigger.EU_THREAT_TO_LIFE)
    return found


def open_first(flags: Sequence[Flag]) -> set[Flag]:
    """Open the reports that come before any decision, and return the flags that have such.

    Where that fails a person is asked at once, and the flag comes in all the same.
    """
    concerned = set[Flag]()

    def open_all(some: Sequence[Flag]) -> None:
        for each in some:
            if rules := due_first(each):
                concerned.add(each)
                open_reports(each, rules)

    failed = try_all([each for each in flags if each.category == Category.CSAM], open_all)
    if not failed:
        return concerned
    cases.open_tasks(
        [
            NewTask(
                case=each.case,
                kind=REPORT_TASK,
                title="Mandated report: its record and clock could not be opened",
                instructions=_NOT_OPENED,
                role=Role.SAFETY_LIAISON,
                about=each.origin,
                priority="P0",
            )
            for each in failed
        ],
        by=None,
    )
    return concerned | set(failed)


def open_reports(flag: Flag, rules: Iterable[ReportRule], *, decision: Decision | None = None) -> None:
    """Open each report that is not open yet, with its clock and its task; in the caller's transaction."""
    now = clock.now()
    for rule in rules:
        due, citation = engine.deadline(rule.clock, now)
        report, new = MandatedReport.objects.get_or_create(
            flag=flag,
            code=rule.code,
            defaults={
                "decision": decision,
                "title": rule.title,
                "citation": rule.citation,
                "clock": rule.clock,
                "first": rule.first,
                "opened_at": now,
                "due_at": due,
            },
        )
        if new:
            _ask(flag, report, citation)


def _ask(flag: Flag, report: MandatedReport, citation: str) -> None:
    title = f"Mandated report: {report.title}"[:200]
    if flag.case is not None:
        cases.start_deadline(
            flag.case,
            code=report.clock,
            title=title,
            citation=citation,
            due_at=report.due_at,
            about=flag.origin,
            started_at=report.opened_at,
        )
    cases.open_task(
        flag.case,
        kind=REPORT_TASK,
        title=title,
        role=Role.SAFETY_LIAISON,
        instructions=f"{_HOW}\n\n{report.citation}",
        about=report.origin,
        priority="P0" if flag.high_severity else "normal",
        due_at=report.due_at,
    )
    ledger.record(
        "triage.report_due",
        subject=flag.origin,
        by=None,
        details={"report": report.pk, "code": report.code, "decision": report.decision_id},
    )


def require_reported(flag: Flag, *assessments: Assessment) -> None:
    """Raise Refused while a report that comes first has no number, and counsel has not said why."""
    ended = (
        MandatedReport.objects.filter(flag=flag).exclude(state=ReportState.DUE).values_list("code", flat=True)
    )
    for rule in due_first(flag, *assessments):
        if rule.code not in ended:
            raise Refused(
                f"{rule.title} comes first ({rule.citation}): record its number, then decide. Only the hold "
                "and the number stand here. What was found is recorded as an assessment before that.",
                rule=FIRST,
                citation=rule.citation,
            )


@transaction.atomic
def report_filed(report: MandatedReport, *, by: User, number: str, at: datetime) -> MandatedReport:
    """Record that a report was filed, under which number of the authority and when; its clock is met.

    Raises InvalidInput naming `number` or `at`, IllegalTransition where it was filed before.
    """
    access.require(by, "triage.file_report")
    found = said("number", number, _LONGEST_NUMBER, "Write down the number that they gave the report.")
    if at.tzinfo is None or at > clock.now():
        raise InvalidInput("at", "When it was filed: a time that has passed, with its zone.")
    return _end(report, ReportVerb.FILE, by=by, number=found, filed_at=at)


@transaction.atomic
def excuse_report(report: MandatedReport, *, by: User, reason: str) -> MandatedReport:
    """Record why a report need not be filed: counsel's word alone."""
    access.require(by, "triage.counsel_flag")
    return _end(report, ReportVerb.EXCUSE, by=by, reason=said("reason", reason, 2_000, "Say why not."))


def _end(report: MandatedReport, verb: ReportVerb, *, by: User, **fields: object) -> MandatedReport:
    flag = locked_flag(report.flag, by)
    locked = MandatedReport.objects.select_for_update().get(pk=report.pk)
    locked.flag = flag
    locked.state = REPORT.after(locked.state, verb)
    for name, value in {**fields, "ended_by": by, "ended_at": clock.now()}.items():
        setattr(locked, name, value)
    locked.save(update_fields=["state", *fields, "ended_by", "ended_at"])
    filed = verb == ReportVerb.FILE
    outcome = "Filed." if filed else "Counsel: it need not be filed."
    cases.end_tasks(about=locked.origin, outcome=outcome, by=by, cancel=not filed)
    if flag.case is not None:
        stop = cases.meet_deadline if filed else cases.cancel_deadline
        stop(flag.case, code=locked.clock, about=flag.origin, by=by)
        title = f"Mandated report {locked.state}: {locked.title}"[:200]
        cases.add_event(
            flag.case, kind=f"triage.report_{locked.state}", title=title, by=by, about=flag.origin
        )
    said_so = locked.number if filed else locked.reason
    ledger.record(
        f"triage.report_{locked.state}",
        subject=flag.origin,
        by=by,
        details={"report": locked.pk, "code": locked.code, "digest": ledger.digest(said_so or "")},
    )
    return locked
