"""States of a restriction, of a preservation and of a command to the platform."""

from enum import StrEnum
from typing import Final

from coordination.core.transitions import Transitions
from coordination.policy.workflow import Step

# How heavy each step is: the ladder, counted from 1. A step down is a lift of the difference.
LEVEL: Final[dict[str, int]] = {step.value: number for number, step in enumerate(Step, start=1)}


class RestrictionState(StrEnum):
    """A restriction is ordered until the platform confirms it, and lifting until it confirms that."""

    ORDERED = "ordered"
    IN_FORCE = "in_force"
    LIFTING = "lifting"
    LIFTED = "lifted"


class RestrictionVerb(StrEnum):
    """What is done to a restriction."""

    IMPOSE = "impose"
    CONFIRM = "confirm"
    LOWER = "lower"
    LIFT = "lift"


_S, _V = RestrictionState, RestrictionVerb
RESTRICTION = Transitions(
    RestrictionState,
    RestrictionVerb,
    {
        (_S.ORDERED, _V.CONFIRM): _S.IN_FORCE,
        (_S.ORDERED, _V.IMPOSE): _S.ORDERED,  # a step up
        (_S.IN_FORCE, _V.IMPOSE): _S.ORDERED,
        (_S.LIFTING, _V.IMPOSE): _S.ORDERED,  # before the platform let go
        (_S.ORDERED, _V.LOWER): _S.ORDERED,  # a step down, with a signed assessment
        (_S.IN_FORCE, _V.LOWER): _S.ORDERED,
        (_S.ORDERED, _V.LIFT): _S.LIFTING,
        (_S.IN_FORCE, _V.LIFT): _S.LIFTING,
        (_S.LIFTING, _V.CONFIRM): _S.LIFTED,
    },
)
# The account is, or may be, under it.
STANDING: Final = (RestrictionState.ORDERED, RestrictionState.IN_FORCE)


class AssessmentState(StrEnum):
    """A lift is asked for, assessed, then used once; or declined, or overtaken by what was imposed since."""

    ASKED = "asked"
    COMPLETED = "completed"
    USED = "used"
    DECLINED = "declined"


class AssessmentVerb(StrEnum):
    """What is done to a risk assessment."""

    COMPLETE = "complete"
    USE = "use"
    DECLINE = "decline"


ASSESSMENT = Transitions(
    AssessmentState,
    AssessmentVerb,
    {
        (AssessmentState.ASKED, AssessmentVerb.COMPLETE): AssessmentState.COMPLETED,
        (AssessmentState.ASKED, AssessmentVerb.DECLINE): AssessmentState.DECLINED,
        (AssessmentState.COMPLETED, AssessmentVerb.DECLINE): AssessmentState.DECLINED,
        (AssessmentState.COMPLETED, AssessmentVerb.USE): AssessmentState.USED,
    },
)
SIGNATURES_NEEDED: Final = 2


class AppealState(StrEnum):
    """An appeal waits for its answer or has it. It lifts nothing."""

    RECEIVED = "received"
    ANSWERED = "answered"


class AppealVerb(StrEnum):
    """What is done to an appeal."""

    ANSWER = "answer"


APPEAL = Transitions(
    AppealState, AppealVerb, {(AppealState.RECEIVED, AppealVerb.ANSWER): AppealState.ANSWERED}
)


class NoticeState(StrEnum):
    """A statement of reasons goes out with the restriction, waits for counsel, or is withheld."""

    TOLD = "told"
    COUNSEL = "counsel"
    WITHHELD = "withheld"


class NoticeVerb(StrEnum):
    """What counsel decides about a statement of reasons."""

    RELEASE = "release"
    WITHHOLD = "withhold"


NOTICE = Transitions(
    NoticeState,
    NoticeVerb,
    {
        (NoticeState.COUNSEL, NoticeVerb.RELEASE): NoticeState.TOLD,
        (NoticeState.COUNSEL, NoticeVerb.WITHHOLD): NoticeState.WITHHELD,
        (NoticeState.WITHHELD, NoticeVerb.RELEASE): NoticeState.TOLD,
    },
)


class PreservationState(StrEnum):
    """A preservation runs until its clock ends; then a person extends it or lets it go."""

    RUNNING = "running"
    REVIEW = "review"
    ENDED = "ended"


class PreservationVerb(StrEnum):
    """What is done to a preservation."""

    EXPIRE = "expire"
    EXTEND = "extend"
    LET_GO = "let_go"


PRESERVATION = Transitions(
    PreservationState,
    PreservationVerb,
    {
        (PreservationState.RUNNING, PreservationVerb.EXPIRE): PreservationState.REVIEW,
        (PreservationState.RUNNING, PreservationVerb.EXTEND): PreservationState.RUNNING,
        (PreservationState.REVIEW, PreservationVerb.EXTEND): PreservationState.RUNNING,
        (PreservationState.REVIEW, PreservationVerb.LET_GO): PreservationState.ENDED,
    },
)


class Action(StrEnum):
    """What the platform is told to do."""

    IMPOSE = "impose"
    LIFT = "lift"
    PRESERVE = "preserve"
    RELEASE = "release"
    REPORT = "report"


# What is ordered about a restriction, and what about a preservation.
RESTRICTING: Final = (Action.IMPOSE, Action.LIFT, Action.REPORT)
KEEPING: Final = (Action.PRESERVE, Action.RELEASE)


class CommandState(StrEnum):
    """A command waits, was handed to the outbox, was confirmed or refused, or a later one took its place."""

    QUEUED = "queued"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class CommandVerb(StrEnum):
    """What happens to a command."""

    SEND = "send"
    CONFIRM = "confirm"
    FAIL = "fail"
    SUPERSEDE = "supersede"


_C, _D = CommandState, CommandVerb
COMMAND = Transitions(
    CommandState,
    CommandVerb,
    {
        (_C.QUEUED, _D.SEND): _C.SENT,
        (_C.QUEUED, _D.SUPERSEDE): _C.SUPERSEDED,
        (_C.SENT, _D.SUPERSEDE): _C.SUPERSEDED,
        (_C.FAILED, _D.SUPERSEDE): _C.SUPERSEDED,
        (_C.SENT, _D.FAIL): _C.FAILED,
        # The platform's own word, or a person who did it by hand: true wherever the command stands.
        (_C.QUEUED, _D.CONFIRM): _C.CONFIRMED,
        (_C.SENT, _D.CONFIRM): _C.CONFIRMED,
        (_C.FAILED, _D.CONFIRM): _C.CONFIRMED,
    },
)
