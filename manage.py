#!/usr/bin/env python
"""Run a management command."""

import os
import sys

from django.core.management import execute_from_command_line

from coordination.core.embedded.errors import EmbeddedDatabaseError


def main() -> None:
    """Run the command. The first connection starts the embedded database where that is in use."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    try:
        execute_from_command_line(sys.argv)
    except EmbeddedDatabaseError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
