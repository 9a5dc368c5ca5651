"""Django's PostgreSQL backend with one addition: it starts the embedded server where it is not running."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base

from coordination.core.embedded import server


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to the embedded PostgreSQL."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, to a server that is up."""
        if settings.PRODUCTION:
            raise ImproperlyConfigured("DATABASE_URL is not set (coordination.E007).")
        server.start(settings.VAR_DIR)
        return super().get_new_connection(conn_params)
