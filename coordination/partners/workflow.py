"""What is known of a requester, and what came of a call to their agency, in words that a table holds."""

from enum import StrEnum


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
