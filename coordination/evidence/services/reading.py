"""Opening what is sealed: only with a reason, and only once the custody event stands."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from django.db import transaction

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import NotFound, Refused
from coordination.evidence import selectors, transcripts
from coordination.evidence.errors import ExhibitBroken
from coordination.evidence.models import CustodyEvent, Exhibit
from coordination.evidence.services import custody, store
from coordination.evidence.workflow import QUARANTINE, CustodyAct, ExhibitKind
from coordination.ledger import services as ledger

READ = "read_exhibit"
RELEASE = "release_exhibit"
MOST_FOUND = 500
# So long a reason that somebody gave lets them look again: at the pages of one transcript, say.
VIEW_LASTS = timedelta(minutes=10)
SAY_WHY = "evidence.say-why"  # the rule by which nobody looks without a reason


def view(exhibit: Exhibit, *, by: User, why: str) -> Iterator[bytes]:
    """Return the content in pieces for a person to look at; the custody event is written first.

    Raises Refused where the exhibit has expired or is in quarantine, and ExhibitBroken while reading where it
    is not what was taken in.
    """
    custody.require(by, exhibit.case_reference, READ, work=False)
    return _noted(exhibit, CustodyAct.VIEWED, by=by, why=why)


@transaction.atomic
def begin_view(exhibit: Exhibit, *, by: User, why: str) -> CustodyEvent:
    """Record why a person looks at an exhibit; `viewed` shows it to them for VIEW_LASTS."""
    custody.require(by, exhibit.case_reference, READ, work=False)
    store.lock(exhibit)
    _require_open(exhibit)
    return custody.note(exhibit, CustodyAct.VIEWED, by=by, why=why)


def said_why(exhibit: Exhibit, *, by: User) -> bool:
    """Tell whether a person said within VIEW_LASTS why they look at an exhibit."""
    since = clock.now() - VIEW_LASTS
    return selectors.custody_of(exhibit).filter(act=CustodyAct.VIEWED, by=by, at__gt=since).exists()


def viewed(exhibit: Exhibit, *, by: User) -> Iterator[bytes]:
    """Return the content to who said why within VIEW_LASTS; raise Refused otherwise.

    Nor is it shown while a new entry could not be written (LedgerUnwritable).
    """
    custody.require(by, exhibit.case_reference, READ, work=False)
    if not said_why(exhibit, by=by):
        raise Refused("Say first why you look at this exhibit.", rule=SAY_WHY)
    with transaction.atomic():
        ledger.require_writable()
    _require_open(exhibit)
    return store.content_of(exhibit)


def viewed_lines(exhibit: Exhibit, *, by: User, words: str = "") -> Iterator[transcripts.Line]:
    """Return the lines of a transcript that hold all of `words`, to who said why; else as `viewed`."""
    if exhibit.kind != ExhibitKind.TRANSCRIPT:
        raise NotFound
    return _holding(transcripts.lines(viewed(exhibit, by=by)), words)


def copy_out(exhibit: Exhibit, *, by: User | None, why: str) -> Iterator[bytes]:
    """Return the content in pieces for a copy that leaves the store: to work on, or to make another from."""
    custody.require(by, exhibit.case_reference, READ)
    return _noted(exhibit, CustodyAct.COPIED, by=by, why=why)


def read_lines(exhibit: Exhibit, *, by: User, why: str) -> Iterator[transcripts.Line]:
    """Return the lines of a transcript; raise NotFound for an exhibit that is none."""
    if exhibit.kind != ExhibitKind.TRANSCRIPT:
        raise NotFound
    return transcripts.lines(view(exhibit, by=by, why=why))


def search_lines(exhibit: Exhibit, words: str, *, by: User, why: str) -> list[transcripts.Line]:
    """Return the lines of a transcript that hold all of `words`, whatever their case, up to MOST_FOUND."""
    return list(islice(_holding(read_lines(exhibit, by=by, why=why), words), MOST_FOUND))


def reverify(exhibit: Exhibit, *, by: User | None, why: str) -> CustodyEvent:
    """Read the whole of an exhibit again and record that it is what was taken in.

    Where it is not, that goes into the ledger and ExhibitBroken is raised, naming the exhibit.
    """
    custody.require(by, exhibit.case_reference, "view_exhibit", work=False)
    try:
        for _ in store.content_of(exhibit):
            pass
    except ExhibitBroken:
        with transaction.atomic():
            details: dict[str, ledger.Value] = {"case": exhibit.case_reference, "sha256": exhibit.sha256}
            ledger.record("evidence.found_broken", subject=exhibit.reference, by=by, details=details)
        raise
    with transaction.atomic():
        store.lock(exhibit)
        store.key_of(exhibit)
        return custody.note(exhibit, CustodyAct.REVERIFIED, by=by, why=why)


@transaction.atomic
def release(
    case_reference: str, *, references: list[str], by: User | None, recipient: str, why: str
) -> list[tuple[Exhibit, CustodyEvent]]:
    """Record that exhibits of one case go to a recipient, before they do; return them, oldest first.

    Raises Refused, whoever asks, where one is of another case, has expired or is in quarantine.
    """
    custody.require(by, case_reference, RELEASE)
    found = {each.reference: each for each in selectors.by_references(references)}
    store.lock(*found.values())
    for reference in references:
        exhibit = found.get(reference)
        if exhibit is None or exhibit.case_reference != case_reference:
            raise Refused(
                f"{reference} is no exhibit of case {case_reference}.", rule="evidence.of-another-case"
            )
        _require_open(exhibit)
    return [
        (each, custody.note(each, CustodyAct.RELEASED, by=by, why=why, recipient=recipient))
        for each in found.values()
    ]


def content(exhibit: Exhibit) -> Iterator[bytes]:
    """Return the content of an exhibit whose release was recorded, in pieces, for its package."""
    _require_open(exhibit)
    return store.content_of(exhibit)


def words(exhibit: Exhibit) -> dict[str, str]:
    """Return the `filename`, `what` and `source` of an exhibit; empty once it has expired."""
    return store.words_of(exhibit)


def _holding(lines: Iterator[transcripts.Line], words: str) -> Iterator[transcripts.Line]:
    wanted = words.casefold().split()
    for line in lines:
        text = f"{line.speaker} {line.text} {' '.join(each.name for each in line.attachments)}".casefold()
        if all(each in text for each in wanted):
            yield line


def _noted(exhibit: Exhibit, act: CustodyAct, *, by: User | None, why: str) -> Iterator[bytes]:
    with transaction.atomic():
        store.lock(exhibit)
        _require_open(exhibit)
        custody.note(exhibit, act, by=by, why=why)
    return store.content_of(exhibit)


def _require_open(exhibit: Exhibit) -> None:
    store.key_of(exhibit)
    keeping = store.keeping_of(exhibit)
    if keeping is not None and keeping.scan in QUARANTINE:
        raise Refused(
            f"Exhibit {exhibit.reference} is in quarantine: the scanner found something, or did not answer.",
            rule="evidence.quarantine",
        )
