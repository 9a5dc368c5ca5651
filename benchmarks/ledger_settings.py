"""The settings of benchmarks.ledger: the project's, with django-auditlog and the rows that are saved."""

from coordination.settings import *  # noqa: F403
from coordination.settings import INSTALLED_APPS as OURS

INSTALLED_APPS = [*OURS, "auditlog", "benchmarks.audited"]
