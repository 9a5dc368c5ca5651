"""Many at once, in a number of statements that does not grow: cases, subjects, lines of timelines, clocks.

The verbs for one are batches of one, so that the two ways cannot differ. All rows belong to the system's own
work or to a person who was asked for before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from coordination.access.services import User
from coordination.cases import identities, selectors, signals
from coordination.cases.identities import Identity
from coordination.cases.models import Case, Deadline, Identifier, Subject, TimelineEvent
from coordination.cases.services.access import grant_default_teams
from coordination.cases.services.words import said
from coordination.cases.workflow import DeadlineState
from coordination.core import bulk, clock, identifiers
from coordination.core.errors import InvalidInput
from coordination.core.fields import number
from coordination.ledger import services as ledger

PRIORITIES = ("P0", "normal")


@dataclass(frozen=True, kw_only=True)
class NewCase:
    """A case to open, under a neutral title, with the accounts of its subjects."""

    title: str
    priority: str = "normal"
    accounts: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class NewSubject:
    """An account of concern for a case."""

    case: Case
    account: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """A line for a timeline, `at` a moment or now."""

    case: Case
    kind: str
    title: str
    detail: str = ""
    about: str = ""
    by: User | None = None
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class NewDeadline:
    """A clock for a case; `started_at` is what set it off, at `warn_at` people hear that it ends soon."""

    case: Case
    code: str
    title: str
    citation: str
    due_at: datetime
    about: str = ""
    started_at: datetime = field(default_factory=clock.now)
    zone: str = ""
    warn_at: datetime | None = None


@transaction.atomic
def open_cases(wanted: Sequence[NewCase], *, by: User | None, at: datetime | None = None) -> list[Case]:
    """Open cases for the default teams and name their subjects. Raises InvalidInput naming what is wrong."""
    moment = at or clock.now()
    made = [
        Case(
            reference=identifiers.reference("C"),
            title=said("title", each.title, longest=200),
            priority=_priority(each.priority),
            opened_at=moment,
        )
        for each in wanted
    ]
    number(made)
    bulk.insert(made)
    grant_default_teams(made)
    ledger.append(
        ledger.entry(
            "cases.opened", subject=case.reference, by=by, details={"priority": case.priority}, at=moment
        )
        for case in made
    )
    add_events(
        [NewEvent(case=case, kind="opened", title="The case was opened", by=by, at=moment) for case in made]
    )
    add_subjects(
        [
            NewSubject(case=case, account=account)
            for case, each in zip(made, wanted, strict=True)
            for account in each.accounts
        ],
        by=by,
    )
    for case in made:
        signals.case_opened.send(sender=Case, case=case)
    return made


@transaction.atomic
def add_subjects(wanted: Sequence[NewSubject], *, by: User | None) -> list[Subject]:
    """Name accounts of concern; one that its case knows already is returned as it is, in the given order."""
    accounts = [said("account", each.account, longest=500) for each in wanted]
    known = _known([each.case for each in wanted], accounts)
    new: dict[tuple[int, bytes], Subject] = {}
    keys = []
    for each, account in zip(wanted, accounts, strict=True):
        found = [(each.case.pk, index) for index in selectors.account_indexes(account)]
        key = next((one for one in found if one in known or one in new), found[0])
        keys.append(key)
        if key not in known and key not in new:
            new[key] = Subject(
                case=each.case, account_index=key[1], account=account, note=each.note, added_at=clock.now()
            )
    for case_and_index, subject in _inserted(new).items():
        known[case_and_index] = subject
    added = [known[key] for key in new if known[key] is new[key]]
    ledger.append(
        ledger.entry(
            "cases.subject_added", subject=each.case.reference, by=by, details={"subject_id": each.pk}
        )
        for each in added
    )
    add_events(
        [
            NewEvent(
                case=each.case,
                kind="subject",
                title="A subject was added",
                by=by,
                about=f"cases.subject:{each.pk}",
            )
            for each in added
        ]
    )
    identify(
        [
            (each.case, identities.account_identity(account), "")
            for each, account in zip(wanted, accounts, strict=True)
        ]
    )
    if added:
        signals.subjects_added.send(sender=Subject, subjects=added)
    return [known[key] for key in keys]


@transaction.atomic
def identify(found: Iterable[tuple[Case, Identity, str]]) -> None:
    """Keep by what the subjects of cases are known again, each with the record that brought it.

    What a case knows stays as it is, but for an address or a number that is verified now.
    """
    rows: dict[tuple[int, bytes], Identifier] = {}
    for case, each, about in found:
        key = (case.pk, each.index)
        if key in rows:
            rows[key].strong |= each.strong
            rows[key].verified |= each.verified
            continue
        rows[key] = Identifier(
            case=case,
            kind=each.kind,
            value=each.value,
            index=each.index,
            alike=each.alike,
            strong=each.strong,
            provenance=each.provenance,
            verified=each.verified,
            about=about,
            added_at=clock.now(),
        )
    number(list(rows.values()))
    verified = [each for each in rows.values() if each.verified]
    others = [each for each in rows.values() if not each.verified]
    bulk.insert_new(others)
    bulk.insert_or_update(verified, unique=["case_id", "index"], update=["strong", "verified"])


@transaction.atomic
def add_events(wanted: Sequence[NewEvent]) -> list[TimelineEvent]:
    """Write lines on timelines: what happened, in words. `title` is neutral; the rest is sealed."""
    rows = [
        TimelineEvent(
            case=each.case,
            at=each.at or clock.now(),
            kind=each.kind,
            title=said("title", each.title, longest=200),
            detail=each.detail,
            about=each.about,
            by=each.by,
        )
        for each in wanted
    ]
    number(rows)
    bulk.insert(rows)
    return rows


@transaction.atomic
def start_deadlines(wanted: Sequence[NewDeadline], *, by: User | None = None) -> list[Deadline]:
    """Start clocks, in the given order; one that runs already is returned in place of the new one.

    Raises InvalidInput naming `due_at` where it is not later than the start or has no time zone, and
    `warn_at` where it is not before that.
    """
    for each in wanted:
        if each.due_at.tzinfo is None or each.due_at <= each.started_at:
            raise InvalidInput("due_at", "A deadline is after its start, with a time zone.")
        if each.warn_at is not None and (each.warn_at.tzinfo is None or each.warn_at >= each.due_at):
            raise InvalidInput("warn_at", "A warning comes before the deadline, with a time zone.")
    running = {
        (each.case.pk, each.code, each.about): Deadline(
            case=each.case,
            code=each.code,
            about=each.about,
            title=said("title", each.title, longest=200),
            citation=each.citation,
            started_at=each.started_at,
            due_at=each.due_at,
            zone=each.zone,
            warn_at=each.warn_at,
        )
        for each in wanted
    }
    number(list(running.values()))
    started = bulk.insert_new(list(running.values()))
    if len(started) < len(running):
        running |= _running(wanted)
    ledger.append(
        ledger.entry(
            "cases.deadline_started",
            subject=each.case.reference,
            by=by,
            details={
                "deadline_id": each.pk,
                "code": each.code,
                "due": ledger.timestamp(each.due_at),
                "about": each.about,
            },
        )
        for each in started
    )
    return [running[each.case.pk, each.code, each.about] for each in wanted]


def _running(wanted: Sequence[NewDeadline]) -> dict[tuple[int, str, str], Deadline]:
    rows = Deadline.objects.filter(
        case__in={each.case.pk for each in wanted},
        code__in={each.code for each in wanted},
        about__in={each.about for each in wanted},
        state__in=[DeadlineState.RUNNING, DeadlineState.PAUSED],
    ).select_related("case")
    return {(each.case_id, each.code, each.about): each for each in rows}


def _known(cases: Sequence[Case], accounts: Sequence[str]) -> dict[tuple[int, bytes], Subject]:
    indexes = [index for each in accounts for index in selectors.account_indexes(each)]
    rows = Subject.objects.filter(case__in=cases, account_index__in=indexes).select_related("case")
    return {(each.case_id, bytes(each.account_index)): each for each in rows}


def _inserted(new: dict[tuple[int, bytes], Subject]) -> dict[tuple[int, bytes], Subject]:
    """Insert subjects; return those that stand now, where somebody else was first in the meantime theirs."""
    if not new:
        return {}
    number(list(new.values()))
    if len(bulk.insert_new(list(new.values()))) == len(new):
        return new
    rows = Subject.objects.filter(
        case__in={each.case_id for each in new.values()}, account_index__in={index for _, index in new}
    )
    standing = {(each.case_id, bytes(each.account_index)): each for each in rows}
    return {key: each if standing[key].pk == each.pk else standing[key] for key, each in new.items()}


def _priority(value: str) -> str:
    if value not in PRIORITIES:
        raise InvalidInput("priority", f"A priority is one of {', '.join(PRIORITIES)}.")
    return value
