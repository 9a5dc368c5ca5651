"""What can be wrong with an exhibit, beside what core names."""

from coordination.core.errors import CoordinationError


class ExhibitBroken(CoordinationError):
    """The stored exhibit is not what was taken in: it was changed, cut short, or its key is another one."""


class StoreFailed(CoordinationError):
    """The store did not take the exhibit: nothing was kept, nothing is counted. Make room and try again."""
