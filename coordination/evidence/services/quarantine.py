"""Scanning again what came in while the scanner did not answer."""

from django.db import transaction

from coordination.access.services import User
from coordination.core import clock
from coordination.evidence.models import Exhibit, Keeping
from coordination.evidence.scanning import Scanner
from coordination.evidence.services import custody, store
from coordination.evidence.workflow import Scan
from coordination.ledger import services as ledger


def rescan(exhibit: Exhibit, *, by: User | None) -> Scan:
    """Ask the scanner again and keep what it says; a scanner that is not set up changes nothing."""
    custody.require(by, exhibit.case_reference, "take_in_exhibit")
    scanner = Scanner()
    for piece in store.content_of(exhibit):
        scanner.feed(piece)
    verdict = scanner.verdict()
    if verdict != Scan.NOT_SCANNED:
        with transaction.atomic():
            keeping = Keeping.objects.select_for_update().get(exhibit=exhibit)
            keeping.scan, keeping.scanned_at = verdict, clock.now()
            keeping.save(update_fields=["scan", "scanned_at"])
            details: dict[str, ledger.Value] = {"scan": verdict}
            ledger.record("evidence.scanned", subject=exhibit.reference, by=by, details=details)
    return verdict
