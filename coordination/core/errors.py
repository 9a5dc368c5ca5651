"""One base, few leaves. The docstring is the message where none is given; no message echoes personal data."""


class CoordinationError(Exception):
    """Something that the desk asked for cannot be done."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class InvalidInput(CoordinationError):
    """A value is missing or not acceptable."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class IllegalTransition(CoordinationError):
    """The record is not in a state that allows this."""

    def __init__(self, state: str, verb: str) -> None:
        super().__init__(f"Cannot {verb} while {state.replace('_', ' ')}.")
        self.state = state
        self.verb = verb


class Refused(CoordinationError):
    """A rule forbids this."""

    def __init__(self, message: str = "", *, rule: str = "", citation: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.citation = citation


class NotPermitted(CoordinationError):
    """You may not do this."""


class NotFound(CoordinationError):
    """There is no such record, or it is not yours to see."""


class Conflict(CoordinationError):
    """Somebody changed the record in the meantime; look again before you decide."""
