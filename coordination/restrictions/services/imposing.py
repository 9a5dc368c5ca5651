"""Imposing: the restriction, the step, the command and the entry in one transaction, and nothing rendered.

Automatic where `by` is None: then the row of policy that says so is the authority. A step up needs no more
than the right to impose; a step down is a lift of the difference and is not made here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction

from coordination.access import markup
from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import bulk, clock
from coordination.core.errors import InvalidInput, Refused
from coordination.core.fields import number
from coordination.ledger import services as ledger
from coordination.policy import engine
from coordination.policy import selectors as policy
from coordination.restrictions import selectors
from coordination.restrictions.models import Imposition, Restriction, Statement
from coordination.restrictions.services import commands
from coordination.restrictions.services.statements import Notice, checked, in_force, make_many
from coordination.restrictions.services.words import (
    LONGEST_AUTHORITY,
    account_of,
    one_at_a_time,
    permitted,
    said,
)
from coordination.restrictions.signals import restriction_changed, restriction_imposed
from coordination.restrictions.workflow import (
    LEVEL,
    RESTRICTION,
    Action,
    NoticeState,
    RestrictionState,
    RestrictionVerb,
)

IMPOSE: Final = "restrictions.impose_restriction"


@dataclass(frozen=True, kw_only=True)
class Imposing:
    """One restriction to impose. `about` names what it follows from, such as triage.flag:….

    `notice` is the statement of reasons for a subject with a link to the European Union; `eu_link` says
    whether there is one, None where nobody knows: then a person is asked about what was restricted by itself.
    """

    case: Case
    account: str
    step: str
    reason: str
    authority: str
    about: str = ""
    expires_at: datetime | None = None
    notice: Notice | None = None
    eu_link: bool | None = None


@dataclass(kw_only=True)
class _Done:
    """What became of one row: the restriction, and the step taken, None where it stood already."""

    restriction: Restriction
    asked: Imposing
    taken: bool = False
    is_new: bool = False


@dataclass(kw_only=True)
class _Standing:
    """What is not lifted, found by case and blind index; what is imposed here joins it."""

    found: dict[tuple[int, bytes], Restriction] = field(default_factory=dict)

    def of(self, case: Case, account: str) -> Restriction | None:
        """Return what stands against an account, under whichever key it was indexed."""
        keys = [(case.pk, index) for index in case_selectors.account_indexes(account)]
        return next((self.found[key] for key in keys if key in self.found), None)

    def add(self, restriction: Restriction) -> None:
        """Remember one."""
        self.found[restriction.case_id, bytes(restriction.account_index)] = restriction


@dataclass(kw_only=True)
class _Law:
    """What policy says, asked once for a batch."""

    allowed: selectors.OnIntake | None
    tells: bool = True
    due: dict[str, datetime] = field(default_factory=dict)

    def authority(self, row: Imposing) -> str:
        """Return the row of policy that imposes this step by itself, or raise InvalidInput."""
        allowed = self.allowed
        if allowed is None or row.step != allowed.step or not allowed.authority.endswith(row.authority):
            raise InvalidInput("authority", "No row of policy in force imposes this step by itself.")
        return allowed.authority

    def review_due(self, step: str) -> datetime:
        """Return when a person looks at a restriction of this step again."""
        if step not in self.due:
            self.due[step] = review_due(step)
        return self.due[step]


def impose(
    case: Case,
    *,
    account: str,
    step: str,
    reason: str,
    authority: str,
    by: User | None = None,
    about: str = "",
    expires_at: datetime | None = None,
    notice: Notice | None = None,
) -> Restriction:
    """Restrict an account of a case, or step up; the restriction that stands is returned as it is.

    Raises InvalidInput naming `account`, `step`, `reason`, `authority` or `expires_at`, and Refused for a
    person who asks for less than what stands. Automatic (`by` None), what is heavier stands and is returned.
    """
    row = Imposing(
        case=case,
        account=account,
        step=step,
        reason=reason,
        authority=authority,
        about=about,
        expires_at=expires_at,
        notice=notice,
    )
    return impose_many([row], by=by)[0]


@transaction.atomic
def impose_many(rows: Sequence[Imposing], *, by: User | None = None) -> list[Restriction]:
    """As `impose`, for many at once, in their order: a handful of statements, however many rows."""
    law = _Law(allowed=selectors.on_intake() if by is None else None)
    if by is None and any(each.notice for each in rows):
        law.tells = in_force()
    checked = [_checked(each, law, by) for each in rows]
    one_at_a_time(each.account for each in checked)
    standing = _standing(checked)
    done = [_impose(each, standing, law, by) for each in checked]
    taken = [each for each in done if each.taken]
    _write(taken)
    _say(taken, by)
    return [each.restriction for each in done]


def _checked(row: Imposing, law: _Law, by: User | None) -> Imposing:
    permitted(row.case, by, IMPOSE)
    if row.step not in LEVEL:
        raise InvalidInput("step", f"A step is one of {', '.join(LEVEL)}.")
    if row.expires_at is not None and row.expires_at <= clock.now():
        raise InvalidInput("expires_at", "This is not in the future.")
    return Imposing(
        case=row.case,
        account=account_of(row.case, row.account, by)
        if by is not None
        else said("account", row.account, 500),
        step=row.step,
        reason=said("reason", row.reason),
        authority=said("authority", row.authority, LONGEST_AUTHORITY) if by else law.authority(row),
        about=row.about,
        expires_at=row.expires_at,
        notice=checked(row.notice) if row.notice and law.tells else None,
        eu_link=row.notice is not None if by is not None else row.eu_link,
    )


def _standing(rows: Iterable[Imposing]) -> _Standing:
    listed = list(rows)
    indexes = [index for each in listed for index in case_selectors.account_indexes(each.account)]
    standing = _Standing()
    found = selectors.not_lifted({each.case.pk for each in listed}, indexes)
    for restriction in found.select_for_update(of=("self",)):
        standing.add(restriction)
    return standing


def _impose(row: Imposing, standing: _Standing, law: _Law, by: User | None) -> _Done:
    restriction = standing.of(row.case, row.account)
    if restriction is None:
        restriction = Restriction(
            case=row.case,
            account=row.account,
            account_index=case_selectors.account_index(row.account),
            imposed_at=clock.now(),
        )
        standing.add(restriction)
        return _step(_Done(restriction=restriction, asked=row, taken=True, is_new=True), law)
    restriction.case = row.case
    level, lifting = LEVEL[row.step], restriction.state == RestrictionState.LIFTING
    if level < restriction.level and by is not None and not lifting:
        raise Refused(
            "What stands is heavier: a step down is a lift, and needs a signed risk assessment.",
            rule="restrictions.step-down",
        )
    if level <= restriction.level and not lifting:
        return _Done(restriction=restriction, asked=row)
    restriction.state = RESTRICTION.after(restriction.state, RestrictionVerb.IMPOSE)
    return _step(_Done(restriction=restriction, asked=row, taken=True), law)


def _step(done: _Done, law: _Law) -> _Done:
    """Write the step on the restriction; while it is being lifted, nothing lighter than what it was."""
    restriction, row = done.restriction, done.asked
    if restriction.level is None or LEVEL[row.step] > restriction.level:
        restriction.step, restriction.level = row.step, LEVEL[row.step]
    restriction.confirmed_at, restriction.in_review = None, False
    if restriction.eu_link is not True and row.eu_link is not None:
        restriction.eu_link = row.eu_link
    restriction.review_at = row.expires_at or law.review_due(restriction.step)
    return done


def review_due(step: str) -> datetime:
    """Return when a person looks at a restriction of this step again, by the clock of its row of policy."""
    return engine.deadline(policy.ladder_step(step).review_clock, clock.now()).due


def _write(taken: Sequence[_Done]) -> None:
    """Insert and change rows. What one batch does to one account twice is one row and two steps."""
    fresh = {id(each.restriction): each.restriction for each in taken if each.is_new}
    number(list(fresh.values()))
    bulk.insert(list(fresh.values()))
    for each in taken:
        if id(each.restriction) not in fresh:
            each.restriction.save(
                update_fields=["state", "step", "level", "confirmed_at", "review_at", "in_review", "eu_link"]
            )
            commands.supersede(each.restriction)


def _say(taken: Sequence[_Done], by: User | None) -> None:
    """Insert the steps, the commands, the entries and the lines of the timeline, and send the news."""
    now = clock.now()
    steps = [
        Imposition(
            restriction=each.restriction,
            step=each.restriction.step,
            level=each.restriction.level,
            reason=each.asked.reason,
            authority=each.asked.authority,
            about=each.asked.about,
            by=by,
            at=now,
            expires_at=each.asked.expires_at,
        )
        for each in taken
    ]
    number(steps)
    bulk.insert(steps)
    owed = [(step, each.asked.notice) for step, each in zip(steps, taken, strict=True) if each.asked.notice]
    told = {id(each.imposition.restriction): each for each in make_many(owed)}
    last = {id(each.restriction): each for each in taken}
    commands.queue([_command(each, by, told.get(key)) for key, each in last.items()])
    ledger.record_many([_entry(each, by) for each in taken])
    cases.add_events([_line(each, by) for each in taken])
    for each in taken:
        news = restriction_imposed if each.is_new else restriction_changed
        news.send(sender=Restriction, restriction=each.restriction, by=by)


def _line(done: _Done, by: User | None) -> cases.NewEvent:
    how = "" if by else ", automatically"
    return cases.NewEvent(
        case=done.asked.case,
        kind="restrictions.imposed",
        title=f"Restriction ordered{how}: {markup.words(done.restriction.step)}",
        by=by,
        detail=done.asked.reason,
        about=done.restriction.origin,
    )


def _command(done: _Done, by: User | None, statement: Statement | None) -> commands.Wanted:
    return commands.Wanted(
        action=Action.IMPOSE,
        about=done.restriction,
        reason_code=commands.DECIDED if by else commands.AUTOMATIC,
        authority=done.asked.authority,
        step=done.restriction.step,
        statement=statement.text if statement and statement.state == NoticeState.TOLD else "",
        expires_at=done.asked.expires_at,
    )


def _entry(done: _Done, by: User | None) -> ledger.Entry:
    return ledger.entry(
        "restrictions.imposed" if done.is_new else "restrictions.stepped_up",
        subject=done.asked.case.reference,
        by=by,
        details={
            "restriction": done.restriction.pk,
            "step": done.restriction.step,
            "authority": done.asked.authority,
            "about": done.asked.about,
            "reason_digest": ledger.digest(done.asked.reason),
        },
    )
