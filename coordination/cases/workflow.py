"""States of what hangs on a case."""

from enum import StrEnum

from coordination.core.transitions import Transitions


class CaseState(StrEnum):
    """A case is open, watched or closed; what re-opens it is recorded."""

    OPEN = "open"
    MONITORING = "monitoring"
    CLOSED = "closed"


class CaseVerb(StrEnum):
    """What is done to a case."""

    MONITOR = "monitor"
    CLOSE = "close"
    REOPEN = "reopen"


CASE = Transitions(
    CaseState,
    CaseVerb,
    {
        (CaseState.OPEN, CaseVerb.MONITOR): CaseState.MONITORING,
        (CaseState.OPEN, CaseVerb.CLOSE): CaseState.CLOSED,
        (CaseState.MONITORING, CaseVerb.CLOSE): CaseState.CLOSED,
        (CaseState.MONITORING, CaseVerb.REOPEN): CaseState.OPEN,
        (CaseState.CLOSED, CaseVerb.REOPEN): CaseState.OPEN,
    },
)


class Compartment(StrEnum):
    """For whose eyes a case is: those of its members, whatever their team sees."""

    NON_DISCLOSURE = "non_disclosure"
    VICTIM = "victim"

    @property
    def label(self) -> str:
        """What people call it."""
        return {"non_disclosure": "non-disclosure", "victim": "victim data"}[self.value]


class TaskState(StrEnum):
    """A task waits, is done, or is no longer needed."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class TaskVerb(StrEnum):
    """What is done to a task."""

    COMPLETE = "complete"
    CANCEL = "cancel"


TASK = Transitions(
    TaskState,
    TaskVerb,
    {
        (TaskState.OPEN, TaskVerb.COMPLETE): TaskState.DONE,
        (TaskState.OPEN, TaskVerb.CANCEL): TaskState.CANCELLED,
    },
)


class DeadlineState(StrEnum):
    """A deadline runs, stands still, is met, or was missed; a met one keeps its time."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    CANCELLED = "cancelled"


class DeadlineVerb(StrEnum):
    """What is done to a deadline."""

    PAUSE = "pause"
    RESUME = "resume"
    MEET = "meet"
    MISS = "miss"
    CANCEL = "cancel"


DEADLINE = Transitions(
    DeadlineState,
    DeadlineVerb,
    {
        (DeadlineState.RUNNING, DeadlineVerb.PAUSE): DeadlineState.PAUSED,
        (DeadlineState.PAUSED, DeadlineVerb.RESUME): DeadlineState.RUNNING,
        (DeadlineState.PAUSED, DeadlineVerb.MEET): DeadlineState.MET,
        (DeadlineState.PAUSED, DeadlineVerb.CANCEL): DeadlineState.CANCELLED,
        (DeadlineState.RUNNING, DeadlineVerb.MEET): DeadlineState.MET,
        (DeadlineState.RUNNING, DeadlineVerb.MISS): DeadlineState.MISSED,
        (DeadlineState.RUNNING, DeadlineVerb.CANCEL): DeadlineState.CANCELLED,
        (DeadlineState.MISSED, DeadlineVerb.MEET): DeadlineState.MET,
        (DeadlineState.MISSED, DeadlineVerb.CANCEL): DeadlineState.CANCELLED,
    },
)
