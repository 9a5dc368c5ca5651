"""Flags, and what can be decided about one."""

from enum import StrEnum

from coordination.core.transitions import Transitions


class Category(StrEnum):
    """What a flag is about."""

    MASS_CASUALTY = "mass_casualty"
    TARGETED_HARASSMENT = "targeted_harassment"
    IMMINENT_THREAT = "imminent_threat"
    STALKING = "stalking"
    SELF_HARM = "self_harm"
    MINOR_SAFETY = "minor_safety"
    CSAM = "csam"
    OTHER = "other"


class Source(StrEnum):
    """Who raised a flag."""

    CLASSIFIER = "classifier"
    USER_REPORT = "user_report"
    STAFF = "staff"
    PARTNER = "partner"


class FlagState(StrEnum):
    """A flag waits for a decision or has one; a re-opened one waits again."""

    RECEIVED = "received"
    DECIDED = "decided"
    REOPENED = "reopened"


class FlagVerb(StrEnum):
    """What is done to a flag."""

    DECIDE = "decide"
    REOPEN = "reopen"


FLAG = Transitions(
    FlagState,
    FlagVerb,
    {
        (FlagState.RECEIVED, FlagVerb.DECIDE): FlagState.DECIDED,
        (FlagState.REOPENED, FlagVerb.DECIDE): FlagState.DECIDED,
        (FlagState.DECIDED, FlagVerb.REOPEN): FlagState.REOPENED,
    },
)


class Outcome(StrEnum):
    """What can be decided: one or more, except that `no_action` stands alone."""

    REFER_POLICE = "refer_police"
    REFER_CRISIS = "refer_crisis"
    WARN_TARGET = "warn_target"
    MONITOR = "monitor"
    NO_ACTION = "no_action"
