"""Break-glass: one person acts alone in an emergency, for an hour, before the eyes of two others.

What it allows is said where it is allowed (`referrals.services.approve`). It opens no compartment. Every deed
of the person while it is open carries its reference in the ledger.
"""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMessage, get_connection
from django.db import transaction

from coordination.access import links, selectors, signals
from coordination.access.models import BreakGlass, User
from coordination.access.services.rights import require
from coordination.core import clock, identifiers
from coordination.core.errors import Conflict, InvalidInput, NotPermitted, Refused
from coordination.ledger import services as ledger

LASTS = timedelta(minutes=60)
OPEN = "access.open_breakglass"
REVIEW = "access.review_breakglass"
ALERTED = 2
_LONGEST = 1_000
# Neither who nor why: mail is read on the way.
SUBJECT = "Break-glass {reference} was opened"
BODY = """Somebody acts alone at the desk in an emergency: since {at:%Y-%m-%d %H:%M} UTC, for an hour at most.

You are one of the two who look at it now: a task waits for you on the desk.

{link}
"""
logger = logging.getLogger(__name__)


@transaction.atomic
def open_break_glass(*, by: User, reason: str) -> BreakGlass:
    """Let `by` act alone for an hour. Two others are alerted at once; a review by somebody else must follow.

    Raises Refused while the last one of `by` is not reviewed, and where two others cannot be alerted.
    """
    require(by, OPEN)
    why = _said("reason", reason, "Say what the danger is and why it cannot wait for another person.")
    User.objects.select_for_update().get(pk=by.pk)
    last = BreakGlass.objects.filter(person=by, reviewed_at__isnull=True).first()
    if last is not None:
        raise Refused(
            f"Your last one, {last.reference}, {'is open' if last.is_open else 'was not reviewed yet'}.",
            rule="access.break-glass-unreviewed",
        )
    others = selectors.to_alert(by, ALERTED)
    if len(others) < ALERTED:
        raise Refused(
            f"Nobody acts alone unseen: {ALERTED} others who may review it have to be alerted.",
            rule="access.break-glass-alerts-two",
        )
    now = clock.now()
    glass = BreakGlass.objects.create(
        reference=identifiers.reference("G"), person=by, reason=why, opened_at=now, ends_at=now + LASTS
    )
    glass.alerted.set(others)
    details: dict[str, ledger.Value] = {
        "reason_digest": ledger.digest(why),
        "until": ledger.timestamp(glass.ends_at),
        "alerted": [each.pk for each in others],
    }
    ledger.record("access.break_glass_opened", subject=glass.reference, by=by, details=details)
    signals.glass_opened.send(sender=BreakGlass, glass=glass, alerted=others)
    transaction.on_commit(lambda: _mail(glass, others))
    return glass


@transaction.atomic
def end_break_glass(glass: BreakGlass, *, by: User) -> BreakGlass:
    """End it before its hour is over: its person, or who may review it. Raises Conflict once it has."""
    if by.pk != glass.person_id:
        require(by, REVIEW)
    locked = BreakGlass.objects.select_for_update().get(pk=glass.pk)
    if not locked.is_open:
        raise Conflict("It has ended.")
    locked.ends_at = clock.now()
    locked.save(update_fields=["ends_at"])
    ledger.record("access.break_glass_ended", subject=locked.reference, by=by)
    return locked


@transaction.atomic
def review_break_glass(glass: BreakGlass, *, by: User, outcome: str) -> BreakGlass:
    """Write down what a review by somebody else came to. Raises Refused while it is open."""
    require(by, REVIEW)
    locked = BreakGlass.objects.select_for_update().get(pk=glass.pk)
    if by.pk == locked.person_id:
        raise Refused("Somebody else reviews it.", rule="separation-of-duties")
    if locked.reviewed_at is not None:
        raise Conflict("It was reviewed already.")
    if locked.is_open:
        raise Refused("It is still open: end it first.", rule="access.break-glass-open")
    locked.reviewed_by, locked.reviewed_at = by, clock.now()
    locked.outcome = _said("outcome", outcome, "Say what the review came to.")
    locked.save(update_fields=["reviewed_by", "reviewed_at", "outcome"])
    details: dict[str, ledger.Value] = {"outcome_digest": ledger.digest(locked.outcome)}
    ledger.record("access.break_glass_reviewed", subject=locked.reference, by=by, details=details)
    signals.glass_reviewed.send(sender=BreakGlass, glass=locked, by=by)
    return locked


def glass_of(user: User) -> BreakGlass:
    """Return the break-glass that lets `user` act alone now, or raise Refused."""
    if not isinstance(user, User):
        raise NotPermitted
    found = selectors.open_glass_of(user)
    if found is None:
        raise Refused(
            "One person acts alone only under break-glass: open it first, with the reason.",
            rule="access.break-glass",
        )
    return found


def mark(by: AbstractBaseUser, at: datetime) -> dict[str, ledger.Value]:
    """Return what the ledger adds to a deed of `by`: the break-glass under which it was done."""
    if not isinstance(by, User) or not by.is_staff:
        return {}
    found = selectors.open_glass_of(by, at)
    return {} if found is None else {"under_break_glass": found.reference}


def _mail(glass: BreakGlass, others: list[User]) -> None:
    """Send the alerts. Mail that fails is logged: the tasks stand, and the emergency does not wait for it."""
    body = BODY.format(at=glass.opened_at, link=links.desk())
    subject = SUBJECT.format(reference=glass.reference)
    for each in others:
        if not each.email:
            continue
        try:
            EmailMessage(subject, body, to=[each.email], connection=get_connection()).send()
        except (OSError, SMTPException):
            logger.exception("the alert of %s to user %s was not mailed", glass.reference, each.pk)


def _said(field: str, text: str, missing: str) -> str:
    said = text.strip()
    if not said:
        raise InvalidInput(field, missing)
    if len(said) > _LONGEST:
        raise InvalidInput(field, f"At most {_LONGEST} characters.")
    return said
