"""Where settings come from: the environment, or a file that it names.

NAME_FILE=path is read in place of NAME, so that a secret lies only where a vault's agent or systemd's
credentials put it for this process, and stands in no environment that a child or a crash report could show.
"""

from typing import Any

import environ
from environ.fileaware_mapping import FileAwareMapping


class Files(FileAwareMapping):  # type: ignore[misc]
    """The environment and the files that it names; a line end that ends a file is no part of the value."""

    def __getitem__(self, key: str) -> Any:
        """Return the value; a file that is named and not there raises OSError, which stops the start."""
        found = super().__getitem__(key)
        return found.rstrip("\r\n") if self.env.get(f"{key}_FILE") else found


class Env(environ.Env):  # type: ignore[misc]
    """django-environ over `Files`."""

    ENVIRON = Files()
