"""Standard Webhooks signatures, which the kit puts around frozen content at send; S/MIME is in smime.py.

Standard Webhooks 1.0: `v1` is HMAC-SHA256 under a `whsec_` key, `v1a` is Ed25519 under a `whsk_` key,
verified with `whpk_`. Several keys, parted by white space, sign and verify beside each other, so that a key
can be changed with an overlap: put the new one first, and take the old one away when the other side has the
new one.
"""

import binascii
import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from coordination.channels.channel import InauthenticInbound
from coordination.channels.receipts import PermanentFailure

TOLERANCE_SECONDS: Final = 300
IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
TIMESTAMP: Final = re.compile(r"[0-9]{1,11}")
MOST_SIGNATURES: Final = 20


class BadKey(PermanentFailure):
    """A key has none of the forms whsec_…, whsk_… or whpk_…, or has the wrong length."""


def sign_webhook(message_id: str, moment: datetime, body: bytes, keys: str) -> dict[str, str]:
    """Return the three headers of Standard Webhooks, with one signature for each key. Raises BadKey."""
    if not IDENTIFIER.fullmatch(message_id):
        raise BadKey("a message id is letters, digits, dashes and underscores")
    timestamp = str(int(moment.timestamp()))
    content = _signed_content(message_id, timestamp, body)
    signatures = [_sign(content, *_key(each)) for each in _split(keys)]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def verify_webhook(
    body: bytes,
    headers: Mapping[str, str],
    keys: str,
    *,
    now: datetime | None = None,
    tolerance: int = TOLERANCE_SECONDS,
) -> str:
    """Return the webhook-id if one of the keys signed this within the tolerance.

    Raises InauthenticInbound and BadKey. A key is tried only with signatures of its own kind, so a public
    key is never taken for a shared secret.
    """
    message_id = _only(headers, "webhook-id", IDENTIFIER)
    timestamp = _only(headers, "webhook-timestamp", TIMESTAMP)
    signatures = _only(headers, "webhook-signature", re.compile(r"[\x21-\x7e ]{1,4096}")).split(" ")
    age = (now or datetime.now(UTC)).timestamp() - int(timestamp)
    content = _signed_content(message_id, timestamp, body)
    parsed = [_key(each) for each in _split(keys)]
    # Every pair is tried, and the time looked at last: how long this takes says nothing about what was wrong.
    matches = [_matches(content, each, *key) for each in signatures[:MOST_SIGNATURES] for key in parsed]
    if not any(matches):
        raise InauthenticInbound("no signature holds")
    if abs(age) > tolerance:
        raise InauthenticInbound("too old, or from the future")
    return message_id


def _split(keys: str) -> list[str]:
    found = keys.split()
    if not found:
        raise BadKey("there is no key")
    return found


def _key(text: str) -> tuple[str, bytes]:
    kind, _, encoded = text.partition("_")
    try:
        raw = b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadKey("a key is base64 after its prefix") from error
    sizes = {"whsec": range(24, 65), "whsk": (32, 64), "whpk": (32,)}
    if len(raw) not in sizes.get(kind, ()):
        raise BadKey
    return kind, raw


def _sign(content: bytes, kind: str, raw: bytes) -> str:
    if kind == "whsec":
        return "v1," + b64encode(hmac.digest(raw, content, hashlib.sha256)).decode()
    if kind == "whsk":
        signature = Ed25519PrivateKey.from_private_bytes(raw[:32]).sign(content)
        return "v1a," + b64encode(signature).decode()
    raise BadKey("a public key signs nothing")


def _matches(content: bytes, signature: str, kind: str, raw: bytes) -> bool:
    version, _, encoded = signature.partition(",")
    if version == "v1" and kind == "whsec":
        return hmac.compare_digest(_sign(content, kind, raw), signature)
    if version != "v1a" or kind == "whsec":
        return False
    private = kind == "whsk"
    public = (
        Ed25519PrivateKey.from_private_bytes(raw[:32]).public_key()
        if private
        else Ed25519PublicKey.from_public_bytes(raw)
    )
    try:
        public.verify(b64decode(encoded, validate=True), content)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _signed_content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode() + body


def _only(headers: Mapping[str, str], name: str, form: re.Pattern[str]) -> str:
    values = [value for key, value in headers.items() if key.lower() == name]
    if len(values) != 1 or not form.fullmatch(values[0]):
        raise InauthenticInbound(f"{name} is missing, doubled or malformed")
    return values[0]
