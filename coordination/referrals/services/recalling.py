"""Asking recipients to give a referral back, while its correction is on its way: never in its place.

What has left cannot be called back by silence (docs/decisions/0004), so a recall always asks for a correction
too. The referral stays where it is: what they say about the recall changes each delivery.
"""

from dataclasses import dataclass

from django.db import transaction

from coordination.access.services import User
from coordination.core.errors import Refused
from coordination.ledger import services as ledger
from coordination.outbox import selectors as outbox_selectors
from coordination.outbox import services as outbox
from coordination.referrals import selectors
from coordination.referrals.models import Addressee, Referral
from coordination.referrals.services import calling, phoning
from coordination.referrals.services.records import limited, permitted, required, trace
from coordination.referrals.workflow import REFERRAL, ReferralVerb

_LONGEST = 2_000
GAVE_BACK, TOOK_NOTE, BY_PHONE = "gave it back", "took note", "is asked by telephone"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What one recipient did when asked: GAVE_BACK, TOOK_NOTE, or BY_PHONE where a person asks."""

    addressee: Addressee
    did: str


def recall(referral: Referral, *, by: User, reason: str) -> list[Asked]:
    """Ask each recipient who has the referral to give it back; return what each did.

    By the channel where it can, else by telephone: then a task is opened, and one to correct the referral in
    any case. Raises NotPermitted without the right, Refused for who had a part in it and where nobody has it,
    IllegalTransition in a state in which it is not with them. Each recipient is asked in its own transaction.
    """
    rows = _begin(referral, by=by, reason=reason)
    return [Asked(addressee=row, did=_ask(referral, row, by=by, reason=reason)) for row in rows]


@transaction.atomic
def _begin(referral: Referral, *, by: User, reason: str) -> list[Addressee]:
    locked = permitted(referral, by=by, permission="recall_referral")
    REFERRAL.after(locked.state, ReferralVerb.RECALL)
    why = required("reason", limited("reason", reason, _LONGEST), "Say why they should give it back.")
    if by.pk in selectors.authors_of(locked):
        raise Refused(
            "Who filed, wrote or submitted any of a referral does not call it back: another person does.",
            rule="referrals.two-people",
        )
    rows = [row for row in selectors.addressees_of(locked) if row.left_at or row.acknowledged_at]
    if not rows:
        raise Refused("Nobody has it: withdraw it, or wait.", rule="referrals.recall-after-sending")
    trace(
        locked,
        "recall_asked",
        f"Referral {locked.reference}: recipients are asked to give it back",
        by=by,
        detail=why,
        details={"addressees": [row.pk for row in rows], "reason_digest": ledger.digest(why)},
    )
    calling.ask_to_correct(locked, reason=why)
    return rows


def _ask(referral: Referral, row: Addressee, *, by: User, reason: str) -> str:
    delivery = outbox_selectors.deliveries_of(referral.origin).filter(message=row.message_id).first()
    answer = None
    if delivery is not None and delivery.state in outbox.WITH_THEM and outbox.can_recall(delivery):
        answer = outbox.recall(delivery, by=by, reason=reason)
    return _record(referral, row, answer.level.value if answer is not None else "", by=by, reason=reason)


@transaction.atomic
def _record(referral: Referral, row: Addressee, level: str, *, by: User, reason: str) -> str:
    did = BY_PHONE if not level else GAVE_BACK if level == "rejected" else TOOK_NOTE
    if did == BY_PHONE:
        phoning.phone_recall(referral, row, reason=reason)
    title = f"{referral.reference}: {row.destination.agency} {did}"
    trace(
        referral, "recalled", title, by=by, details={"addressee": row.pk, "answer": level or "by telephone"}
    )
    return did
