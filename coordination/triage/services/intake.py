"""Checking a flag as it comes in: everything by name, nothing guessed, sizes capped."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from coordination.core import clock
from coordination.core.errors import InvalidInput
from coordination.core.unseen import without_unseen
from coordination.triage.workflow import Category, Source

# How far a sender's clock may be ahead of ours.
SKEW = timedelta(minutes=5)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
PROVENANCE = ("observed", "claimed_by_user", "inferred")
LONGEST = {
    "external_id": 120,
    "account": 500,
    "classifier": 100,
    "classifier_version": 40,
    "content": 200_000,
    "context": 400_000,
    "apparent_target": 2_000,
    "reporter": 500,
}
# What need not be said.
DEFAULTS: Mapping[str, Any] = {
    "score": None,
    "classifier": "",
    "classifier_version": "",
    "context": "",
    "identifiers": (),
    "apparent_target": "",
    "files": (),
    "minor": False,
    "reporter": "",
}
MOST_IDENTIFIERS = 100
MOST_FILES = 50
_LONGEST_PART = 500
_IDENTIFIER = {"kind": True, "value": True, "provenance": True, "verified_at": False}
_FILE = {"name": True, "sha256": True, "media_type": False, "model": False, "settings_version": False}
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Intake:
    """A checked flag, as it is stored."""

    external_id: str
    source: str
    category: str
    content: str
    content_at: datetime
    content_zone: str
    account: str
    provenance: str
    score: Decimal | None
    classifier: str
    classifier_version: str
    context: str
    identifiers: list[dict[str, str]]
    apparent_target: str
    files: list[dict[str, str]]
    minor: bool
    reporter: str | None


FIELDS = frozenset(each.name for each in fields(Intake))


def check(values: Mapping[str, Any]) -> Intake:
    """Return the checked flag, or raise InvalidInput naming the first field that is wrong."""
    values = {**DEFAULTS, **values}
    for name in sorted(FIELDS ^ values.keys()):
        raise InvalidInput(name, "This is needed." if name in FIELDS else "There is no such field.")
    return Intake(
        external_id=_text("external_id", values["external_id"], needed=True),
        source=_one_of("source", values["source"], list(Source)),
        category=_one_of("category", values["category"], list(Category)),
        content=_text("content", values["content"], needed=True),
        content_at=_moment("content_at", values["content_at"]),
        content_zone=_zone(values["content_zone"]),
        account=_text("account", values["account"], needed=True),
        provenance=_one_of("provenance", values["provenance"], PROVENANCE),
        score=_score(values["score"]),
        classifier=_text("classifier", values["classifier"]),
        classifier_version=_text("classifier_version", values["classifier_version"]),
        context=_text("context", values["context"]),
        identifiers=_parts(
            "identifiers", values["identifiers"], _IDENTIFIER, MOST_IDENTIFIERS, _check_identifier
        ),
        apparent_target=_text("apparent_target", values["apparent_target"]),
        files=_parts("files", values["files"], _FILE, MOST_FILES, _check_file),
        minor=_boolean("minor", values["minor"]),
        reporter=_text("reporter", values["reporter"]) or None,
    )


def _text(field: str, value: Any, *, needed: bool = False) -> str:
    if not isinstance(value, str):
        raise InvalidInput(field, "This is text.")
    if "\x00" in value:
        raise InvalidInput(field, "This holds a character that cannot be kept.")
    if needed and not without_unseen(value).strip():
        raise InvalidInput(field, "This is needed.")
    if len(value) > LONGEST[field]:
        raise InvalidInput(field, f"At most {LONGEST[field]} characters.")
    return value


def _one_of(field: str, value: Any, known: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in [str(each) for each in known]:
        raise InvalidInput(field, f"One of {', '.join(known)}.")
    return str(value)


def _boolean(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(field, "True or false.")
    return value


def _moment(field: str, value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise InvalidInput(field, "A time such as 2026-03-06T23:12:00-07:00.")
    if value.tzinfo is None:
        raise InvalidInput(field, "A time needs a zone: what the reader takes it for may be hours off.")
    if value < EARLIEST:
        raise InvalidInput(field, "This is before 1990.")
    if value > clock.now() + SKEW:
        raise InvalidInput(field, "This is in the future.")
    return value


def _zone(value: Any) -> str:
    if isinstance(value, str) and value in clock.zones():
        return value
    raise InvalidInput("content_zone", "The zone's name, as in America/Denver.")


def _score(value: Any) -> Decimal | None:
    if value is None:
        return None
    try:
        score = Decimal(str(value)) if not isinstance(value, bool) else None
    except InvalidOperation:
        score = None
    if score is None or not score.is_finite() or not 0 <= score <= 1:
        raise InvalidInput("score", "A number from 0 to 1.")
    return score.quantize(Decimal("0.0001"))


def _parts(
    field: str,
    value: Any,
    shape: Mapping[str, bool],
    most: int,
    check_one: Callable[[str, dict[str, str]], None],
) -> list[dict[str, str]]:
    if not isinstance(value, list | tuple):
        raise InvalidInput(field, "This is a list.")
    if len(value) > most:
        raise InvalidInput(field, f"At most {most}.")
    return [_part(f"{field}.{number}", each, shape, check_one) for number, each in enumerate(value)]


def _part(
    path: str, value: Any, shape: Mapping[str, bool], check_one: Callable[[str, dict[str, str]], None]
) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise InvalidInput(path, "This is an object.")
    for name in value:
        if name not in shape:
            raise InvalidInput(f"{path}.{name}", "There is no such field.")
    for name, needed in shape.items():
        text = value.get(name, "")
        if not isinstance(text, str) or len(text) > _LONGEST_PART or "\x00" in text:
            raise InvalidInput(f"{path}.{name}", f"Text of at most {_LONGEST_PART} characters.")
        if needed and not text.strip():
            raise InvalidInput(f"{path}.{name}", "This is needed.")
    part = {name: str(text) for name, text in value.items()}
    check_one(path, part)
    return part


def _check_identifier(path: str, part: dict[str, str]) -> None:
    _one_of(f"{path}.provenance", part["provenance"], PROVENANCE)
    if "verified_at" in part:
        _check_verified(f"{path}.verified_at", part["verified_at"])


def _check_verified(field: str, value: str) -> None:
    """Refuse what is no day or time: a verified address joins cases, and "no" would be taken for a yes."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise InvalidInput(field, "A day or a time such as 2026-03-06T23:12:00-07:00.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not EARLIEST <= moment <= clock.now() + timedelta(days=1):
        raise InvalidInput(field, "This is before 1990 or in the future.")


def _check_file(path: str, part: dict[str, str]) -> None:
    if not _SHA256.fullmatch(part["sha256"]):
        raise InvalidInput(f"{path}.sha256", "64 hexadecimal digits in lower case.")
