"""The verbs of evidence. Every act of custody is an event, and an entry in the ledger."""

from coordination.evidence.errors import ExhibitBroken, StoreFailed
from coordination.evidence.models import CustodyEvent, Exhibit, Hold
from coordination.evidence.services.copies import add_redacted, strip_metadata
from coordination.evidence.services.intake import import_transcript, take_in
from coordination.evidence.services.quarantine import rescan
from coordination.evidence.services.reading import (
    begin_view,
    content,
    copy_out,
    read_lines,
    release,
    reverify,
    search_lines,
    view,
    viewed,
    viewed_lines,
    words,
)
from coordination.evidence.services.retention import erase, expire, keep_until, lift_hold, place_hold
from coordination.evidence.services.store import sweep

__all__ = [
    "CustodyEvent",
    "Exhibit",
    "ExhibitBroken",
    "Hold",
    "StoreFailed",
    "add_redacted",
    "begin_view",
    "content",
    "copy_out",
    "erase",
    "expire",
    "import_transcript",
    "keep_until",
    "lift_hold",
    "place_hold",
    "read_lines",
    "release",
    "rescan",
    "reverify",
    "search_lines",
    "strip_metadata",
    "sweep",
    "take_in",
    "view",
    "viewed",
    "viewed_lines",
    "words",
]
