"""Sealing columns: AES-256-GCM under a key ring, and a keyed index for exact match. Fails closed.

A sealed value is bytes:  version (1) | length of the key id (1) | key id | nonce (12) | ciphertext and tag.
The associated data is `context`, so that a value moved elsewhere does not open. The context of a field is its
table, its column and the primary key of its row (coordination.core.fields).
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from coordination.core.errors import CoordinationError

VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 12
LONGEST_KEY_ID = 32


class SealBroken(CoordinationError):
    """A sealed value does not open: its key is not in the ring, or the value was changed or moved."""


@dataclass(frozen=True)
class KeyRing:
    """Keys by id. The first seals; all open, so that old values stay readable while they are re-sealed."""

    first: str
    ciphers: dict[str, AESGCM]

    def seal(self, plain: bytes, *, context: str) -> bytes:
        """Return `plain` sealed for `context`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        header = bytes([VERSION, len(self.first)]) + self.first.encode()
        body = self.ciphers[self.first].encrypt(nonce, plain, _associated(header, context))
        return header + nonce + body

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Return what was sealed, or raise SealBroken."""
        header, nonce, body = _split(sealed)
        cipher = self.ciphers.get(header[2:].decode(errors="replace"))
        if cipher is None:
            raise SealBroken("The key of a sealed value is not in the ring.")
        try:
            return cipher.decrypt(nonce, body, _associated(header, context))
        except (InvalidTag, ValueError) as error:
            raise SealBroken from error


def seal(plain: str, *, context: str) -> bytes:
    """Seal text for `context` under the first key of the ring."""
    return ring().seal(plain.encode(), context=context)


def unseal(sealed: bytes, *, context: str) -> str:
    """Open what `seal` made for the same `context`; raise SealBroken for anything else."""
    return ring().open(sealed, context=context).decode()


def context_of(table: str, column: str, row: object) -> str:
    """Return the context of one column of one row, which its primary key names."""
    return f"{table}.{column}:{row}"


def key_of(sealed: bytes) -> str:
    """Return the id of the key that sealed a value, for re-sealing after a rotation."""
    header, _, _ = _split(sealed)
    return header[2:].decode(errors="replace")


def blind_index(kind: str, value: str, *, as_is: bool = False) -> bytes:
    """Return HMAC-SHA-256 of `value` for exact match, apart for each `kind` ("email", "phone", …).

    Values are equal in NFKC, without case and without space around them, or `as_is` where every character
    counts. Equal values give equal bytes: an index shows who shares a value, never which. Not for free text.
    """
    return _indexed(_decode(settings.BLIND_INDEX_KEY, "BLIND_INDEX_KEY"), kind, value, as_is=as_is)


def blind_indexes(kind: str, value: str, *, as_is: bool = False) -> list[bytes]:
    """Return what a value may be indexed as, for looking it up: under the old key too while there is one.

    What is written is `blind_index` alone.
    """
    found = [blind_index(kind, value, as_is=as_is)]
    if settings.BLIND_INDEX_OLD_KEY:
        old = _decode(settings.BLIND_INDEX_OLD_KEY, "BLIND_INDEX_OLD_KEY")
        found.append(_indexed(old, kind, value, as_is=as_is))
    return found


def ring() -> KeyRing:
    """Return the key ring of settings.SEALING_KEYS; raise ImproperlyConfigured where it is not usable."""
    return _parse(tuple(settings.SEALING_KEYS))


def sealed_columns() -> Iterator[str]:
    """Yield table.column of every sealed column, sorted: the one list that docs/security.md shows."""
    from coordination.core.fields import SealedField

    names = {
        f"{model._meta.db_table}.{field.column}"  # noqa: SLF001 - Django's documented model API
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_concrete_fields  # noqa: SLF001
        if isinstance(field, SealedField)
    }
    yield from sorted(names)


def columns_as_markdown() -> str:
    """Return the list of sealed columns as docs/security.md shows it."""
    return "\n".join(f"- `{column}`" for column in sealed_columns())


def _associated(header: bytes, context: str) -> bytes:
    # The header has its own length inside, so the two cannot run into each other.
    return b"coordination sealed\x00" + header + context.encode()


def _split(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    key_id_length = int.from_bytes(sealed[1:2])
    if sealed[:1] != bytes([VERSION]) or len(sealed) <= 2 + key_id_length + NONCE_BYTES:
        raise SealBroken("A sealed value has an unknown form.")
    end = 2 + key_id_length
    return sealed[:end], sealed[end : end + NONCE_BYTES], sealed[end + NONCE_BYTES :]


@lru_cache(maxsize=4)
def _parse(entries: tuple[str, ...]) -> KeyRing:
    ciphers: dict[str, AESGCM] = {}
    for entry in entries:
        key_id, _, encoded = entry.partition(":")
        if not key_id.isascii() or not key_id.isalnum() or len(key_id) > LONGEST_KEY_ID or key_id in ciphers:
            raise ImproperlyConfigured(
                "SEALING_KEYS: each key reads id:base64, with ids of letters and digits."
            )
        ciphers[key_id] = AESGCM(_decode(encoded, "SEALING_KEYS"))
    if not ciphers:
        raise ImproperlyConfigured("SEALING_KEYS holds no key; sealed columns cannot be written or read.")
    return KeyRing(next(iter(ciphers)), ciphers)


def _indexed(key: bytes, kind: str, value: str, *, as_is: bool) -> bytes:
    normal = value if as_is else unicodedata.normalize("NFKC", value).strip().casefold()
    return hmac.digest(key, kind.encode() + b"\x00" + normal.encode(), hashlib.sha256)


def _decode(encoded: str, setting: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured(f"{setting}: a key is {KEY_BYTES} bytes in base64.")
    return key
