"""Appeals: received, answered with reasons, recorded. An appeal lifts nothing."""

from datetime import datetime
from typing import Final

from django.db import transaction

from coordination.access import services as access
from coordination.access.services import Role, User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import NotFound, Refused
from coordination.ledger import services as ledger
from coordination.policy import engine
from coordination.restrictions import selectors
from coordination.restrictions.models import Appeal, Restriction
from coordination.restrictions.services.words import permitted, said
from coordination.restrictions.signals import appeal_received
from coordination.restrictions.workflow import APPEAL, AppealVerb, RestrictionState

RECEIVE: Final = "restrictions.receive_appeal"
ANSWER: Final = "restrictions.answer_appeal"
TASK: Final = "answer_appeal"
ANSWER_CLOCK: Final = "policy.appeal-answer"
OPEN_CLOCK: Final = "eu.dsa20"
LONGEST: Final = 20_000


@transaction.atomic
def receive_appeal(
    restriction: Restriction,
    *,
    by: User,
    text: str,
    external_id: str = "",
    received_at: datetime | None = None,
) -> Appeal:
    """Write down what the user says against a restriction, and have it answered within the clock of policy.

    From the platform's system or by a person's hand. The same `external_id` of one sender is one appeal. One
    that comes after the time for complaints is written down and answered too.
    """
    access.require(by, RECEIVE)
    if by.is_staff:
        permitted(restriction.case, by, RECEIVE)
    words = said("text", text, LONGEST)
    moment = received_at or clock.now()
    clock.plausible("received_at", moment)
    rows = Restriction.objects.select_for_update(of=("self",)).select_related("case")
    locked = rows.get(pk=restriction.pk)
    same = selectors.appeal_said_before(by, external_id) if external_id else None
    if same is not None:
        return same
    latest = selectors.latest_imposition(locked)
    appeal = Appeal.objects.create(
        restriction=locked,
        external_id=external_id.strip()[:120],
        text=words,
        received_at=moment,
        received_by=by,
        in_time=moment <= engine.deadline(OPEN_CLOCK, latest.at).due,
    )
    due, citation = engine.deadline(ANSWER_CLOCK, clock.now())
    cases.start_deadline(
        locked.case,
        code=ANSWER_CLOCK,
        title="Answer to an appeal",
        citation=citation,
        due_at=due,
        about=appeal.origin,
    )
    cases.open_task(
        locked.case,
        kind=TASK,
        title="Answer an appeal against a restriction",
        role=Role.SENIOR_REVIEWER,
        instructions="Read it on the page of the restriction and answer it with reasons there. That lifts"
        " nothing: who finds that it should be lifted asks for that.",
        about=appeal.origin,
        due_at=due,
    )
    _trace("appeal_received", appeal, "An appeal came in", by=by, in_time=appeal.in_time)
    appeal_received.send(sender=Appeal, appeal=appeal)
    return appeal


@transaction.atomic
def pass_on_appeal(*, by: User, account: str, external_id: str, text: str, received_at: datetime) -> Appeal:
    """Take an appeal from the platform's own system, by the account. Raises NotFound where nothing stands.

    Where several cases hold something against the account, it is about the heaviest; of those that they see
    where somebody of the desk passes it on.
    """
    access.require(by, RECEIVE)
    rows = selectors.of_account(case_selectors.account_indexes(said("account", account, 500)))
    if by.is_staff:
        rows = rows.filter(case__in=case_selectors.visible_to(by))
    standing = rows.exclude(state=RestrictionState.LIFTED).select_related("case").first()
    if standing is None:
        raise NotFound
    return receive_appeal(
        standing, by=by, text=text, external_id=said("external_id", external_id, 120), received_at=received_at
    )


@transaction.atomic
def answer_appeal(appeal: Appeal, *, by: User, answer: str) -> Appeal:
    """Answer an appeal with reasons. Raises Refused for who imposed what it is about."""
    permitted(appeal.restriction.case, by, ANSWER)
    words = said("answer", answer, LONGEST)
    rows = Appeal.objects.select_for_update(of=("self",)).select_related("restriction__case")
    locked = rows.get(pk=appeal.pk)
    after = APPEAL.after(locked.state, AppealVerb.ANSWER)
    if by.pk in {each.by_id for each in selectors.impositions_of(locked.restriction)}:
        raise Refused("Who imposed it does not answer the appeal.", rule="restrictions.own-appeal")
    locked.state, locked.answer, locked.answered_by, locked.answered_at = after, words, by, clock.now()
    locked.save(update_fields=["state", "answer", "answered_by", "answered_at"])
    case = locked.restriction.case
    cases.meet_deadline(case, code=ANSWER_CLOCK, about=locked.origin, by=by)
    cases.end_tasks(about=locked.origin, kind=TASK, outcome="It was answered.", by=by)
    _trace("appeal_answered", locked, "The appeal was answered", by=by, answer_digest=ledger.digest(words))
    return locked


def _trace(action: str, appeal: Appeal, title: str, *, by: User, **details: ledger.Value) -> None:
    restriction = appeal.restriction
    ledger.record(
        f"restrictions.{action}",
        subject=restriction.case.reference,
        by=by,
        details={"restriction": restriction.pk, "appeal": appeal.pk, **details},
    )
    cases.add_event(
        restriction.case, kind=f"restrictions.{action}", title=title, by=by, about=restriction.origin
    )
