"""Giving flags their cases, as matching found them: opened, opened again, told, and asked about."""

from collections.abc import Iterable, Sequence

from coordination.access import markup
from coordination.access.roles import Role
from coordination.cases import selectors as cases_of
from coordination.cases import services as cases
from coordination.cases.services import Case, NewEvent, NewTask
from coordination.triage.models import Flag
from coordination.triage.services.matching import Matter, Place
from coordination.triage.workflow import Category

SAME_PERSON = "same_person"
ELSEWHERE = "subject_elsewhere"
_AGAIN = "A new flag about the same subject came in."
_QUESTION = (
    "An identifier of the flag stands in another case, or looks like one that does: the flag's page shows"
    " which. Compare what each says of the person. Then join the flag to the case, or keep them apart, with"
    " the reason."
)
_MEMBERS = (
    "A flag came in with an identifier of this case's subject, or one like it. It knows nothing of this case."
    " Read it from here."
)


def settle(places: Sequence[Place]) -> None:
    """Open cases, and closed ones again; name, tell and ask. The caller saves the flags' rows."""
    _open(places)
    _hurry(places)
    for each in places:
        each.flag.case = each.home.standing if each.home else None
    cases.identify(
        (each.home.standing, known, each.flag.origin) for each in places if each.home for known in each.known
    )
    cases.add_events([line_of(each.flag) for each in places if each.home])
    for each in places:
        if each.returned and each.home:
            cases.take_back(each.home.standing, account=each.flag.account, about=each.flag.origin)
    cases.open_tasks([*_questions(places), *_news(places)], by=None)


def _open(places: Sequence[Place]) -> None:
    new = [each for each in _matters(places) if each.case is None]
    made = cases.open_cases([each.new for each in new if each.new], by=None)
    for matter, case in zip(new, made, strict=True):
        matter.case = case


def _hurry(places: Sequence[Place]) -> None:
    """Open what was closed, and make P0 what is: in one order, so that two batches do not deadlock."""
    urgent = {each.home.standing for each in places if each.home and each.flag.high_severity}
    closed = {each.standing for each in _matters(places) if each.standing.state != "open"}
    lesser = {each for each in urgent if each.priority != "P0"}
    cases.hold(closed | lesser)
    for case in sorted(closed, key=lambda each: each.pk):
        cases.reopen_case(case, by=None, reason=_AGAIN)
    cases.raise_priorities(lesser, by=None)


def _matters(places: Iterable[Place]) -> dict[Matter, None]:
    return {each.home: None for each in places if each.home}


def line_of(flag: Flag) -> NewEvent:
    """Return the line of its case's timeline that tells of a flag."""
    name = markup.words(Category(flag.category))
    return NewEvent(
        case=flag.case,  # type: ignore[arg-type]  # given just now
        kind="triage.flag_received",
        title=f"Flag received: {name}" + (f", score {flag.score.normalize()}" if flag.score else ""),
        detail=f"{markup.words(flag.source)} {flag.classifier} {flag.classifier_version}".strip(),
        about=flag.origin,
    )


def _questions(places: Sequence[Place]) -> list[NewTask]:
    return [
        NewTask(
            case=each.flag.case,
            kind=SAME_PERSON,
            title="Is this the same person?",
            instructions=_QUESTION,
            role=Role.SENIOR_REVIEWER,
            about=each.flag.origin,
            priority="P0" if each.flag.high_severity else "normal",
        )
        for each in places
        if each.others
    ]


def _news(places: Sequence[Place]) -> list[NewTask]:
    """Tell the members of cases under a compartment, and only them."""
    return [news_of(each.flag, hidden) for each in places for hidden in _untold(each)]


def news_of(flag: Flag, hidden: Case) -> NewTask:
    """Return the task that tells the members of a case under a compartment of a flag."""
    return NewTask(
        case=hidden,
        kind=ELSEWHERE,
        title=f"A flag may be about the subject of {hidden.reference}",
        instructions=_MEMBERS,
        role=Role.COUNSEL,
        about=f"{flag.origin}@{hidden.pk}",
        priority="P0" if flag.high_severity else "normal",
    )


def _untold(place: Place) -> Sequence[Case]:
    """Return the hidden cases whose members do not hear from cases itself that its account is in another."""
    if not place.hidden or place.home is None or not (place.returned or place.home.new):
        return place.hidden
    subject = cases_of.subject_of(place.home.standing, place.flag.account)
    told = set(cases_of.hidden_with_account(subject)) if subject else set()
    return [each for each in place.hidden if each not in told]
