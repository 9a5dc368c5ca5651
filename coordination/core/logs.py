"""How a line of the log is written: what is refused is one line, without the way that led to it."""

import copy
import logging
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404

# Somebody asked for what they do not get: a name that is not ours, a page that is not theirs. Scanners do it
# all day, and a traceback of thirty lines for each hides the one that matters.
REFUSALS = (SuspiciousOperation, PermissionDenied, BadRequest, Http404)


class Line(logging.Formatter):
    """Writes a record; a refusal without its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. The record stays as it is, for other handlers."""
        kind = record.exc_info[0] if record.exc_info else None
        if kind is not None and issubclass(kind, REFUSALS):
            record = copy.copy(record)
            record.exc_info = record.exc_text = record.stack_info = None
        return super().format(record)


class AsWarning(logging.Filter):
    """Lowers a record to a warning: what strangers ask for is no error of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it pass as a warning."""
        record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        return True


def configuration(level: str) -> dict[str, Any]:
    """Return settings.LOGGING: what of ours and of Django is written, and how."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": "coordination.core.logs.Line",
                "format": "{asctime} {levelname} {name} {message}",
                "style": "{",
            },
            "bare": {"format": "{message}", "style": "{"},
        },
        "filters": {"as_warning": {"()": "coordination.core.logs.AsWarning"}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "line"},
            "bare": {"class": "logging.StreamHandler", "formatter": "bare"},
        },
        "root": {"handlers": ["console"], "level": level},
        # A name that is not ours in the Host header: scanners, all day.
        "loggers": {
            "django.security.DisallowedHost": {"filters": ["as_warning"]},
            "coordination.ledger.entries": {"handlers": ["bare"], "level": "INFO", "propagate": False},
        },
    }
