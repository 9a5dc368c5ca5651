"""A real PostgreSQL for development, the demo and the tests, from the binaries in a wheel.

Settings import this package, so nothing here imports Django (except `backend`, which Django imports by name).
"""

from coordination.core.embedded.addresses import databases, url_of
from coordination.core.embedded.secretfiles import local_keys, local_signing_key

__all__ = ["databases", "local_keys", "local_signing_key", "url_of"]
