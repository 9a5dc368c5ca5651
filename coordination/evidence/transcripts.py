"""Conversations as JSON Lines: one utterance a line, checked as they stream in, cited by number.

    {"speaker": "user", "at": "2026-03-06T22:12:00-07:00", "text": "…"}

`speaker` and `text` are text, `at` a time with its zone (RFC 3339), `attachments` may be left out; each of
them has a `name`, and a `sha256` (hex) that says which exhibit it is. The bytes are kept as they came.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from coordination.core.errors import InvalidInput, raise_all

LONGEST_LINE: Final = 256 * 1024
LONGEST_SPEAKER: Final = 200
MOST_ERRORS: Final = 20
MOST_ATTACHMENTS: Final = 100
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """What hung on an utterance. `sha256` is empty where the platform did not keep it."""

    name: str
    sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One utterance; `number` counts from 1 and is how it is cited."""

    number: int
    speaker: str
    at: datetime
    text: str
    attachments: tuple[Attachment, ...] = ()


class Checker:
    """Takes a transcript in pieces and knows at the end what is wrong with which line."""

    def __init__(self) -> None:
        self.count = 0
        self._errors: list[InvalidInput] = []
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        """Check the lines that end in this piece."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._check(line)
        if len(self._rest) > LONGEST_LINE:
            self._wrong(InvalidInput(_at(self.count + 1), f"A line has at most {LONGEST_LINE} bytes."))
            raise_all(self._errors)

    def finish(self) -> int:
        """Return how many lines there are; raise InvalidInput, or InvalidInputs for several, naming them."""
        if self._rest:
            self._check(self._rest)
            self._rest = b""
        raise_all(self._errors)
        if not self.count:
            raise InvalidInput(_at(1), "A transcript has at least one line.")
        return self.count

    def _check(self, line: bytes) -> None:
        self.count += 1
        try:
            parse(line, self.count)
        except InvalidInput as error:
            for each in error.errors:
                self._wrong(each)

    def _wrong(self, error: InvalidInput) -> None:
        self._errors.append(error)
        if len(self._errors) >= MOST_ERRORS:
            raise_all(self._errors)


def lines(pieces: Iterable[bytes]) -> Iterator[Line]:
    """Yield the lines of a transcript that was checked when it came in."""
    rest, number = b"", 0
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            number += 1
            yield parse(line, number)
    if rest:
        yield parse(rest, number + 1)


def parse(line: bytes, number: int) -> Line:
    """Return one line, or raise InvalidInput naming the line and the field: `line 3, at`."""
    said = _object(line, number)
    errors: list[InvalidInput] = []
    unknown = sorted(said.keys() - {"speaker", "at", "text", "attachments"})
    if unknown:
        errors.append(InvalidInput(_at(number, unknown[0]), "A transcript has no such field."))
    speaker, text = said.get("speaker"), said.get("text")
    if not isinstance(speaker, str) or not speaker.strip() or len(speaker) > LONGEST_SPEAKER:
        errors.append(InvalidInput(_at(number, "speaker"), f"Text of 1 to {LONGEST_SPEAKER} characters."))
    if not isinstance(text, str):
        errors.append(InvalidInput(_at(number, "text"), "Text; it may be empty."))
    at = _time(said.get("at"), number, errors)
    attachments = _attachments(said.get("attachments", []), number, errors)
    raise_all(errors)
    return Line(number=number, speaker=str(speaker), at=at, text=str(text), attachments=attachments)


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        said = json.loads(line.decode(), object_pairs_hook=_once)
    except RecursionError:
        said = None
    except ValueError as error:
        what = "twice the same field" if isinstance(error, _Twice) else "not JSON in UTF-8"
        raise InvalidInput(_at(number), f"The line is {what}.") from None
    if not isinstance(said, dict):
        raise InvalidInput(_at(number), "Each line is one JSON object.")
    return said


class _Twice(ValueError):
    """A field stands twice in a line: readers would differ on which one counts."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice
    return found


def _time(value: object, number: int, errors: list[InvalidInput]) -> datetime:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None:
        errors.append(InvalidInput(_at(number, "at"), "A time such as 2026-03-06T22:12:00-07:00."))
    elif at.tzinfo is None:
        errors.append(InvalidInput(_at(number, "at"), "A time needs a zone."))
    return at or datetime.min  # noqa: DTZ901 - never returned: the errors are raised


def _attachments(value: object, number: int, errors: list[InvalidInput]) -> tuple[Attachment, ...]:
    if not isinstance(value, list) or len(value) > MOST_ATTACHMENTS:
        errors.append(InvalidInput(_at(number, "attachments"), f"A list of at most {MOST_ATTACHMENTS}."))
        return ()
    found = []
    for place, each in enumerate(value, 1):
        field = _at(number, f"attachments {place}")
        name = each.get("name") if isinstance(each, dict) else None
        digest = each.get("sha256", "") if isinstance(each, dict) else None
        if not isinstance(name, str) or not name:
            errors.append(InvalidInput(field, "An object with a name."))
        elif digest != "" and (not isinstance(digest, str) or not _SHA256.fullmatch(digest)):
            errors.append(InvalidInput(field, "sha256 is 64 digits in lower-case hex."))
        else:
            found.append(Attachment(name=name, sha256=str(digest)))
    return tuple(found)


def _at(number: int, field: str = "") -> str:
    return f"line {number}, {field}" if field else f"line {number}"
