#!/usr/bin/env python
"""Run a management command."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command named on the command line, with the embedded database up where it is in use."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
