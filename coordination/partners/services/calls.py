"""Calling an agency back: on the number that we have, with a script, and with an outcome of a few kinds.

The number is never one from a request (FBI, Private Industry Notification of 4 November 2024). What the
agency denies is cut off at once, in the transaction that records it.
"""

from typing import Final

from django.conf import settings
from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.ledger import services as ledger
from coordination.partners import selectors, signals
from coordination.partners.models import Agency, CallBack, Officer
from coordination.partners.services import officers
from coordination.partners.services.agencies import CHANGE, cut_off
from coordination.partners.services.words import chosen, said
from coordination.partners.workflow import CallOutcome, CallPurpose, Trust

CALL: Final = "partners.call_back_agency"
LONGEST: Final = 2_000
DENIED: Final = (CallOutcome.NO_SUCH_OFFICER, CallOutcome.NO_SUCH_CASE)
_OPENING: Final = """\
Call {phone}. That is the number in our directory of {agency}. Use no number or link from what they sent.
Say: this is the desk of {platform} for requests of the law. We check something that came to us in your name.
"""
_ABOUT: Final = {
    CallPurpose.OFFICER: """\
Ask the switchboard, not the person, for the supervisor of {officer}.
Ask: does {officer} serve with you, with this rank and badge? Do they still? May they ask us for data?
""",
    CallPurpose.REQUEST: """\
Ask for the supervisor of {officer}, or for the supervisor on duty.
Ask: does {officer} serve with you? Did they ask us for data? What is your number of the case?
They say it, and you compare. Say nothing of accounts, of names, or of what was asked for.
""",
    CallPurpose.CONTACT: """\
Ask for the supervisor on duty, or for whoever keeps their contacts.
Ask: did you ask us to change how we reach you? What is the new one, and from when?
They say it, and you compare. Do not read the new one out.
""",
}


@transaction.atomic
def ask_call_back(
    agency: Agency, *, by: User | None, about: str, officer: Officer | None = None, priority: str = "normal"
) -> CallBack:
    """Have somebody call an agency back about a request; `about` is its reference. The system is `by` None.

    One that is open about it already is returned. The outcome comes as the signal `called_back`. Raises
    Refused where no number of the agency is on file.
    """
    if by is not None:
        access.require(by, CALL)
    reference = said("about", about, longest=80)
    found = (
        selectors.calls_of(agency).filter(purpose=CallPurpose.REQUEST, about=reference, outcome="").first()
    )
    if found is not None:
        return found
    call = open_call(agency, CallPurpose.REQUEST, by=by, about=reference, officer=officer)
    signals.call_asked.send(sender=CallBack, call=call, priority=priority)
    return call


@transaction.atomic
def record_call(
    call: CallBack, *, by: User, outcome: str, spoke_with: str = "", words: str = "", suspend: bool = False
) -> CallBack:
    """Record what a call came to. Nobody reached leaves it open, and is counted.

    What the agency denies suspends the officer at once and, with `suspend`, the agency; who has left is
    shut out for good. `spoke_with` and `words` (what they said) are sealed. Raises Refused where it has an
    outcome, and InvalidInput naming the field.
    """
    access.require(by, CALL)
    return settle(call, by=by, outcome=outcome, spoke_with=spoke_with, words=words, suspend=suspend)


def settle(
    call: CallBack, *, by: User, outcome: str, spoke_with: str = "", words: str = "", suspend: bool = False
) -> CallBack:
    """Record what a call came to, in the caller's transaction, for who was asked for their right before."""
    rows = CallBack.objects.select_for_update(of=("self",)).select_related("agency", "officer")
    locked = rows.get(pk=call.pk)
    if locked.outcome:
        raise Refused("The call has its outcome.", rule="call-back")
    result = CallOutcome(chosen("outcome", outcome, CallOutcome))
    if result == CallOutcome.NOT_REACHED:
        return _nobody(locked, by)
    locked.spoke_with = said("spoke_with", spoke_with, longest=200)
    locked.said = said("words", words, longest=LONGEST)
    locked.outcome, locked.called_at, locked.called_by = result, clock.now(), by
    locked.save()
    _record("partners.called_back", locked, by=by, outcome=result.value)
    if result != CallOutcome.CONFIRMED:
        _cut_off(locked, by=by, suspend=suspend)
    signals.called_back.send(sender=CallBack, call=locked, by=by)
    return locked


@transaction.atomic
def record_officer_call(
    officer: Officer, *, by: User, outcome: str, spoke_with: str = "", words: str = ""
) -> CallBack:
    """Record a call about an officer: confirmed, it verifies them; else it shuts them out.

    Raises Refused for whoever registered or suspended them, where it confirms, and where no number of the
    agency is on file; NotPermitted for anybody but an administrator.
    """
    access.require(by, CHANGE)
    open_ = selectors.calls_of(officer.agency).filter(
        purpose=CallPurpose.OFFICER, officer=officer, outcome=""
    )
    call = open_.first() or open_call(officer.agency, CallPurpose.OFFICER, by=by, officer=officer)
    done = settle(call, by=by, outcome=outcome, spoke_with=spoke_with, words=words)
    if done.outcome == CallOutcome.CONFIRMED:
        officers.verify_officer(
            officer, by=by, how_verified=f"{done.spoke_with}, on {done.phone}: {done.said}"[:300]
        )
    return done


def open_call(
    agency: Agency,
    purpose: CallPurpose,
    *,
    by: User | None,
    about: str = "",
    officer: Officer | None = None,
) -> CallBack:
    """Open a call, in the caller's transaction. Raises Refused where no number of ours is on file."""
    found = Agency.objects.get(pk=agency.pk)
    if not found.phone:
        raise Refused("There is no number of ours to call: write the contacts down first.", rule="call-back")
    if officer is not None and officer.agency_id != found.pk:
        raise Refused("The officer is of another agency.", rule="call-back")
    who = f"{officer} (badge {officer.badge or 'not on file'})" if officer else "whoever signed it"
    script = (_OPENING + _ABOUT[purpose]).format(
        phone=found.phone, agency=found, platform=settings.PLATFORM_NAME, officer=who
    )
    call = CallBack.objects.create(
        agency=found,
        officer=officer,
        purpose=purpose,
        about=about,
        phone=found.phone,
        script=script,
        asked_at=clock.now(),
        asked_by=by,
    )
    _record("partners.call_asked", call, by=by)
    return call


def _nobody(call: CallBack, by: User) -> CallBack:
    call.tries += 1
    call.last_tried_at = clock.now()
    call.save(update_fields=["tries", "last_tried_at"])
    _record("partners.call_not_reached", call, by=by, tries=call.tries)
    return call


def _cut_off(call: CallBack, *, by: User, suspend: bool) -> None:
    """Do at once what the agency's words ask for. Lifting it takes another person."""
    why = f"They said so on the call back: {call.outcome}."
    officer = call.officer
    if officer is not None and call.outcome == CallOutcome.LEFT and officer.left_at is None:
        officers.gone(officer, by=by, reason=why)
    if call.outcome not in DENIED:
        return
    if officer is not None and officer.suspended_at is None:
        officers.shut_out(officer, by=by, reason=why)
    if officer is not None and officer.trust != Trust.LIMITED:
        officers.trust_less(officer, by=by, reason=why)
    if suspend and call.agency.suspended_at is None:
        cut_off(call.agency, by=by, reason=why)


def _record(action: str, call: CallBack, *, by: User | None, **details: ledger.Value) -> None:
    known: dict[str, ledger.Value] = {"call": call.pk, "purpose": call.purpose, "about": call.about}
    if call.officer_id is not None:
        known["officer"] = call.officer_id
    if call.said:
        known |= {
            "said_digest": ledger.digest(call.said),
            "spoke_with_digest": ledger.digest(call.spoke_with),
        }
    ledger.record(action, subject=f"agency:{call.agency_id}", by=by, details={**known, **details})
