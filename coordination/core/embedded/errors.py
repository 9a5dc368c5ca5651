"""What can go wrong with the embedded database."""

from coordination.core.errors import CoordinationError


class EmbeddedDatabaseError(CoordinationError):
    """The embedded PostgreSQL cannot be used."""


class UnusableDirectory(EmbeddedDatabaseError):
    """The directory for local data cannot be used."""


class BadDatabaseURL(EmbeddedDatabaseError):
    """DATABASE_URL is not the address of a PostgreSQL database."""
