"""States of a page: it climbs until a person answers, or until its task needs nobody any more."""

from enum import StrEnum

from coordination.core.transitions import Transitions


class PageState(StrEnum):
    """A page climbs, was answered by a person, or ended with its task."""

    PAGING = "paging"
    ANSWERED = "answered"
    ENDED = "ended"


class PageVerb(StrEnum):
    """What is done to a page."""

    ANSWER = "answer"
    END = "end"


PAGE = Transitions(
    PageState,
    PageVerb,
    {
        (PageState.PAGING, PageVerb.ANSWER): PageState.ANSWERED,
        (PageState.PAGING, PageVerb.END): PageState.ENDED,
    },
)


class Result(StrEnum):
    """What came of one attempt to reach somebody by one way."""

    SENT = "sent"  # the mail server or gateway took it
    FAILED = "failed"
    SHOWN = "shown"  # it stands on the desk: that alone wakes nobody up
    NOBODY = "nobody"  # the step had no person to go to


class Answered(StrEnum):
    """How a page was answered."""

    DESK = "desk"
    LINK = "link"
    TAKEN = "taken"  # the task was taken
    DONE = "done"  # a person did what the task asks for
