"""Is this the same person? What a person answers where identifiers alone are not certain."""

import logging

from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import InvalidInput
from coordination.core.sealing import SealBroken
from coordination.ledger import services as ledger
from coordination.triage import selectors
from coordination.triage.models import Flag, KeptApart
from coordination.triage.services import matching
from coordination.triage.services.placing import SAME_PERSON, line_of, news_of

logger = logging.getLogger(__name__)

_LONGEST = 2_000


def candidates_for(user: User, flag: Flag) -> list[Case]:
    """Return the cases that may be about the same person as a flag, of those `user` sees; newest first."""
    found = matching.candidates(flag)
    seen = set(case_selectors.visible_to(user).filter(pk__in=[each.pk for each in found]))
    return [each for each in found if each in seen]


@transaction.atomic
def join_flag(flag: Flag, *, case: Case, by: User, reason: str) -> Flag:
    """Find that a flag is about the subject of `case`: it belongs there now, with what waits because of it.

    What it is known by leads there from now on. Its account becomes one of the case's subjects. What was
    restricted or preserved stays where it was ordered. Raises InvalidInput naming `case` or `reason`.
    """
    locked = _locked(flag, by)
    if case not in candidates_for(by, locked):
        raise InvalidInput("case", "This is no case that the flag may belong to.")
    cases.require_case(by, case, "work_case")
    why = _said(reason)
    known = matching.known_of(locked)
    before, locked.case = locked.case, case
    if case.state != "open":
        cases.reopen_case(case, by=None, reason="A flag about the same person came in.")
    if locked.high_severity:
        cases.raise_priority(case, by=None)
    cases.reassign(known, before=before, after=case, about=locked.origin)
    locked.save(update_fields=["case"])
    cases.move_work(case, about=locked.origin, by=by)
    cases.add_events([line_of(locked)])
    for each in filter(None, (before, case)):
        title = "A flag was found to be about this person" if each == case else "A flag went to another case"
        cases.add_event(each, kind="triage.joined", title=title, by=by, detail=why, about=locked.origin)
    if case_selectors.subject_of(case, locked.account) is None:
        cases.take_back(case, account=locked.account, about=locked.origin)
    _record(
        "triage.flag_joined", locked, by, why, case=case.reference, before=before.reference if before else ""
    )
    _answered(locked, by)
    flag.case = case
    return locked


@transaction.atomic
def keep_apart(flag: Flag, *, by: User, reason: str) -> None:
    """Find that a flag's account is another person than the subjects of the cases that it could belong to.

    It is not asked again for these before an identifier that is new on either side says so. Raises
    InvalidInput naming `reason`, or `case` where there is nothing to keep it apart from.
    """
    locked = _locked(flag, by)
    apart = candidates_for(by, locked)
    if not apart:
        raise InvalidInput("case", "There is no case that the flag may belong to.")
    why = _said(reason)
    for each in apart:
        KeptApart.objects.create(
            flag=locked,
            case=each,
            reason=why,
            by=by,
            at=clock.now(),
        )
    if locked.case is not None:
        title = "A flag was found to be about nobody else's case"
        cases.add_event(
            locked.case, kind="triage.kept_apart", title=title, by=by, detail=why, about=locked.origin
        )
    _record("triage.flag_kept_apart", locked, by, why, cases=[each.reference for each in apart])
    _answered(locked, by)


@transaction.atomic
def withdraw_questions(case: Case) -> None:
    """Ask nobody outside any more about a case that is under a compartment now; its members hear of the flag.

    A question with another candidate stays open, about that one.
    """
    for task in case_selectors.open_tasks_of_kind(SAME_PERSON):
        try:
            flag = selectors.flag_of_task(task.about)
            leads_here = flag is not None and matching.leads_to_hidden(flag, case)
        except SealBroken:
            logger.exception("a flag does not open: the question about it stays")
            continue
        if flag is None or not leads_here:
            continue
        cases.open_tasks([news_of(flag, case)], by=None)
        if not matching.candidates(flag):
            about = {"about": flag.origin, "kind": SAME_PERSON}
            cases.end_tasks(**about, outcome="Nothing is left to compare.", by=None, cancel=True)


def _locked(flag: Flag, by: User) -> Flag:
    access.require(by, "triage.decide_flag")
    locked = Flag.objects.select_for_update(of=("self",)).select_related("case").get(pk=flag.pk)
    if locked.case is not None:
        cases.require_case(by, locked.case, "work_case")
    return locked


def _answered(flag: Flag, by: User) -> None:
    """End the question once nothing of it is open."""
    if not matching.candidates(flag):
        cases.end_tasks(about=flag.origin, kind=SAME_PERSON, outcome="Answered on the flag's page.", by=by)


def _said(reason: str) -> str:
    why = reason.strip()
    if not why:
        raise InvalidInput("reason", "Say what shows it.")
    if len(why) > _LONGEST:
        raise InvalidInput("reason", f"At most {_LONGEST} characters.")
    return why


def _record(action: str, flag: Flag, by: User, why: str, **details: ledger.Value) -> None:
    ledger.record(
        action, subject=flag.origin, by=by, details={"reason_digest": ledger.digest(why), **details}
    )
