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
    return _signing(origin(), tuple(settings.LEDGER_SIGNING_KEYS))


def verifying() -> list[VerifierKey]:
    """Return every key that a checkpoint of ours may be signed with: those that sign, and those that did."""
    return list(dict.fromkeys([*(key.verifier for key in signing()), *retired()]))


def retired() -> list[VerifierKey]:
    """Return the public keys of what signed before; raise ImproperlyConfigured for what is none."""
    try:
        return [VerifierKey.parse(text) for text in settings.LEDGER_VERIFIER_KEYS]
    except NoteBroken as error:
        raise ImproperlyConfigured(f"LEDGER_VERIFIER_KEYS: {error}") from error


def private() -> list[Ed25519PrivateKey]:
    """Return the private keys, the current one first; raise ImproperlyConfigured for none."""
    return _private(tuple(settings.LEDGER_SIGNING_KEYS))


def origin() -> str:
    """Return the name under which the ledger is signed; raise ImproperlyConfigured where it is no name."""
    name = str(settings.LEDGER_ORIGIN)
    if not name or any(each.isspace() or each == "+" for each in name):
        raise ImproperlyConfigured("LEDGER_ORIGIN is a name such as platform.com/ledger, without space or +.")
    return name


@lru_cache(maxsize=8)
def _signing(name: str, encoded: tuple[str, ...]) -> tuple[SigningKey, ...]:
    return tuple(SigningKey(name, each) for each in _private(encoded))


def _private(encoded: tuple[str, ...]) -> list[Ed25519PrivateKey]:
    if not encoded:
        raise ImproperlyConfigured("LEDGER_SIGNING_KEYS holds no key; no checkpoint can be signed.")
    return [Ed25519PrivateKey.from_private_bytes(_decode(each)) for each in encoded]


def _decode(encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != HASH_BYTES:
        raise ImproperlyConfigured(f"LEDGER_SIGNING_KEYS: a key is {HASH_BYTES} bytes in base64.")
    return key
