"""A partner's words made fit to be stored: one receipt must not fail the record of all."""

import re
from typing import Final

from coordination.channels.receipts import Receipt
from coordination.core import clock

LONGEST_REFERENCE: Final = 120
LONGEST_DETAIL: Final = 500
LARGEST_PROOF: Final = 64 * 1024
LARGEST_SEQUENCE: Final = 2**63 - 1
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


def storable(receipt: Receipt) -> Receipt:
    """Return the receipt at a time that can be, its texts cut and without what PostgreSQL does not take."""
    return Receipt(
        message_id=receipt.message_id,
        level=receipt.level,
        occurred_at=receipt.occurred_at if clock.is_plausible(receipt.occurred_at) else clock.now(),
        sequence=max(min(receipt.sequence, LARGEST_SEQUENCE), -LARGEST_SEQUENCE),
        reference=text(receipt.reference, LONGEST_REFERENCE),
        detail=text(receipt.detail, LONGEST_DETAIL),
        proof=receipt.proof[:LARGEST_PROOF],
        wire_digest=receipt.wire_digest if DIGEST.fullmatch(receipt.wire_digest) else "",
    )


def text(value: str, longest: int) -> str:
    """Return text without NUL and lone surrogates, at most `longest` characters."""
    return value.replace("\x00", "").encode(errors="replace").decode()[:longest]
