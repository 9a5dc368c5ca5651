"""Digests in the ledger of what a person wrote: nobody who has the entry alone finds the words by trying.

HMAC-SHA-256 (RFC 2104) under a key of 32 random bytes, a new one for each entry. The key is sealed beside the
words, and goes out with them in a package: whoever has both can check that they are those of the entry.
"""

import hashlib
import hmac
import secrets
from typing import Final

KEY_BYTES: Final = 32


def new_key() -> bytes:
    """Return a key for one entry."""
    return secrets.token_bytes(KEY_BYTES)


def digest(field: str, text: str, *, key: bytes) -> str:
    """Return `hmac-sha256:<hex>` of a text; each field of an entry has digests of its own."""
    said = field.encode() + b"\x00" + text.encode()
    return "hmac-sha256:" + hmac.digest(key, said, hashlib.sha256).hex()
