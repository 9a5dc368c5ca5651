"""What happens outside: an arrest, a charge, a court order, a release re-opens the case and its decision."""

from datetime import datetime

from django.db import transaction

from coordination.access import markup
from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import InvalidInput
from coordination.ledger import services as ledger
from coordination.triage.models import ExternalEvent, Flag
from coordination.triage.services.receiving import ask
from coordination.triage.services.records import said
from coordination.triage.workflow import FLAG, EventKind, FlagState, FlagVerb

# After these somebody may be in danger again: the decision is looked at anew.
LOOK_AGAIN = frozenset({EventKind.RELEASE, EventKind.ESCALATION})


@transaction.atomic
def record_event(
    case: Case, *, by: User, kind: str, happened_at: datetime, told_by: str, source: str, note: str = ""
) -> ExternalEvent:
    """Record what happened outside, who told us and where it stands; a closed case opens again.

    A release or an escalation puts the newest decided flag of the case before the second tier again. Raises
    InvalidInput naming the field.
    """
    access.require(by, "triage.record_event")
    cases.require_case(by, case, "work_case")
    if kind not in [*EventKind]:
        raise InvalidInput("kind", f"One of {', '.join(EventKind)}.")
    if happened_at.tzinfo is None or happened_at > clock.now():
        raise InvalidInput("happened_at", "When it was: a time that has passed, with its zone.")
    made = ExternalEvent.objects.create(
        case=case,
        kind=kind,
        happened_at=happened_at,
        told_by=said("told_by", told_by, 500, "Say who told us."),
        source=said("source", source, 500, "Say where it stands: a number, a page, a document."),
        note=note.strip()[:2_000],
        recorded_by=by,
        recorded_at=clock.now(),
    )
    word = markup.words(kind)
    case.refresh_from_db(fields=["state"])
    if case.state != "open":
        cases.reopen_case(case, by=None, reason=f"Outside: {word}.")
    title = f"Outside: {word}"
    cases.add_event(case, kind=f"triage.{kind}", title=title, by=by, detail=made.told_by, at=happened_at)
    ledger.record("triage.event", subject=case.reference, by=by, details={"event": made.pk, "kind": kind})
    if kind in LOOK_AGAIN:
        _look_again(case, by, word)
    return made


def _look_again(case: Case, by: User, word: str) -> None:
    decided = Flag.objects.select_for_update(of=("self",)).filter(case=case, state=FlagState.DECIDED)
    flag = decided.order_by("-received_at").first()
    if flag is None:
        return
    flag.state = FLAG.after(flag.state, FlagVerb.REOPEN)
    flag.save(update_fields=["state"])
    flag.case = case
    ledger.record("triage.reopened", subject=flag.origin, by=by, details={"because": word})
    ask(flag)
