"""One base, few leaves. The docstring is the message where none is given; no message echoes personal data."""

from collections.abc import Sequence


class CoordinationError(Exception):
    """Something that the desk asked for cannot be done."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class InvalidInput(CoordinationError):
    """A value is missing or not acceptable."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field

    @property
    def errors(self) -> "tuple[InvalidInput, ...]":
        """What is wrong, field by field: one here, several in InvalidInputs."""
        return (self,)


class InvalidInputs(InvalidInput):
    """Several values are missing or not acceptable: `errors` has them all, `field` is the first one's."""

    def __init__(self, errors: Sequence[InvalidInput]) -> None:
        self._errors = tuple(errors)
        super().__init__(self._errors[0].field, " ".join(map(str, self._errors)))

    @property
    def errors(self) -> tuple[InvalidInput, ...]:
        """What is wrong, field by field."""
        return self._errors


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


class Unavailable(CoordinationError):
    """Something that this needs is not there now. Nothing was done; try again later."""


def raise_all(errors: Sequence[InvalidInput]) -> None:
    """Raise what was found wrong, all at once; nothing where nothing was."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise InvalidInputs(errors)
