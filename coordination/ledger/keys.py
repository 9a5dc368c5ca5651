"""The keys that sign checkpoints and those by which they are checked, from the settings."""

import base64
import binascii
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from coordination.ledger.merkle import HASH_BYTES
from coordination.ledger.notes import NoteBroken, SigningKey, VerifierKey


def signing() -> tuple[SigningKey, ...]:
    """Return the keys that sign each checkpoint, the current one first; raise ImproperlyConfigured for none.

    During a change-over two sign, so that whoever knows only one of them can check.
    """
    return _signing(settings.LEDGER_ORIGIN, tuple(settings.LEDGER_SIGNING_KEYS))


def verifying() -> list[VerifierKey]:
    """Return every key that a checkpoint of ours may be signed with: those that sign, and those that did."""
    try:
        retired = [VerifierKey.parse(text) for text in settings.LEDGER_VERIFIER_KEYS]
    except NoteBroken as error:
        raise ImproperlyConfigured(f"LEDGER_VERIFIER_KEYS: {error}") from error
    return list(dict.fromkeys([*(key.verifier for key in signing()), *retired]))


@lru_cache(maxsize=8)
def _signing(origin: str, encoded: tuple[str, ...]) -> tuple[SigningKey, ...]:
    if not origin or any(each.isspace() or each == "+" for each in origin):
        raise ImproperlyConfigured("LEDGER_ORIGIN is a name such as platform.com/ledger, without space or +.")
    if not encoded:
        raise ImproperlyConfigured("LEDGER_SIGNING_KEYS holds no key; no checkpoint can be signed.")
    return tuple(SigningKey(origin, Ed25519PrivateKey.from_private_bytes(_decode(each))) for each in encoded)


def _decode(encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != HASH_BYTES:
        raise ImproperlyConfigured(f"LEDGER_SIGNING_KEYS: a key is {HASH_BYTES} bytes in base64.")
    return key
