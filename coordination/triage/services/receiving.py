"""Receiving a flag: once each, and a human paged at once where the criteria say so."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from coordination.access import markup
from coordination.access import services as access
from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput
from coordination.ledger import services as ledger
from coordination.policy import engine
from coordination.policy import selectors as policy
from coordination.triage.models import Flag
from coordination.triage.services import reporting
from coordination.triage.services.intake import Intake, check
from coordination.triage.workflow import Category, FlagState, Level

logger = logging.getLogger(__name__)

DECIDE_CLOCK = "policy.decide-high"
SENIOR, TIER_1 = "triage_senior", "triage_tier_1"
_LOOK = "Read the content with what stands around it, then decide; no action is a decision with reasons too."
_ASSESS = "Read the content with what stands around it; say of target, means and timing what is there."
_REPORT_FIRST = (
    "The CyberTipline report comes first (18 USC 2258A): here only the hold and the report number."
)


@transaction.atomic
def receive(
    *,
    by: User,
    external_id: str,
    source: str,
    category: str,
    content: str,
    content_at: datetime,
    content_zone: str,
    account: str,
    provenance: str,
    score: float | None = None,
    classifier: str = "",
    classifier_version: str = "",
    context: str = "",
    identifiers: Sequence[dict[str, str]] = (),
    apparent_target: str = "",
    files: Sequence[dict[str, str]] = (),
    minor: bool = False,
) -> tuple[Flag, bool]:
    """Take in a flag and return it with True, or the one that this sender gave the same id with False.

    A category of high severity under the criteria in force opens a case, or joins the one of this account,
    with a P0 task for a senior reviewer, in the same transaction. Others wait their turn. Raises InvalidInput
    naming the field, and Conflict where the same id came with other content.
    """
    access.require(by, "triage.receive_flag")
    intake = check(
        {
            "external_id": external_id,
            "source": source,
            "category": category,
            "content": content,
            "content_at": content_at,
            "content_zone": content_zone,
            "account": account,
            "provenance": provenance,
            "score": score,
            "classifier": classifier,
            "classifier_version": classifier_version,
            "context": context,
            "identifiers": list(identifiers),
            "apparent_target": apparent_target,
            "files": list(files),
            "minor": minor,
        }
    )
    flag, created = _insert(intake, by)
    if created:
        _queue(flag, by)
    return flag, created


def _insert(intake: Intake, by: User) -> tuple[Flag, bool]:
    flag = Flag(
        **asdict(intake),
        account_index=case_selectors.account_index(intake.account),
        high_severity=policy.is_high_severity(intake.category),
        received_at=clock.now(),
        received_from=by,
    )
    same = _same(intake, by)
    if same is not None:
        return same, False
    try:
        with transaction.atomic():
            flag.save(force_insert=True)
    except IntegrityError:
        same = _same(intake, by)  # it came twice at once
        if same is None:
            raise
        return same, False
    return flag, True


def _same(intake: Intake, by: User) -> Flag | None:
    found = Flag.objects.filter(received_from=by, external_id=intake.external_id).first()
    if found is None:
        return None
    if any(getattr(found, name) != value for name, value in asdict(intake).items()):
        raise Conflict("A flag with this external_id came before, with other content.")
    return found


def _queue(flag: Flag, by: User) -> None:
    joined = open_or_join(flag) if flag.high_severity else None
    ledger.record(
        "triage.flag_received",
        subject=flag.origin,
        by=by,
        details={
            "category": flag.category,
            "source": flag.source,
            "high_severity": flag.high_severity,
            "content_digest": ledger.digest(flag.content),
            "case": joined.reference if joined else "",
        },
    )
    ask(flag)


def open_or_join(flag: Flag) -> Case:
    """Give the flag its case: the newest of this account, opened again where it was closed, or a new one."""
    name = markup.words(Category(flag.category))
    _one_at_a_time(flag)
    case = case_selectors.subjects_with_account(flag.account).first()
    if case is None:
        case = cases.open_case(
            f"Flag: {name}",
            by=None,
            priority="P0" if flag.high_severity else "normal",
            accounts=[flag.account],
        )
    elif case.state != "open":
        cases.reopen_case(case, by=None, reason="A new flag about the same account came in.")
    if flag.high_severity:
        cases.raise_priority(case, by=None)
    flag.case = case
    flag.save(update_fields=["case"])
    cases.add_event(
        case,
        kind="triage.flag_received",
        title=f"Flag received: {name}" + (f", score {flag.score.normalize()}" if flag.score else ""),
        detail=f"{markup.words(flag.source)} {flag.classifier} {flag.classifier_version}".strip(),
        about=flag.origin,
    )
    return case


def _one_at_a_time(flag: Flag) -> None:
    """Let a second flag of the same account wait for the first, whose case it would not see."""
    key = int.from_bytes(bytes(flag.account_index)[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def ask(flag: Flag, *, assessed: str = "") -> None:
    """Open the task that a flag waits for: to assess it, and where that is done or passed over, to decide.

    High severity and what was opened again go to the second tier; so does what was `assessed`, at once where
    its level is high.
    """
    name = markup.words(Category(flag.category))
    first = reporting.due_first(flag)
    reporting.open_reports(flag, first)
    instructions = [_REPORT_FIRST] if first else []
    if not (flag.high_severity or assessed or flag.state == FlagState.REOPENED):
        cases.open_task(
            flag.case,
            kind=TIER_1,
            title=f"Assess a flag: {name}",
            role=Role.REVIEWER,
            instructions="\n".join([*instructions, _ASSESS]),
            about=flag.origin,
        )
        return
    urgent = flag.high_severity or assessed == Level.HIGH
    cases.open_task(
        flag.case,
        kind=SENIOR,
        title=f"Decide about a flag: {name}",
        role=Role.SENIOR_REVIEWER,
        instructions="\n".join([*instructions, _LOOK]),
        about=flag.origin,
        priority="P0" if urgent else "normal",
        due_at=_start_clock(flag, name) if urgent else None,
    )


def _start_clock(flag: Flag, name: str) -> datetime | None:
    """Start the clock of the decision; return when it is due, None where no pack in force has one."""
    if flag.case is None:
        return None
    now = clock.now()
    try:
        due, citation = engine.deadline(DECIDE_CLOCK, now)
    except InvalidInput:
        logger.exception("no deadline was started for %s: see the policy packs", flag.origin)
        return None
    cases.start_deadline(
        flag.case,
        code=DECIDE_CLOCK,
        title=f"Decision about a flag: {name}",
        citation=citation,
        due_at=due,
        about=flag.origin,
        started_at=now,
    )
    return due
