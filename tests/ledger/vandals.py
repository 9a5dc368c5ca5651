"""What the tests of the verification share."""

from coordination.ledger.findings import Finding, Outcome
from coordination.ledger.verifying import Kept, verify

# Two whole tiles and 188 entries, signed three times.
BATCHES = (300, 250, 150)
SIZE = sum(BATCHES)


def verified(*, against: bytes = b"") -> tuple[Outcome, list[Finding]]:
    """Verify; return how it ended and each finding."""
    found: list[Finding] = []
    kept = [Kept(name="kept.txt", note=against)] if against else []
    return verify(found=found.append, against=kept), found
