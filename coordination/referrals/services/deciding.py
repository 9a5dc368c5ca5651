"""Deciding about a referral in review: approve, return, decline, withdraw.

`approve` is the one place where a referral is let out. It binds what the approver saw: `outbox.approve`
checks each digest against the frozen message and inserts the delivery in this transaction.
"""

from collections.abc import Collection, Mapping

from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, Refused
from coordination.ledger import services as ledger
from coordination.outbox import selectors as outbox_selectors
from coordination.outbox import services as outbox
from coordination.partners import selectors as partners
from coordination.referrals import selectors
from coordination.referrals.models import Addressee, Referral
from coordination.referrals.services import calling, clocks, correcting, gate, haste, phoning
from coordination.referrals.services.records import move, permitted, required, trace
from coordination.referrals.services.submitting import addressees_of, digests_of
from coordination.referrals.signals import about_to_leave
from coordination.referrals.workflow import REFERRAL, ReferralState, ReferralVerb

# Nothing of it has left for certain. One that is unknown may have: that is corrected.
STOPPABLE = selectors.NEVER_TRIED | {"failed"}


@transaction.atomic
def approve(
    referral: Referral,
    *,
    by: User,
    digests: Mapping[int, str],
    break_glass: bool = False,
    reason: str = "",
) -> Referral:
    """Let exactly what `digests` (addressee id → digest seen) names leave; one delivery for each recipient.

    The approver is nobody who filed, wrote any of, or submitted it. With `break_glass`, its permission, a
    reason and an open break-glass of their own (access.services.open_break_glass), one person may do both for
    a danger to life: others are alerted and a review is due. Raises
    InvalidInput where a recipient is missing from `digests`, Conflict where a digest is not the frozen one,
    Refused by the rule of two people, the pace (haste) or the gate. All or nothing.
    """
    locked = permitted(referral, by=by, permission="approve_referral")
    REFERRAL.after(locked.state, ReferralVerb.APPROVE)
    about_to_leave.send(sender=Referral, referral=locked, by=by)
    alone = by.pk in selectors.authors_of(locked)
    if alone:
        _check_alone(locked, by, break_glass=break_glass, reason=reason)
    else:
        haste.check(locked, by=by)
    addressees = addressees_of(locked)
    written = [each for each in addressees if each.message is not None] if locked.corrects_id else addressees
    _check_seen(written, digests)
    _check_gate(locked, addressees, by)
    closed = _closed(locked, addressees, by)
    for addressee in written:
        if addressee not in closed:
            assert addressee.message is not None  # noqa: S101  # nosec B101 - _check_seen raised
            outbox.approve(addressee.message, digest=digests[addressee.pk], by=by, break_glass=alone)
    move(
        locked,
        ReferralVerb.APPROVE,
        decided_by=by,
        decided_at=clock.now(),
        decision_reason=reason.strip(),
        break_glass=alone,
    )
    _trace_approval(locked, addressees, by)
    _end_review(locked, by, "Approved.")
    if alone:
        calling.alert_break_glass(locked, by=by)
    if locked.priority == "P0":
        phoning.phone_them_now(locked, addressees)
    for addressee in closed:
        phoning.phone_correction(locked, addressee)
    if locked.corrects is not None:
        correcting.mark_corrected(locked, locked.corrects, by=by)
    return locked


@transaction.atomic
def return_(referral: Referral, *, by: User, reason: str) -> Referral:
    """Send the referral back to draft, with the reason; its frozen messages are void."""
    locked = permitted(referral, by=by, permission="return_referral")
    REFERRAL.after(locked.state, ReferralVerb.RETURN)
    why = required("reason", reason, "Say what has to change.")
    addressees = addressees_of(locked)
    _void(addressees, by=by, reason=why)
    for addressee in addressees:
        addressee.message = None
        addressee.save(update_fields=["message"])
    calling.ask_to_revise(locked, reason=why)
    return _decided(locked, ReferralVerb.RETURN, "returned", by=by, reason=why)


@transaction.atomic
def decline(referral: Referral, *, by: User, reason: str) -> Referral:
    """Decide against sending, with the reason. A decision not to refer is a record like any other."""
    locked = permitted(referral, by=by, permission="decline_referral")
    REFERRAL.after(locked.state, ReferralVerb.DECLINE)
    why = required("reason", reason, "Say why this is not sent.")
    _void(addressees_of(locked), by=by, reason=why)
    return _decided(locked, ReferralVerb.DECLINE, "declined", by=by, reason=why)


@transaction.atomic
def withdraw(referral: Referral, *, by: User, reason: str) -> Referral:
    """Take the referral back where nothing of it has left, failed deliveries included; nothing leaves after.

    Raises Refused once something has left, may have, or is on its way: what has left cannot be called back by
    silence, it is corrected. An approved correction is not withdrawn either: its original has ended.
    """
    locked = permitted(referral, by=by, permission="withdraw_referral")
    REFERRAL.after(locked.state, ReferralVerb.WITHDRAW)
    why = required("reason", reason, "Say why this is withdrawn.")
    if locked.corrects_id and locked.state == ReferralState.APPROVED:
        raise Refused(
            "The original ended with its approval, and nobody else would tell the recipients: correct it.",
            rule="referrals.withdraw-correction",
        )
    _check_here(locked, STOPPABLE)
    # It ends first: what is stopped with it leaves nobody with anything to do.
    _decided(locked, ReferralVerb.WITHDRAW, "withdrawn", by=by, reason=why)
    correcting.stop_sending(locked, by=by, why=why)
    # A worker may have taken one in between.
    _check_here(locked, {"void"})
    for kind in (calling.REVISE, calling.NOTHING_LEAVES):
        cases.end_tasks(about=locked.origin, kind=kind, outcome="Withdrawn.", by=by, cancel=True)
    phoning.stop_phoning(locked, by=by, outcome="The referral was withdrawn.")
    return locked


def _check_here(referral: Referral, states: Collection[str]) -> None:
    elsewhere = outbox_selectors.deliveries_of(referral.origin).exclude(state__in=states)
    if elsewhere.exists() or referral.addressees.exclude(acknowledged_at=None).exists():
        raise Refused(
            "It is on its way to a recipient, or there already: wait for the outcome and correct it.",
            rule="referrals.withdraw-before-sending",
        )


def _check_alone(referral: Referral, by: User, *, break_glass: bool, reason: str) -> None:
    if not break_glass:
        raise Refused(
            "Who filed, wrote or submitted any of a referral does not approve it: another person must.",
            rule="referrals.two-people",
        )
    access.require(by, "referrals.break_glass_referral")
    required("reason", reason, "Say why this cannot wait for another person.")
    if not referral.danger_to_life:
        raise Refused(
            "One person alone approves only where there is a danger to life.", rule="referrals.break-glass"
        )
    access.glass_of(by)


def _check_seen(addressees: list[Addressee], digests: Mapping[int, str]) -> None:
    if {addressee.pk for addressee in addressees} != set(digests):
        raise InvalidInput("digests", "Name the digest seen for each recipient, and no other.")
    if any(addressee.message is None for addressee in addressees):
        raise Conflict("A recipient has no frozen message: return the referral and submit it again.")


def _closed(correction: Referral, addressees: list[Addressee], by: User) -> list[Addressee]:
    """Return the recipients of a correction that no message can go to, and void what was frozen for them.

    A referral with a closed recipient is not approved at all: `outbox.approve` refuses it.
    """
    if not correction.corrects_id:
        return []
    closed = [
        each for each in addressees if not each.message or not partners.is_destination_open(each.destination)
    ]
    _void(closed, by=by, reason="The destination is closed: the recipient is told by telephone.")
    return closed


def _check_gate(referral: Referral, addressees: list[Addressee], by: User) -> None:
    """Ask the gate again: law may have changed since the submission, and counsel's approval is now known."""
    if referral.corrects_id:
        return
    chosen = [item for item in referral.items.all() if item.chosen]
    gate.check(referral, [*chosen, *referral.facts.all()], addressees, counsel=gate.is_counsel(by))


def _void(addressees: list[Addressee], *, by: User, reason: str) -> None:
    for addressee in addressees:
        # One may be void already: somebody stopped a held delivery by itself.
        if addressee.message is not None and addressee.message.state != "void":
            outbox.void(addressee.message, by=by, reason=reason)


def _decided(referral: Referral, verb: ReferralVerb, action: str, *, by: User, reason: str) -> Referral:
    move(referral, verb, decided_by=by, decided_at=clock.now(), decision_reason=reason)
    _end_review(referral, by, f"{action.capitalize()}.")
    trace(
        referral,
        action,
        f"Referral {referral.reference} {action}",
        by=by,
        detail=reason,
        details={"reason_digest": ledger.digest(reason)},
    )
    return referral


def _end_review(referral: Referral, by: User, outcome: str) -> None:
    cases.end_tasks(about=referral.origin, kind=calling.APPROVE, outcome=outcome, by=by)
    stop = cases.cancel_deadline if referral.state == ReferralState.WITHDRAWN else cases.meet_deadline
    stop(referral.case, code=clocks.REVIEW_P0_CLOCK, about=referral.origin)


def _trace_approval(referral: Referral, addressees: list[Addressee], by: User) -> None:
    how = "approved by one person in an emergency" if referral.break_glass else "approved"
    trace(
        referral,
        "approved",
        f"Referral {referral.reference} {how}",
        by=by,
        detail=referral.decision_reason,
        details={"break_glass": referral.break_glass, **digests_of(addressees)},
    )
