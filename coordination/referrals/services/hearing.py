"""What recipients and the outbox say. The callers (receivers) know that it is they who said it.

A referral is *sent* when no delivery of it is on its way any more and at least one recipient has it; one that
failed or was rejected has a task of its own. It is *acknowledged* when the first recipient has acknowledged,
a correction when the last has: it must reach everybody. Each recipient's own clock runs until that recipient
acknowledges.
"""

from datetime import datetime

from django.db import transaction

from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.ledger import services as ledger
from coordination.outbox import selectors as outbox
from coordination.outbox import services as outbox_services
from coordination.referrals.models import Addressee, Question, Referral
from coordination.referrals.services import calling
from coordination.referrals.services.records import limited, lock, move, required, trace
from coordination.referrals.workflow import REFERRAL, ReferralState, ReferralVerb

LEFT = frozenset({"accepted", "delivered", "acknowledged"})
ON_ITS_WAY = frozenset({"queued", "sending", "held", "unknown"})
NEWS = {
    "accepted": "their system took it",
    "delivered": "it reached the person or the queue",
    "acknowledged": "a named person confirmed it",
    "rejected": "they will not take it",
    "failed": "it did not arrive",
    "unknown": "nobody knows whether it arrived",
    "held": "it is held",
    "void": "it will not be sent",
}
# What arrives all the same is not chased: another message, or a call, has to reach them.
_ENDED = frozenset({ReferralState.WITHDRAWN, ReferralState.CORRECTED})
# It is with them, but the workflow has moved on: what they say is kept and goes to a person.
_PAST = frozenset(
    {
        *(ReferralState.ACKNOWLEDGED, ReferralState.INFORMATION_REQUESTED, ReferralState.ANSWERED),
        *(ReferralState.OUTCOME, ReferralState.AFTER_ACTION_REVIEW),
        *(ReferralState.CLOSED, ReferralState.CORRECTED, ReferralState.WITHDRAWN),
    }
)
_LONGEST = 10_000


@transaction.atomic
def follow_delivery(addressee: Addressee, *, state: str, at: datetime | None = None) -> Referral:
    """Record where a recipient's delivery stands now; mark the referral sent once none is on its way."""
    referral = lock(addressee.referral)
    row = fresh(addressee)
    agency = row.destination.agency
    if state in LEFT and row.left_at is None:
        row.left_at = at or clock.now()
        row.save(update_fields=["left_at"])
        if referral.state not in _ENDED:
            calling.chase_acknowledgement(referral, row)
    trace(
        referral,
        "delivery_followed",
        f"{referral.reference}: {agency.name}: {NEWS.get(state, state)}",
        by=None,
        details={"addressee": row.pk, "delivery": state},
    )
    if referral.state == ReferralState.APPROVED and _all_left(referral):
        move(referral, ReferralVerb.MARK_SENT)
        trace(referral, "sent", f"Referral {referral.reference} sent", by=None)
    return referral


@transaction.atomic
def acknowledge(
    addressee: Addressee,
    *,
    reference: str,
    by: User | None = None,
    who: str = "",
    at: datetime | None = None,
) -> Referral:
    """Record that the recipient confirmed, under the recipient's own reference; `who` has it, in their words.

    Saying the same again changes nothing but adds who said it; another reference replaces the first. Raises
    IllegalTransition while the referral is not with the recipient.
    """
    referral = lock(addressee.referral)
    moves = is_step(referral, ReferralVerb.ACKNOWLEDGE)
    row = fresh(addressee)
    given = limited("reference", reference, 120)
    if row.acknowledged_at is not None and given in ("", row.agency_reference):
        return _confirmed(referral, row, who=who, by=by)
    row.acknowledged_at = row.acknowledged_at or at or clock.now()
    row.agency_reference = given
    row.save(update_fields=["acknowledged_at", "agency_reference"])
    cases.meet_deadline(referral.case, code=f"policy.ack-{calling.pace(referral)}", about=row.origin)
    if referral.state == ReferralState.WITHDRAWN:
        # It was stopped, we thought: they have it all the same, and nobody has told them that it is void.
        heard_late(referral, row, "acknowledged", who or given, by)
    if moves and _enough(referral):
        own = referral.agency_reference or given
        move(referral, ReferralVerb.ACKNOWLEDGE, agency_reference=own)
        calling.ask_for_outcome(referral)
    name = row.destination.agency.name
    trace(
        referral,
        "acknowledged",
        f"{referral.reference}: {name} acknowledged",
        by=by,
        # Their words are sealed; a title stands in lists.
        detail="\n".join(filter(None, [f"Their reference: {given}" if given else "", who])),
        details={"addressee": row.pk, "reference_digest": ledger.digest(given)},
    )
    return referral


@transaction.atomic
def request_information(addressee: Addressee, *, question: str, by: User | None = None) -> Question | None:
    """Record a recipient's question with the task to answer it. None where it came too late for an answer
    on this referral: then the task says so. Raises IllegalTransition while the referral is not with them.
    """
    referral = lock(addressee.referral)
    text = required("question", limited("question", question, _LONGEST))
    row = fresh(addressee)
    if not is_step(referral, ReferralVerb.REQUEST_INFORMATION):
        heard_late(referral, row, "asked", text, by)
        return None
    move(referral, ReferralVerb.REQUEST_INFORMATION)
    asked = Question.objects.create(
        referral=referral, addressee=row, question=text, asked_at=clock.now(), asked_by=by
    )
    name = row.destination.agency.name
    calling.ask_for_answer(referral, asked, name)
    trace(
        referral,
        "information_requested",
        f"{referral.reference}: {name} asks for information",
        by=by,
        detail=text,
        details={"question": asked.pk, "question_digest": ledger.digest(text)},
    )
    return asked


@transaction.atomic
def follow_call(addressee: Addressee, *, done: bool, by: User | None, outcome: str) -> Referral:
    """Take a correction that was told by telephone as acknowledged; `outcome` says who heard it.

    Raises Refused where the call is cancelled while the correction stands: somebody has to be told.
    """
    referral = lock(addressee.referral)
    if done:
        return acknowledge(addressee, reference="", by=by, who=outcome)
    if referral.state not in _ENDED:
        raise Refused(
            "A correction by telephone is made, and completed with what came of it.",
            rule="referrals.phone-correction",
        )
    return referral


def drop_questions(referral: Referral, *, by: User | None, why: str) -> None:
    """Stop asking for answers that can no longer be given: tasks, clocks, answers not approved yet."""
    for question in referral.questions.filter(approved_by=None):
        cases.end_tasks(about=question.origin, outcome=why, by=by, cancel=True)
        code = f"policy.answer-{calling.pace(referral)}"
        cases.cancel_deadline(referral.case, code=code, about=question.origin)
        outbox_services.void_unsent(question.origin, by=None, reason=why)


def _confirmed(referral: Referral, row: Addressee, *, who: str, by: User | None) -> Referral:
    """Add the person to an acknowledgement that is on record: a receipt comes before the words about it."""
    if by is not None:
        title = f"{referral.reference}: a named person at {row.destination.agency.name} has it"
        trace(referral, "confirmed", title, by=by, detail=who, details={"addressee": row.pk})
    return referral


def is_step(referral: Referral, verb: ReferralVerb) -> bool:
    """Tell whether the verb moves the referral; False where it is past that, IllegalTransition before."""
    if verb in REFERRAL.allowed(referral.state):
        return True
    if ReferralState(referral.state) not in _PAST:
        REFERRAL.after(referral.state, verb)
    return False


def _enough(referral: Referral) -> bool:
    return referral.corrects_id is None or not referral.addressees.filter(acknowledged_at=None).exists()


def _all_left(referral: Referral) -> bool:
    states = set(outbox.deliveries_of(referral.origin).values_list("state", flat=True))
    return bool(states & LEFT) and not states & ON_ITS_WAY


def heard_late(referral: Referral, row: Addressee, what: str, text: str, by: User | None) -> None:
    """Give what a recipient said to a person, because the workflow has no step for it any more."""
    name = row.destination.agency.name
    state = str(referral.state).replace("_", " ")
    title = f"{name} {what} about {referral.reference}, which is {state}"[:200]
    # No `about`: an open task of the same record would swallow the second thing they say.
    cases.open_task(
        referral.case,
        kind="heard_late",
        title=title,
        role=Role.SAFETY_LIAISON,
        instructions=text,
        priority=referral.priority,
    )
    trace(
        referral,
        "heard_late",
        title,
        by=by,
        detail=text,
        details={"addressee": row.pk, "words_digest": ledger.digest(text)},
    )


def fresh(addressee: Addressee) -> Addressee:
    """Return the recipient as it is now, with destination and agency."""
    return Addressee.objects.select_related("destination__agency").get(pk=addressee.pk)
