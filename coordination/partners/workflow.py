"""What is known of a requester, what came of a call to their agency, and how a contact changes."""

from enum import StrEnum
from typing import Final

from coordination.core.transitions import Transitions


class Trust(StrEnum):
    """How far an officer's requests are believed. No level spares an emergency request its call."""

    LIMITED = "limited"  # whatever they ask, somebody calls back first
    ORDINARY = "ordinary"  # as the rules for the kind of request have it


class CallPurpose(StrEnum):
    """Why an agency is called back, on a number of ours."""

    OFFICER = "officer"  # is this person who they say, and theirs?
    REQUEST = "request"  # did they ask us for this?
    CONTACT = "contact"  # do they want this contact changed?


class CallOutcome(StrEnum):
    """What a call came to. Nobody reached is no outcome: the call stays open, and is counted."""

    CONFIRMED = "confirmed"
    NO_SUCH_OFFICER = "no_such_officer"
    NO_SUCH_CASE = "no_such_case"
    LEFT = "left"
    NOT_REACHED = "not_reached"


class Contact(StrEnum):
    """What of an agency changes by a proposal only, once the agency is verified."""

    PHONE = "phone"
    DOMAIN = "domain"
    MAILBOX = "mailbox"
    ADDRESS = "address"
    DESTINATION = "destination"
    OFFICER = "officer"


class ChangeState(StrEnum):
    """A change is proposed, held once the agency confirmed it on the old number, and then effective."""

    PROPOSED = "proposed"
    HELD = "held"
    EFFECTIVE = "effective"
    WITHDRAWN = "withdrawn"
    DENIED = "denied"


class ChangeVerb(StrEnum):
    """What is done to a change of a contact."""

    CONFIRM = "confirm"
    DENY = "deny"
    WITHDRAW = "withdraw"
    APPLY = "apply"


CHANGE: Final = Transitions(
    ChangeState,
    ChangeVerb,
    {
        (ChangeState.PROPOSED, ChangeVerb.CONFIRM): ChangeState.HELD,
        (ChangeState.PROPOSED, ChangeVerb.DENY): ChangeState.DENIED,
        (ChangeState.PROPOSED, ChangeVerb.WITHDRAW): ChangeState.WITHDRAWN,
        (ChangeState.HELD, ChangeVerb.WITHDRAW): ChangeState.WITHDRAWN,
        (ChangeState.HELD, ChangeVerb.APPLY): ChangeState.EFFECTIVE,
    },
)
OPEN: Final = (ChangeState.PROPOSED, ChangeState.HELD)
