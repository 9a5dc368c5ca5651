"""Django's PostgreSQL backend with one addition: it starts the embedded server where it is not running."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to the embedded PostgreSQL."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, to a server that is up."""
        from coordination.core.embedded import server

        server.start(Path(settings.VAR_DIR))
        return super().get_new_connection(conn_params)
