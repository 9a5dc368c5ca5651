"""Statements of reasons (Regulation (EU) 2022/2065 Art. 17): with the restriction, or as counsel decides.

Told by the command that restricts, so at the latest when it is imposed. Where telling would tip somebody off,
counsel withholds or releases it, with reasons: both are on record.
"""

from dataclasses import dataclass
from typing import Final

from django.db import transaction

from coordination.access import markup
from coordination.access.services import Role, User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.core import clock
from coordination.ledger import services as ledger
from coordination.policy import selectors as policy
from coordination.restrictions import selectors
from coordination.restrictions.models import Imposition, Statement
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


def make(imposition: Imposition, notice: Notice) -> Statement:
    """Make the statement of a step, in the transaction that imposes it; `text` is what the user reads."""
    rule = policy.clock_row(RULE)
    hidden = case_selectors.is_hidden(imposition.restriction.case)
    waits = notice.tips_off or hidden
    automated = imposition.by_id is None
    statement = Statement.objects.create(
        imposition=imposition,
        facts=notice.facts,
        ground=notice.ground,
        automated=automated,
        redress=REDRESS,
        citation=f"{rule.citation} ({rule.pack})",
        text=_letter(imposition, notice, automated=automated),
        state=NoticeState.COUNSEL if waits else NoticeState.TOLD,
        made_at=clock.now(),
        told_at=None if waits else clock.now(),
    )
    if waits:
        cases.open_task(
            imposition.restriction.case,
            kind=TASK,
            title="Decide whether the user is told why they are restricted",
            role=Role.COUNSEL,
            instructions="Telling them may tip somebody off. Release the statement of reasons or withhold it"
            " with your reasons, on the page of the restriction.",
            about=f"restrictions.statement:{statement.pk}",
            priority=imposition.restriction.case.priority,
        )
    _trace("statement_made", statement, by=imposition.by, state=str(statement.state), automated=automated)
    return statement


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
        commands.supersede(restriction)
        commands.queue(
            [
                commands.Wanted(
                    action=Action.IMPOSE,
                    about=restriction,
                    reason_code=commands.STATED,
                    authority=locked.imposition.authority,
                    step=restriction.step,
                    statement=locked.text,
                )
            ]
        )
    about = f"restrictions.statement:{locked.pk}"
    cases.end_tasks(about=about, kind=TASK, outcome=f"Decided: {locked.state}.", by=by)
    digest = ledger.digest(locked.decision_reason)
    _trace("statement_decided", locked, by=by, state=str(locked.state), reason_digest=digest)
    return locked


def _letter(imposition: Imposition, notice: Notice, *, automated: bool) -> str:
    how = (
        "This was decided by automated means; people look at it too."
        if automated
        else "This was decided by a person."
    )
    row = policy.ladder_step(imposition.step)
    return "\n\n".join(
        [
            f"We have restricted your account: {markup.words(imposition.step)}.",
            f"What is limited: {row.limits}",
            f"The facts: {notice.facts}",
            how,
            f"The ground: {notice.ground}",
            REDRESS,
        ]
    )


def _trace(action: str, statement: Statement, *, by: User | None, **details: ledger.Value) -> None:
    restriction = statement.imposition.restriction
    ledger.record(
        f"restrictions.{action}",
        subject=restriction.case.reference,
        by=by,
        details={"restriction": restriction.pk, "statement": statement.pk, **details},
    )
    words = {"told": "The user is told why", "counsel": "Counsel decides whether the user is told why"}
    cases.add_event(
        restriction.case,
        kind=f"restrictions.{action}",
        title=words.get(str(statement.state), "The user is not told why"),
        by=by,
        detail=statement.decision_reason,
        about=restriction.origin,
    )
