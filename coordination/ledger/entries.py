"""What an entry may hold, and its canonical bytes. Identifiers and digests, so that data can expire."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeAlias

from coordination.core import identifiers
from coordination.core.errors import InvalidInput

Value: TypeAlias = "str | int | bool | Sequence[Value] | Mapping[str, Value] | None"

SYSTEM = "system"
VERSION = 1
LONGEST_VALUE = 500
# JSON numbers beyond this are not exact everywhere (RFC 8785 section 3.2.2.3).
LARGEST_INTEGER = 2**53 - 1

_ACTION = re.compile(r"[a-z][a-z_]*\.[a-z][a-z_]*")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")

# What a subject names where the record has no reference of its own: `message:01981c6e-…`. Nothing is recorded
# under another kind, nor under a bare id: entries about one record are found by one name.
KINDS: Final[Mapping[str, str]] = {
    "address": "an address outside that was refused, as a keyed digest; `address:any` for all together",
    "agency": "an agency",
    "casecompartment": "a compartment of a case",
    "criteria": "a version of the triage criteria",
    "criteriaproposal": "a proposed change of the triage criteria",
    "demo": "a case of the demonstration",
    "destination": "a destination of an agency",
    "directoryimport": "a list of agencies that was taken in",
    "hold": "a legal hold",
    "inboundmessage": "what a partner sent",
    "index-key": "the key of the blind indexes",
    "ledger-review": "the review of a week of the ledger, by its Monday",
    "message": "a message to a destination",
    "pack": "a policy pack and its version",
    "page": "somebody who was asked for",
    "partners.callback": "a call to an agency; what came of it is under the agency",
    "partners.contactchange": "a change of a contact; what was done is under the agency",
    "restrictions.preservation": "a preservation by the platform itself; what was done is under its case",
    "restrictions.restriction": "a restriction on an account; what was done is under its case",
    "rolechange": "a proposal about a person's access",
    "schedule": "a schedule of who is on call",
    "sealing-key": "a key that seals columns",
    "sign-in": "a user name that nobody has, as a keyed digest",
    "task": "a task that belongs to no case",
    "triage.flag": "a safety flag",
    "user": "a person",
}
# A reference (core.identifiers) begins with a capital letter and a hyphen.
_SUBJECT = re.compile(rf"(?:[A-Z]-|(?:{'|'.join(map(re.escape, KINDS))}):)[A-Za-z0-9._:/-]+")
LONGEST_SUBJECT = 120

# A key with one of these words names what a person said or where they are. Its digest may go in under the
# same key with one of the endings below: `reason` is refused, `reason_digest` is not.
PERSONAL = frozenset(
    {
        *("address", "addresses", "email", "emails", "ip", "latitude", "longitude", "mail"),
        *("phone", "phones", "telephone"),
        *("alias", "birth", "name", "names", "username"),
        *("password", "secret", "token"),
        *("body", "comment", "comments", "content", "contents", "description", "note", "notes"),
        *("reason", "reasons", "summary", "text", "title"),
    }
)
HARMLESS_ENDINGS = frozenset(
    {"bytes", "code", "count", "digest", "hash", "id", "ids", "kind", "sha256", "type", "version"}
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing to record. `by` is a user's primary key, or None for the system itself."""

    action: str
    subject: str
    by: int | None
    at: datetime
    details: Mapping[str, Value] = field(default_factory=dict)

    def canonical(self) -> bytes:
        """Return the RFC 8785 bytes under a fresh id, or raise InvalidInput naming what cannot go in."""
        if not _ACTION.fullmatch(self.action) or len(self.action) > 80:  # noqa: PLR2004 - the column's length
            raise InvalidInput("action", "An action reads <slice>.<verb in the past tense>.")
        if not _SUBJECT.fullmatch(self.subject) or len(self.subject) > LONGEST_SUBJECT:
            raise InvalidInput(
                "subject",
                f"A subject is a record's reference or kind:id (ledger/entries.py has the kinds), at most"
                f" {LONGEST_SUBJECT} characters.",
            )
        if self.at.tzinfo is None:
            raise InvalidInput("at", "A time needs a zone.")
        _check(self.details, "details")
        return _canonical(
            {
                "v": VERSION,
                "id": str(identifiers.uuid7()),
                "action": self.action,
                "subject": self.subject,
                "by": SYSTEM if self.by is None else self.by,
                "at": timestamp(self.at),
                "details": self.details,
            }
        )


def kinds_as_markdown() -> str:
    """Return the table of kinds as docs/ledger.md shows it."""
    lines = ["| Kind | Names |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{kind}:` | {names} |" for kind, names in KINDS.items())])


def _canonical(entry: Mapping[str, Value]) -> bytes:
    """Return the RFC 8785 bytes of a checked entry, by the C encoder: twenty times as fast.

    They are the same bytes for what `_check` lets in: ASCII keys (so that the order of code points is that of
    UTF-16), whole numbers below 2 to the power of 53, no float. The tests compare the two encoders.
    """
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def timestamp(moment: datetime) -> str:
    """Return RFC 3339 in UTC with hundredths of a second: 2026-03-06T22:12:00.07Z."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 10_000:02d}Z"


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 || entry), RFC 9162 section 2.1.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def digest(data: bytes | str) -> str:
    """Return `sha256:<hex>` of bytes, or of text as UTF-8: how an entry points at what it must not hold."""
    return "sha256:" + hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def _check(value: object, path: str) -> None:
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _check_key(key, path)
            _check(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner, path)
    elif isinstance(value, int):  # bool too
        if abs(value) > LARGEST_INTEGER:
            raise InvalidInput(path, "A whole number in an entry stays below 2 to the power of 53.")
    elif value is not None:
        raise InvalidInput(
            path, f"An entry holds text, whole numbers, booleans, lists and maps, not {type(value).__name__}."
        )


def _check_text(value: str, path: str) -> None:
    if len(value) > LONGEST_VALUE:
        raise InvalidInput(
            path, f"A value in an entry has at most {LONGEST_VALUE} characters; record a digest."
        )
    if "@" in value:
        raise InvalidInput(path, "An entry holds identifiers and digests, not addresses.")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidInput(path, "A value in an entry is valid Unicode.") from None


@lru_cache(maxsize=1024)
def _is_good_key(key: object) -> bool:
    """Tell whether a key may stand in an entry. The project's keys are few, its entries many."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        return False
    words = key.split("_")
    return not PERSONAL.intersection(words) or words[-1] in HARMLESS_ENDINGS


def _check_key(key: object, path: str) -> None:
    if _is_good_key(key):
        return
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidInput(path, "A key in an entry is lower case letters, digits and underscores.")
    raise InvalidInput(
        f"{path}.{key}",
        f"An entry holds identifiers and digests: record {key}_digest instead of {key}.",
    )
