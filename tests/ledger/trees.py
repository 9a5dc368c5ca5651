"""What the tests of the tree share."""

from coordination.ledger import sequencing, services
from coordination.ledger.models import Leaf


def grow(count: int, *, sequence: bool = True) -> list[Leaf]:
    """Record `count` entries, and give them their places in the tree."""
    leaves = services.record_many(
        services.entry("tests.done", subject=f"T-{number}", by=None) for number in range(count)
    )
    if sequence:
        sequencing.sequence_all()
    return leaves
