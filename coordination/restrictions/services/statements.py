"""Statements of reasons (Regulation (EU) 2022/2065 Art. 17): with the restriction, or as counsel decides.

Told by the command that restricts, so at the latest when it is imposed. Where telling would tip somebody off,
counsel withholds or releases it, with reasons: both are on record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from coordination.access import markup
from coordination.access.services import Role, User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.core import bulk, clock
from coordination.core.errors import InvalidInput
from coordination.core.fields import number
from coordination.ledger import services as ledger
from coordination.policy import selectors as policy
from coordination.restrictions import selectors
from coordination.restrictions.models import Imposition, Restriction, Statement
from coordination.restrictions.services import commands
from coordination.restrictions.services.words import one_at_a_time, permitted, said
from coordination.restrictions.workflow import NOTICE, STANDING, Action, NoticeState, NoticeVerb

DECIDE: Final = "restrictions.decide_notice"
TASK: Final = "decide_notice"
RULE: Final = "eu.dsa17"
LONGEST: Final = 5_000
REDRESS: Final = (
    "You may complain to us about this decision, free of charge and by electronic means, for six months from"
    " today. You may also turn to a certified out-of-court dispute settlement body, or to a court."
)
TITLES: Final = {"told": "The user is told why", "counsel": "Counsel decides whether the user is told why"}


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What the user of an account with a link to the European Union is told about its restriction.

    `facts` and `ground` (the law, or the term of use) are the user's to read: no victim, no reporter, no
    method. `tips_off`: telling might endanger somebody or an investigation, so counsel decides.
    """

    facts: str
    ground: str
    tips_off: bool = False


def checked(notice: Notice) -> Notice:
    """Return the notice with its words checked."""
    return Notice(
        facts=said("facts", notice.facts, LONGEST),
        ground=said("ground", notice.ground, LONGEST),
        tips_off=notice.tips_off,
    )


def in_force() -> bool:
    """Tell whether the law that asks for statements is in force here."""
    try:
        policy.clock_row(RULE)
    except InvalidInput:
        return False
    return True


def make_many(wanted: Sequence[tuple[Imposition, Notice]]) -> list[Statement]:
    """Make the statements of steps, in the transaction that imposes them; `text` is what the user reads.

    A number of statements to the database that does not grow. Raises InvalidInput where no law asks for one.
    """
    if not wanted:
        return []
    rule, now = policy.clock_row(RULE), clock.now()
    cases_of = {imposition.restriction.case_id for imposition, _ in wanted}
    hidden = set(case_selectors.hidden().filter(pk__in=cases_of).values_list("pk", flat=True))
    limits = {row.step: row.limits for row in policy.ladder()}
    made = []
    for imposition, notice in wanted:
        waits = notice.tips_off or imposition.restriction.case_id in hidden
        made.append(
            Statement(
                imposition=imposition,
                facts=notice.facts,
                ground=notice.ground,
                automated=imposition.by_id is None,
                redress=REDRESS,
                citation=f"{rule.citation} ({rule.pack})",
                text=_letter(imposition, notice, limits=limits.get(imposition.step, "")),
                state=NoticeState.COUNSEL if waits else NoticeState.TOLD,
                made_at=now,
                told_at=None if waits else now,
            )
        )
    number(made)
    bulk.insert(made)
    cases.open_tasks([_to_counsel(each) for each in made if each.state == NoticeState.COUNSEL], by=None)
    _trace_many("statement_made", made)
    return made


def make_late(restriction: Restriction, notice: Notice) -> Statement:
    """Make the statement of the last step of a locked restriction that has none, and have the user told."""
    imposition = selectors.latest_imposition(restriction)
    imposition.restriction = restriction
    (statement,) = make_many([(imposition, notice)])
    if statement.state == NoticeState.TOLD:
        _send(restriction, statement)
    return statement


def _to_counsel(statement: Statement) -> cases.NewTask:
    case = statement.imposition.restriction.case
    return cases.NewTask(
        case=case,
        kind=TASK,
        title="Decide whether the user is told why they are restricted",
        role=Role.COUNSEL,
        instructions="Telling them may tip somebody off. Release the statement of reasons or withhold it"
        " with your reasons, on the page of the restriction.",
        about=f"restrictions.statement:{statement.pk}",
        # What a flag restricts by itself has woken people already, and not for this.
        priority="normal" if statement.automated else case.priority,
    )


@transaction.atomic
def release(statement: Statement, *, by: User, reason: str) -> Statement:
    """Have the user told: the command is sent again, with the statement. Counsel only, with reasons."""
    return _decide(statement, NoticeVerb.RELEASE, by=by, reason=reason)


@transaction.atomic
def withhold(statement: Statement, *, by: User, reason: str) -> Statement:
    """Keep the statement back, with the reasons. It can be released later."""
    return _decide(statement, NoticeVerb.WITHHOLD, by=by, reason=reason)


def _decide(statement: Statement, verb: NoticeVerb, *, by: User, reason: str) -> Statement:
    restriction = selectors.restriction_of(statement)
    permitted(restriction.case, by, DECIDE)
    one_at_a_time([restriction.account])
    restriction.refresh_from_db(fields=["state", "step"])
    rows = Statement.objects.select_for_update(of=("self",)).select_related("imposition")
    locked = rows.get(pk=statement.pk)
    locked.state = NOTICE.after(locked.state, verb)
    locked.decided_by, locked.decided_at = by, clock.now()
    locked.decision_reason = said("reason", reason)
    if verb == NoticeVerb.RELEASE:
        locked.told_at = clock.now()
    locked.save()
    locked.imposition.restriction = restriction
    if verb == NoticeVerb.RELEASE and restriction.state in STANDING:
        _send(restriction, locked)
    about = f"restrictions.statement:{locked.pk}"
    cases.end_tasks(about=about, kind=TASK, outcome=f"Decided: {locked.state}.", by=by)
    digest = ledger.digest(locked.decision_reason)
    _trace_many("statement_decided", [locked], reason_digest=digest)
    return locked


def _send(restriction: Restriction, statement: Statement) -> None:
    """Order the step again, with the statement: the user reads it where the platform restricts."""
    commands.supersede(restriction)
    commands.queue(
        [
            commands.Wanted(
                action=Action.IMPOSE,
                about=restriction,
                reason_code=commands.STATED,
                authority=statement.imposition.authority,
                step=restriction.step,
                statement=statement.text,
            )
        ]
    )


def _letter(imposition: Imposition, notice: Notice, *, limits: str) -> str:
    how = (
        "This was decided by automated means; people look at it too."
        if imposition.by_id is None
        else "This was decided by a person."
    )
    return "\n\n".join(
        [
            f"We have restricted your account: {markup.words(imposition.step)}.",
            f"What is limited: {limits}",
            f"The facts: {notice.facts}",
            how,
            f"The ground: {notice.ground}",
            REDRESS,
        ]
    )


def _trace_many(action: str, made: Sequence[Statement], **details: ledger.Value) -> None:
    """Record what became of statements, each by whoever imposed its step or decided about it."""
    ledger.record_many(
        [
            ledger.entry(
                f"restrictions.{action}",
                subject=each.imposition.restriction.case.reference,
                by=_who(each),
                details={
                    "restriction": each.imposition.restriction_id,
                    "statement": each.pk,
                    "state": str(each.state),
                    "automated": each.automated,
                    **details,
                },
            )
            for each in made
        ]
    )
    cases.add_events(
        [
            cases.NewEvent(
                case=each.imposition.restriction.case,
                kind=f"restrictions.{action}",
                title=TITLES.get(str(each.state), "The user is not told why"),
                by=_who(each),
                detail=each.decision_reason,
                about=each.imposition.restriction.origin,
            )
            for each in made
        ]
    )


def _who(statement: Statement) -> User | None:
    who: User | None = statement.decided_by or statement.imposition.by
    return who
