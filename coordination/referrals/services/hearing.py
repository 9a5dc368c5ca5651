"""What recipients and the outbox say. The callers (receivers) know that it is they who said it.

A referral is *sent* when no delivery of it is on its way any more and at least one recipient has it; one that
failed or was rejected has a task of its own, and what was stopped leaves one behind. It is *acknowledged*
when the first recipient has acknowledged, a correction when the last has: it must reach everybody. Each
recipient's own clock runs until that recipient acknowledges.
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
from coordination.referrals.models import Addressee, Referral
from coordination.referrals.services import calling, clocks, phoning
from coordination.referrals.services.records import limited, lock, move, trace
from coordination.referrals.workflow import REFERRAL, ReferralState, ReferralVerb

LEFT = frozenset({"accepted", "delivered", "acknowledged"})
ON_ITS_WAY = frozenset({"queued", "sending", "held", "unknown"})
_COMING = LEFT | ON_ITS_WAY
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
LONGEST = 10_000


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
            clocks.chase_acknowledgement(referral, row)
    trace(
        referral,
        "delivery_followed",
        f"{referral.reference}: {agency}: {NEWS.get(state, state)}",
        by=None,
        details={"addressee": row.pk, "delivery": state},
    )
    if referral.state == ReferralState.APPROVED and _all_left(referral):
        move(referral, ReferralVerb.MARK_SENT)
        trace(referral, "sent", f"Referral {referral.reference} sent", by=None)
    if state in ("void", "rejected"):
        _follow_stopped(referral, row, state)
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

    The first reference stays: it is what their people were told to look under. Saying the same again changes
    nothing but adds who said it; another reference is kept beside it, on the timeline. Raises
    IllegalTransition while the referral is not with the recipient.
    """
    referral = lock(addressee.referral)
    moves = is_step(referral, ReferralVerb.ACKNOWLEDGE)
    row = fresh(addressee)
    given = limited("reference", reference, 120)
    if row.acknowledged_at is not None:
        return _said_again(referral, row, given, who=who, by=by)
    row.acknowledged_at, row.agency_reference = at or clock.now(), given
    row.save(update_fields=["acknowledged_at", "agency_reference"])
    cases.meet_deadline(referral.case, code=f"policy.ack-{clocks.pace(referral)}", about=row.origin)
    if referral.state == ReferralState.WITHDRAWN:
        # It was stopped, we thought: they have it all the same, and nobody has told them that it is void.
        heard_late(referral, row, "acknowledged", who or given, by)
    if moves and _enough(referral):
        own = referral.agency_reference or given
        move(referral, ReferralVerb.ACKNOWLEDGE, agency_reference=own)
        clocks.ask_for_outcome(referral)
    _trace_reference(referral, row, "acknowledged", "acknowledged", given, who=who, by=by)
    if not referral.addressees.filter(acknowledged_at=None).exists():
        phoning.call_no_more(referral, by=by)
    return referral


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


def _said_again(referral: Referral, row: Addressee, given: str, *, who: str, by: User | None) -> Referral:
    """Keep what a recipient says who acknowledged before; a reference counts where there was none yet."""
    if given in ("", row.agency_reference):
        return _confirmed(referral, row, who=who, by=by)
    if row.agency_reference:
        _trace_reference(referral, row, "named_again", "names another reference", given, who=who, by=by)
        return referral
    row.agency_reference = given
    row.save(update_fields=["agency_reference"])
    if not referral.agency_reference:
        referral.agency_reference = given
        referral.save(update_fields=["agency_reference"])
    _trace_reference(referral, row, "named", "gives its reference", given, who=who, by=by)
    return referral


def _trace_reference(
    referral: Referral, row: Addressee, action: str, did: str, given: str, *, who: str, by: User | None
) -> None:
    trace(
        referral,
        action,
        f"{referral.reference}: {row.destination.agency} {did}",
        by=by,
        # Their words are sealed; a title stands in lists.
        detail="\n".join(filter(None, [f"Their reference: {given}" if given else "", who])),
        details={"addressee": row.pk, "reference_digest": ledger.digest(given)},
    )


def _confirmed(referral: Referral, row: Addressee, *, who: str, by: User | None) -> Referral:
    """Add the person to an acknowledgement that is on record: a receipt comes before the words about it."""
    if by is not None:
        title = f"{referral.reference}: a named person at {row.destination.agency} has it"
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


def _follow_stopped(referral: Referral, row: Addressee, state: str) -> None:
    """See to it that one person's stopping of what others approved leaves somebody with something to do."""
    if referral.corrects_id is not None:
        if state == "void" and referral.state not in _ENDED and row.acknowledged_at is None:
            phoning.phone_correction(referral, row, why=phoning.STOPPED)
        return
    states = _states(referral)
    # What failed has a task that only sending or stopping it ends.
    if referral.state == ReferralState.APPROVED and "void" in states and not states & (_COMING | {"failed"}):
        calling.ask_what_now(referral)


def _all_left(referral: Referral) -> bool:
    states = _states(referral)
    return bool(states & LEFT) and not states & ON_ITS_WAY


def _states(referral: Referral) -> set[str]:
    return set(outbox.deliveries_of(referral.origin).values_list("state", flat=True))


def heard_late(referral: Referral, row: Addressee, what: str, text: str, by: User | None) -> None:
    """Give what a recipient said to a person, because the workflow has no step for it any more."""
    name = str(row.destination.agency)
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
