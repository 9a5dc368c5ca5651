"""Changing how a verified agency is reached: proposed, confirmed on the old number, held, made by another.

Nothing in a request changes a contact, whatever it asks for (the pattern is that of a forged invoice with a
new account). A person proposes; the agency is called on the number that stands; the old address is told; and
a second person makes the change once the hold is over (policy.contact-hold).
"""

import logging
from collections.abc import Mapping
from smtplib import SMTPException
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, Refused
from coordination.ledger import services as ledger
from coordination.partners import selectors, signals
from coordination.partners.models import Agency, ContactChange, Destination, Officer
from coordination.partners.services import calls, destinations, officers
from coordination.partners.services.agencies import CHANGE as CHANGE_AGENCY
from coordination.partners.services.words import chosen, domain_name, mail_address, said, telephone
from coordination.partners.workflow import (
    CHANGE,
    OPEN,
    CallOutcome,
    CallPurpose,
    ChangeState,
    ChangeVerb,
    Contact,
)

LONGEST: Final = 2_000
SUBJECT: Final = "How we reach you"
BODY: Final = """\
Somebody asked {platform} to change how we reach you. Nothing has changed yet.

If you asked for it, nothing is to be done. If you did not, or do not know of it, call us on the number
that you have always used for us, before {until}.

This message is automatic and holds nothing else. Please do not answer it.
"""
logger = logging.getLogger(__name__)


@transaction.atomic
def propose_contact_change(
    agency: Agency,
    *,
    by: User,
    contact: str,
    new: str | Mapping[str, Any],
    reason: str,
    officer: Officer | None = None,
    destination: Destination | None = None,
) -> ContactChange:
    """Propose another contact of a verified agency; nothing changes. A destination's is its configuration.

    Opens a call to the agency on the number that stands. Raises InvalidInput naming `contact`, `new`,
    `reason` or a field of the channel; Refused where the agency is not verified, is suspended or has no
    number, and where a change of the same contact is open.
    """
    _require(by, destination)
    kind = Contact(chosen("contact", contact, Contact))
    locked = Agency.objects.select_for_update(of=("self",)).get(pk=agency.pk)
    if not selectors.changes_by_proposal(locked) or locked.suspended_at is not None:
        raise Refused(
            "A proposal changes contacts of agencies that are verified and open.", rule="contact-change"
        )
    _hangs_together(kind, locked, officer, destination)
    change = ContactChange(
        agency=locked,
        officer=officer,
        destination=destination,
        contact=kind,
        reason=said("reason", reason, longest=LONGEST),
        proposed_by=by,
        proposed_at=clock.now(),
    )
    change.old, change.new = _standing(change), _cleaned(change, new)
    if change.old == change.new:
        raise InvalidInput("new", "That is what stands there.")
    if _open_ones(change).exists():
        raise Refused("A change of this contact is open: end it first.", rule="contact-change")
    change.notice_to = _whom_to_tell(change)
    change.call = calls.open_call(locked, CallPurpose.CONTACT, by=by, officer=officer)
    change.save(force_insert=True)
    _record("partners.contact_change_proposed", change, by=by)
    signals.contact_change_proposed.send(sender=ContactChange, change=change)
    return change


@transaction.atomic
def record_contact_call(
    change: ContactChange, *, by: User, outcome: str, spoke_with: str = "", words: str = ""
) -> ContactChange:
    """Record what the agency said on the old number: confirmed, the hold begins; anything else ends it.

    Nobody reached leaves it as it is. What they deny cuts off as any other call does. Raises Refused where
    the number changed since, and IllegalTransition where the change is past its call.
    """
    locked = _locked(change)
    _require(by, locked.destination)
    CHANGE.after(locked.state, ChangeVerb.CONFIRM)
    if locked.agency.phone != locked.call.phone:
        raise Refused(
            "The number on file is another now: withdraw this, and propose it anew.", rule="call-back"
        )
    call = calls.settle(locked.call, by=by, outcome=outcome, spoke_with=spoke_with, words=words)
    if not call.outcome:
        return locked
    if call.outcome != CallOutcome.CONFIRMED:
        return _end(locked, ChangeVerb.DENY, by=by, why=f"On the call back: {call.outcome}.")
    locked.state = CHANGE.after(locked.state, ChangeVerb.CONFIRM)
    locked.held_until = selectors.runs_out(selectors.HOLD_CLOCK, clock.now(), else_after=selectors.HOLD_LASTS)
    locked.save(update_fields=["state", "held_until"])
    _record("partners.contact_change_held", locked, by=by, until=ledger.timestamp(locked.held_until))
    signals.contact_change_held.send(sender=ContactChange, change=locked, by=by)
    return locked


@transaction.atomic
def withdraw_contact_change(change: ContactChange, *, by: User, reason: str) -> ContactChange:
    """End a change that is not effective. One person is enough, whoever proposed it."""
    locked = _locked(change)
    _require(by, locked.destination)
    return _end(locked, ChangeVerb.WITHDRAW, by=by, why=reason)


@transaction.atomic
def apply_contact_change(change: ContactChange, *, by: User, reason: str) -> ContactChange:
    """Make a change that was held long enough; `reason` says what the second person looked at.

    Raises Refused for who proposed it, before the hold is over, where the old address was not told, and where
    the agency is suspended; Conflict where the contact is no longer what it was.
    """
    locked = _locked(change)
    _require(by, locked.destination)
    CHANGE.after(locked.state, ChangeVerb.APPLY)
    if by.pk == locked.proposed_by_id:
        raise Refused("Whoever proposed this does not make it.", rule="separation-of-duties")
    if not selectors.hold_is_over(locked):
        raise Refused("It is held until the time on its page.", rule="contact-hold")
    if locked.notice_to and locked.noticed_at is None:
        raise Refused("The old address was not told yet: the mail did not get through.", rule="contact-hold")
    if locked.agency.suspended_at is not None:
        raise Refused("The agency is suspended.", rule="suspended")
    if _standing(locked) != locked.old:
        raise Conflict("The contact is not what it was when this was proposed; withdraw it.")
    _write(locked)
    return _end(locked, ChangeVerb.APPLY, by=by, why=reason)


def send_notices() -> int:
    """Tell the old addresses of changes that are held; return how many were told. For a periodic job.

    Mail that fails is logged and tried again; until it got through, nobody makes the change.
    """
    due = ContactChange.objects.filter(state=ChangeState.HELD, noticed_at__isnull=True)
    return sum(_notify(pk) for pk in due.values_list("pk", flat=True))


@transaction.atomic
def _notify(pk: int) -> bool:
    rows = ContactChange.objects.select_for_update(of=("self",), skip_locked=True)
    change = rows.filter(pk=pk, state=ChangeState.HELD, noticed_at__isnull=True).first()
    if change is None or not change.notice_to:
        return False
    body = BODY.format(platform=settings.PLATFORM_NAME, until=f"{change.held_until:%Y-%m-%d %H:%M} UTC")
    headers = {"Auto-Submitted": "auto-generated"}
    mail = EmailMessage(SUBJECT, body, to=[change.notice_to], connection=get_connection(), headers=headers)
    try:
        mail.send()
    except (OSError, SMTPException):
        logger.warning("the notice of contact change %s was not mailed", pk, exc_info=True)
        return False
    change.noticed_at = clock.now()
    change.save(update_fields=["noticed_at"])
    _record("partners.contact_change_noticed", change, by=None)
    return True


def _hangs_together(
    kind: Contact, agency: Agency, officer: Officer | None, destination: Destination | None
) -> None:
    if (kind == Contact.OFFICER) != (officer is not None):
        raise InvalidInput("contact", "An officer's contact, and no other, is of an officer.")
    if (kind == Contact.DESTINATION) != (destination is not None):
        raise InvalidInput("contact", "A destination's address, and no other, is of a destination.")
    for each in (officer, destination):
        if each is not None and each.agency_id != agency.pk:
            raise InvalidInput("contact", "It is of another agency.")


def _standing(change: ContactChange) -> Any:
    """Return what stands there now, read afresh."""
    if change.destination_id is not None:
        return dict(Destination.objects.get(pk=change.destination_id).config)
    if change.officer_id is not None:
        return Officer.objects.get(pk=change.officer_id).contact
    return getattr(Agency.objects.get(pk=change.agency_id), change.contact)


def _cleaned(change: ContactChange, new: str | Mapping[str, Any]) -> Any:
    """Return what shall stand there, as it would be written down."""
    if change.destination is not None:
        if isinstance(new, str):
            raise InvalidInput("new", "The address of a destination is its configuration.")
        return destinations.clean_config(change.destination.channel, new)
    text = said("new", new if isinstance(new, str) else "", longest=300)
    clean = {Contact.PHONE: telephone, Contact.DOMAIN: domain_name, Contact.MAILBOX: mail_address}
    try:
        return clean[change.contact](text) if change.contact in clean else text  # type: ignore[index]
    except InvalidInput as error:
        raise InvalidInput("new", str(error)) from error


def _whom_to_tell(change: ContactChange) -> str:
    """Return the old address: the officer's or destination's own where it is one of mail, or the agency's."""
    old = change.old
    candidates = [*old.values()] if isinstance(old, dict) else [old]
    return next(filter(_is_mail, [*candidates, change.agency.mailbox]), "")


def _is_mail(value: object) -> bool:
    try:
        validate_email(value if isinstance(value, str) else "")
    except ValidationError:
        return False
    return True


def _write(change: ContactChange) -> None:
    if change.destination is not None:
        how = f"Changed by a proposal; called on {change.call.phone}, spoke with {change.call.spoke_with}."
        destinations.change_destination(change.destination, by=None, config=change.new, how_known=how[:300])
    elif change.officer is not None:
        officers.write_contact(change.officer, change.new)
    else:
        agency = Agency.objects.select_for_update(of=("self",)).get(pk=change.agency_id)
        setattr(agency, change.contact, change.new)
        agency.save(update_fields=[change.contact])


def _open_ones(change: ContactChange) -> Any:
    return ContactChange.objects.filter(
        agency=change.agency,
        contact=change.contact,
        officer=change.officer,
        destination=change.destination,
        state__in=OPEN,
    )


def _end(locked: ContactChange, verb: ChangeVerb, *, by: User, why: str) -> ContactChange:
    locked.state = CHANGE.after(locked.state, verb)
    locked.ended_by, locked.ended_at = by, clock.now()
    locked.ended_why = said("reason", why, longest=LONGEST)
    locked.save(update_fields=["state", "ended_by", "ended_at", "ended_why"])
    _record(
        f"partners.contact_change_{locked.state}", locked, by=by, why_digest=ledger.digest(locked.ended_why)
    )
    signals.contact_change_ended.send(sender=ContactChange, change=locked, by=by)
    return locked


def _locked(change: ContactChange) -> ContactChange:
    rows = ContactChange.objects.select_for_update(of=("self",))
    return rows.select_related("agency", "officer", "destination", "call").get(pk=change.pk)


def _require(by: User, destination: Destination | None) -> None:
    access.require(by, CHANGE_AGENCY)
    if destination is not None:
        access.require(by, destinations.CHANGE)


def _record(action: str, change: ContactChange, *, by: User | None, **details: ledger.Value) -> None:
    """Record what was done, under the agency: which contact and, of a body, digests of old and new."""
    known: dict[str, ledger.Value] = {"change": change.pk, "contact": str(change.contact)}
    if change.officer_id is None:
        # A person's address is guessed from its digest by trying.
        known |= {"old_digest": ledger.digest(str(change.old)), "new_digest": ledger.digest(str(change.new))}
    ledger.record(action, subject=f"agency:{change.agency_id}", by=by, details={**known, **details})
