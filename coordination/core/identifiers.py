"""Names for records: short references that people read aloud, and time-ordered ids that machines keep."""

import secrets
import time
import uuid

# Crockford's base 32: no I, L, O, U, so that a reference survives a bad telephone line.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_REFERENCE_LENGTH = 8
LONGEST_ROW = 18


def reference(prefix: str) -> str:
    """Return a random reference such as R-7F3K-9QWD. 40 random bits: nobody can count through them."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_REFERENCE_LENGTH))
    return f"{prefix}-{body[:4]}-{body[4:]}"


def uuid7() -> uuid.UUID:
    """Return a UUID version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, the rest random."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF000 << 64) | (0x7000 << 64)
    value = value & ~(0xC000 << 48) | (0x8000 << 48)
    return uuid.UUID(int=value)


def is_uuid(text: str) -> bool:
    """Tell whether text from outside is a UUID."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def is_row(text: str) -> bool:
    """Tell whether text from outside can be the number of a row: plain digits that fit a bigint."""
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_ROW
