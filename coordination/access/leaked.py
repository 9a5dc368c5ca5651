"""A list of leaked passwords that the operator renews: what stands in it is refused (CJIS IA-5(1)).

The file is the download of Have I Been Pwned "ordered by hash": one SHA-1 in hexadecimal on each line, with a
colon and a count or without, ascending. It is looked up on the disk, so that its size does not matter.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError

from coordination.core import clock

RENEWED_WITHIN = timedelta(days=92)
_HASH = re.compile(rb"[0-9A-F]{40}(:\d+)?")


class LeakedValidator:
    """Refuse what is on the operator's list, where there is one."""

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        """Raise ValidationError for a leaked password. A list that cannot be read raises OSError."""
        if settings.LEAKED_PASSWORDS and is_listed(Path(settings.LEAKED_PASSWORDS), password):
            raise ValidationError(self.get_help_text(), code="password_leaked")

    def get_help_text(self) -> str:
        """Say what is wrong with it."""
        return "This password is on a list of leaked ones, which are tried first."


def is_listed(path: Path, password: str) -> bool:
    """Tell whether a password stands in the list. Raises OSError where it cannot be read."""
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with path.open("rb") as file:
        low, high = 0, file.seek(0, 2)
        while low < high:
            middle = (low + high) // 2
            start, line = _line_at(file, middle)
            if not line or line[:40].upper() >= wanted:
                high = middle
            else:
                low = start + len(line)
        return _line_at(file, low)[1][:40].upper() == wanted


def what_is_wrong(path: Path) -> str:
    """Return why the list cannot be used; "" where it can."""
    try:
        with path.open("rb") as file:
            first = file.readline().strip().upper()
    except OSError:
        return "cannot be read"
    return "" if _HASH.fullmatch(first) else "has no SHA-1 on its first line"


def is_old(path: Path) -> bool:
    """Tell whether the list is older than a quarter of a year."""
    return clock.now() - datetime.fromtimestamp(path.stat().st_mtime, tz=UTC) > RENEWED_WITHIN


def _line_at(file: BinaryIO, place: int) -> tuple[int, bytes]:
    """Return where the first line that begins at `place` or after it begins, and the line."""
    file.seek(max(0, place - 1))
    if place:
        file.readline()
    return file.tell(), file.readline()
