"""Flags, how one is assessed, and what can be decided about it."""

from enum import StrEnum

from coordination.core.transitions import Transitions
from coordination.policy.workflow import Behaviour, Finding, Framing, Level, ThreatType

__all__ = ["Behaviour", "Finding", "Framing", "Level", "ThreatType"]


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
    """A flag waits to be assessed, then decided; one of high severity may be decided at once.

    One that was opened again waits for a decision, and may be assessed anew before that.
    """

    RECEIVED = "received"
    ASSESSED = "assessed"
    DECIDED = "decided"
    REOPENED = "reopened"


class FlagVerb(StrEnum):
    """What is done to a flag."""

    ASSESS = "assess"
    DECIDE = "decide"
    DISSENT = "dissent"
    REOPEN = "reopen"


FLAG = Transitions(
    FlagState,
    FlagVerb,
    {
        (FlagState.RECEIVED, FlagVerb.ASSESS): FlagState.ASSESSED,
        (FlagState.ASSESSED, FlagVerb.ASSESS): FlagState.ASSESSED,
        (FlagState.REOPENED, FlagVerb.ASSESS): FlagState.REOPENED,
        # Of high severity only: the first tier is passed over.
        (FlagState.RECEIVED, FlagVerb.DECIDE): FlagState.DECIDED,
        (FlagState.ASSESSED, FlagVerb.DECIDE): FlagState.DECIDED,
        (FlagState.REOPENED, FlagVerb.DECIDE): FlagState.DECIDED,
        (FlagState.DECIDED, FlagVerb.DISSENT): FlagState.REOPENED,
        (FlagState.REOPENED, FlagVerb.DISSENT): FlagState.REOPENED,
        (FlagState.DECIDED, FlagVerb.REOPEN): FlagState.REOPENED,
    },
)


ASPECTS = ("target", "means", "timing")


class Outcome(StrEnum):
    """What can be decided: one or more, except that `no_action` stands alone."""

    REFER_POLICE = "refer_police"
    REFER_CRISIS = "refer_crisis"
    WARN_TARGET = "warn_target"
    MONITOR = "monitor"
    NO_ACTION = "no_action"


class ReportState(StrEnum):
    """A mandated report is due until it is filed, or counsel says why it need not be."""

    DUE = "due"
    FILED = "filed"
    EXCUSED = "excused"


class ReportVerb(StrEnum):
    """What ends a mandated report."""

    FILE = "file"
    EXCUSE = "excuse"


REPORT = Transitions(
    ReportState,
    ReportVerb,
    {
        (ReportState.DUE, ReportVerb.FILE): ReportState.FILED,
        (ReportState.DUE, ReportVerb.EXCUSE): ReportState.EXCUSED,
        # What was held not to be due and is filed after all.
        (ReportState.EXCUSED, ReportVerb.FILE): ReportState.FILED,
    },
)


class EventKind(StrEnum):
    """What happened outside that re-opens a case."""

    ARREST = "arrest"
    CHARGE = "charge"
    COURT_ORDER = "court_order"
    RELEASE = "release"
    ESCALATION = "escalation"
