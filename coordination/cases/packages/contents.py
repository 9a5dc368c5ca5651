"""What a package says of its exhibits and their custody, as plain values for every form it takes."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from coordination.cases.packages.naming import Name
from coordination.evidence import selectors as evidence
from coordination.evidence import services
from coordination.evidence.services import CustodyEvent, Exhibit
from coordination.ledger import services as ledger

ENDINGS = {
    "application/jsonl": ".jsonl",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "audio/mpeg": ".mp3",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "text/plain": ".txt",
    "video/mp4": ".mp4",
}


@dataclass(frozen=True, kw_only=True)
class Item:
    """One exhibit of a package, and under which path it lies."""

    reference: str
    path: str
    kind: str
    sha256: str
    size: int
    media_type: str
    filename: str
    what: str
    source: str
    made_from: str
    taken_in_at: datetime


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of the custody schedule.

    `leaf` is the hash of its ledger entry, `salt` the key of the digests in it, both hex. `by` is a person as
    the package names people (coordination.cases.packages.naming).
    """

    line: int
    exhibit: str
    act: str
    at: str
    by: str
    why: str
    recipient: str
    leaf: str
    salt: str

    @property
    def done(self) -> str:
        """The act in words."""
        return self.act.replace("_", " ").replace("reverified", "verified again")


def item_of(exhibit: Exhibit) -> Item:
    """Return an exhibit as a package shows it."""
    return Item(
        reference=exhibit.reference,
        path=f"exhibits/{exhibit.reference}{ENDINGS.get(exhibit.media_type, '.bin')}",
        kind=exhibit.kind,
        sha256=exhibit.sha256,
        size=exhibit.size,
        media_type=exhibit.media_type,
        made_from=exhibit.made_from.reference if exhibit.made_from else "",
        taken_in_at=exhibit.taken_in_at,
        **services.words(exhibit),
    )


def custody(exhibits: Iterable[Exhibit], *, name: Name) -> Iterator[tuple[Event, CustodyEvent]]:
    """Yield the custody of exhibits, exhibit by exhibit, each line beside its record."""
    line = 0
    for exhibit in exhibits:
        for each in evidence.custody_of(exhibit).iterator(chunk_size=500):
            line += 1
            yield _event(line, exhibit, each, name), each


def as_json_line(event: Event) -> bytes:
    """Return a line of custody.jsonl."""
    said = asdict(event)
    return json.dumps(said, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _event(line: int, exhibit: Exhibit, each: CustodyEvent, name: Name) -> Event:
    return Event(
        line=line,
        exhibit=exhibit.reference,
        act=each.act,
        at=ledger.timestamp(each.at),
        by=name(each.by),
        why=each.why,
        recipient=each.recipient,
        leaf=bytes(each.entry.leaf_hash).hex(),
        salt=bytes(each.salt or b"").hex(),
    )


def as_json(value: object) -> bytes:
    """Return JSON for readers and machines."""
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True).encode() + b"\n"
