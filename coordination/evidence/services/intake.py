"""Taking in: content streams through the sealing into the store; the record follows, or nothing stays."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import IO

from django.conf import settings
from django.db import IntegrityError, transaction
from psycopg.errors import DiskFull

from coordination.access.services import User
from coordination.core import clock, identifiers
from coordination.core.errors import InvalidInput, NotFound
from coordination.evidence import doors, sealed, sniffing
from coordination.evidence.errors import StoreFailed
from coordination.evidence.models import Exhibit, Keeping
from coordination.evidence.scanning import Scanner
from coordination.evidence.services import custody, store
from coordination.evidence.services.words import name_of_file, said
from coordination.evidence.transcripts import Checker
from coordination.evidence.workflow import QUARANTINE, CustodyAct, ExhibitKind, Scan
from coordination.ledger import services as ledger

TAKE_IN = "take_in_exhibit"


def take_in(
    case_reference: str,
    *,
    by: User | None,
    content: IO[bytes],
    filename: str,
    why: str,
    what: str = "",
    source: str = "",
    kind: ExhibitKind = ExhibitKind.ORIGINAL,
    made_from: Exhibit | None = None,
) -> tuple[Exhibit, bool]:
    """Take content into a case; return its exhibit, and whether it is a new one.

    `content` is read to its end in pieces and never held whole. The same content is one exhibit of a case:
    the one that is there is returned. Raises InvalidInput naming `filename`, `why`, … or, for a transcript,
    the line and its field; StoreFailed where it cannot be kept. Not for the inside of a transaction that may
    be undone: the object is written first.
    """
    custody.require(by, case_reference, TAKE_IN)
    if not doors.cases().exists(case_reference):
        raise NotFound
    words = {
        "filename": name_of_file(filename),
        "what": said("what", what, needed=False),
        "source": said("source", source, needed=False),
    }
    said("why", why)
    exhibit = Exhibit(
        reference=identifiers.reference("X"),
        case_reference=case_reference,
        kind=kind,
        blob=uuid.uuid4(),
        made_from=made_from,
        taken_in_by=by,
    )
    key = sealed.new_key()
    checked = Checker() if kind == ExhibitKind.TRANSCRIPT else None
    scan = _store(exhibit, content, key=key, also=checked.feed if checked else None)
    try:
        if checked:
            exhibit.media_type = "application/jsonl"
            checked.finish()
        exhibit.words = sealed.seal_words(
            json.dumps(words).encode(), key=key, record=store.record_of(exhibit)
        )
        return _insert(exhibit, key=key, scan=scan, by=by, why=why)
    except BaseException as error:
        store.take_away(exhibit.blob)
        if isinstance(error.__cause__, DiskFull):
            store.alarm("The database has no room left")
            raise StoreFailed from error
        raise


def import_transcript(
    case_reference: str,
    *,
    by: User | None,
    content: IO[bytes],
    filename: str,
    why: str,
    what: str = "",
    source: str = "",
) -> tuple[Exhibit, bool]:
    """Take in a conversation as JSON Lines (coordination.evidence.transcripts), to be cited by its lines."""
    return take_in(
        case_reference,
        by=by,
        content=content,
        filename=filename,
        why=why,
        what=what,
        source=source,
        kind=ExhibitKind.TRANSCRIPT,
    )


def _store(exhibit: Exhibit, content: IO[bytes], *, key: bytes, also: Callable[[bytes], None] | None) -> Scan:
    scanner = Scanner()

    def feed(piece: bytes) -> None:
        scanner.feed(piece)
        if also:
            also(piece)

    sealing = sealed.Sealing(content, key=key, record=store.record_of(exhibit), feed=feed)
    store.put(exhibit.blob, sealing)
    exhibit.sha256, exhibit.size = sealing.sha256, sealing.size
    exhibit.media_type = sniffing.media_type(sealing.head, size=sealing.size)
    if not sealing.size:
        raise _empty(exhibit)
    return scanner.verdict()


def _empty(exhibit: Exhibit) -> InvalidInput:
    store.take_away(exhibit.blob)
    return InvalidInput("content", "There is nothing in this file.")


def _insert(exhibit: Exhibit, *, key: bytes, scan: Scan, by: User | None, why: str) -> tuple[Exhibit, bool]:
    now = clock.now()
    try:
        with transaction.atomic():
            exhibit.taken_in_at = now
            exhibit.save(force_insert=True)
            Keeping.objects.create(
                exhibit=exhibit,
                case_reference=exhibit.case_reference,
                sha256=exhibit.sha256,
                key=key,
                keep_until=now + timedelta(days=settings.EVIDENCE_KEEP_DAYS),
                scan=scan,
                scanned_at=None if scan == Scan.NOT_SCANNED else now,
            )
            custody.note(exhibit, CustodyAct.TAKEN_IN, by=by, why=why, details=_details(exhibit, scan))
            _tell(exhibit, scan, by=by)
    except IntegrityError:
        same = Keeping.objects.filter(case_reference=exhibit.case_reference, sha256=exhibit.sha256).first()
        if same is None:
            raise
        store.take_away(exhibit.blob)
        return same.exhibit, False
    return exhibit, True


def _details(exhibit: Exhibit, scan: Scan) -> dict[str, ledger.Value]:
    details: dict[str, ledger.Value] = {
        "kind": exhibit.kind,
        "media_type": exhibit.media_type,
        "size_bytes": exhibit.size,
        "words_sha256": ledger.digest(bytes(exhibit.words)),
        "scan": scan,
    }
    if exhibit.made_from is not None:
        details["made_from"] = exhibit.made_from.reference
    return details


def _tell(exhibit: Exhibit, scan: Scan, *, by: User | None) -> None:
    title = f"Exhibit {exhibit.reference} was taken in"
    if scan in QUARANTINE:
        title += ": it is in quarantine"
    doors.cases().tell(
        exhibit.case_reference, kind="exhibit", title=title, about=f"evidence.exhibit:{exhibit.pk}", by=by
    )
