"""What evidence asks about cases: it stands below and knows them by their references only."""

from typing import Any

from coordination.access.services import User
from coordination.cases import selectors, services
from coordination.cases.models import Case
from coordination.core.errors import NotFound


class Door:
    """Answers for cases (coordination.evidence.doors.Cases)."""

    def visible_to(self, user: User) -> Any:
        """Return the references of the cases that `user` sees."""
        return selectors.visible_to(user).values("reference")

    def require(self, user: User, reference: str, *, work: bool) -> None:
        """Raise NotFound unless `user` sees the case, NotPermitted unless they may work on it."""
        case = selectors.case_for(user, reference)
        services.require_case(user, case, "work_case" if work else "view_case")

    def exists(self, reference: str) -> bool:
        """Tell whether there is such a case."""
        return _case(reference) is not None

    def tell(self, reference: str, *, kind: str, title: str, about: str, by: User | None) -> None:
        """Write a line of the timeline."""
        case = _case(reference)
        if case is None:
            raise NotFound
        services.add_event(case, kind=kind, title=title, about=about, by=by)


def _case(reference: str) -> Case | None:
    try:
        return selectors.case_by_reference(reference)
    except NotFound:
        return None
