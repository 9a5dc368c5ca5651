"""The verbs of evidence. Every act of custody is an event, and an entry in the ledger."""

from coordination.evidence.errors import ExhibitBroken, StoreFailed
from coordination.evidence.models import CustodyEvent, Exhibit, Hold, Package
from coordination.evidence.services.copies import add_redacted, strip_metadata
from coordination.evidence.services.intake import import_transcript, take_in
from coordination.evidence.services.packages import (
    ask_package,
    begin_package,
    fail_interrupted,
    fail_package,
    finish_package,
    forget_packages,
    make_package_again,
    open_package,
    package_content,
    tell_package,
)
from coordination.evidence.services.quarantine import rescan
from coordination.evidence.services.reading import (
    SAY_WHY,
    begin_view,
    content,
    copy_out,
    read_lines,
    release,
    reverify,
    said_why,
    search_lines,
    view,
    viewed,
    viewed_lines,
    words,
)
from coordination.evidence.services.retention import erase, expire, keep_until, lift_hold, place_hold
from coordination.evidence.services.store import sweep

__all__ = [
    "SAY_WHY",
    "CustodyEvent",
    "Exhibit",
    "ExhibitBroken",
    "Hold",
    "Package",
    "StoreFailed",
    "add_redacted",
    "ask_package",
    "begin_package",
    "begin_view",
    "content",
    "copy_out",
    "erase",
    "expire",
    "fail_interrupted",
    "fail_package",
    "finish_package",
    "forget_packages",
    "import_transcript",
    "keep_until",
    "lift_hold",
    "make_package_again",
    "open_package",
    "package_content",
    "place_hold",
    "read_lines",
    "release",
    "rescan",
    "reverify",
    "said_why",
    "search_lines",
    "strip_metadata",
    "sweep",
    "take_in",
    "tell_package",
    "view",
    "viewed",
    "viewed_lines",
    "words",
]
