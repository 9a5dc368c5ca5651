"""Whose a case is: asked of whoever knows cases. Evidence stands below them and imports nothing of theirs.

`coordination.cases` opens the door when it is ready. Until then it is shut: nobody sees, nothing is done.
"""

from typing import Any, Protocol

from coordination.access.services import User
from coordination.core.errors import NotFound


class Cases(Protocol):
    """What evidence asks about cases, by their references."""

    def visible_to(self, user: User) -> Any:
        """Return the references of the cases that `user` sees, as a list or a query of one column."""

    def require(self, user: User, reference: str, *, work: bool) -> None:
        """Raise NotFound unless `user` sees the case, NotPermitted unless they may work on it."""

    def exists(self, reference: str) -> bool:
        """Tell whether there is such a case, whoever asks."""

    def tell(self, reference: str, *, kind: str, title: str, about: str, by: User | None) -> None:
        """Write a line of the case's timeline."""


_door: list[Cases] = []


def open_door(cases: Cases) -> None:
    """Let evidence ask `cases` from now on."""
    _door[:] = [cases]


def cases() -> Cases:
    """Return whom to ask; raise NotFound where nobody answers for cases."""
    if not _door:
        raise NotFound
    return _door[0]
