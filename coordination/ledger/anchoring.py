"""Anchors: time stamps (RFC 3161) by which an authority outside says when a checkpoint was there.

An answer is kept only after it was checked as a court's expert would: the signature leads to a root that the
settings trust, and nonce, imprint and policy are those of what was asked. An answer that is not kept, and
none at all, leave a row that says why; the checkpoint stays unanchored until the authority gives a good one.
"""

import hashlib
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from rfc3161_client import (
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.base import HashAlgorithm

from coordination.core import clock
from coordination.core.errors import CoordinationError
from coordination.ledger import selectors
from coordination.ledger.models import Anchor, AnchorFailure, Checkpoint

QUERY: Final = "application/timestamp-query"
REPLY: Final = "application/timestamp-reply"
LARGEST_ANSWER: Final = 64 * 1024
# How far the authority's clock and ours may be apart, the way there and back included.
SKEW: Final = timedelta(minutes=5)
AGAIN: Final = timedelta(minutes=5)
LONGEST_WHY: Final = 200

__all__ = [
    "AGAIN",
    "LARGEST_ANSWER",
    "QUERY",
    "REPLY",
    "SKEW",
    "AnchorBroken",
    "AuthorityFailed",
    "Checkpoint",
    "Post",
    "anchor",
    "check",
    "check_kept",
    "due",
    "uncheckable",
]

# (address, query) -> the body of an answer of type REPLY; raises AuthorityFailed for anything else.
Post = Callable[[str, bytes], bytes]


class AuthorityFailed(CoordinationError):
    """The authority gave no time stamp that can be kept."""


class AnchorBroken(CoordinationError):
    """A time stamp is not what was kept, or not of its checkpoint, or of nobody that we trust."""


def due(*, now: bool = False) -> Checkpoint | None:
    """Return the checkpoint to be stamped: the newest, where it has no stamp and it is time, or `now`."""
    newest = selectors.latest_checkpoint()
    if not settings.LEDGER_AUTHORITY_URL or newest is None or selectors.anchors_of(newest):
        return None
    moment, every = clock.now(), settings.LEDGER_ANCHOR_EVERY
    stamped = Anchor.objects.filter(stamped_at__gt=moment - every)
    failed = AnchorFailure.objects.filter(failed_at__gt=moment - min(every, AGAIN))
    return newest if now or not (stamped.exists() or failed.exists()) else None


def anchor(checkpoint: Checkpoint, *, post: Post) -> Anchor:
    """Have the authority stamp a checkpoint's note, and keep the stamp.

    Raises AuthorityFailed, and keeps why, where the answer is not good or does not come. The exchange is in
    no transaction.
    """
    try:
        return _asked(checkpoint, post)
    except AuthorityFailed as error:
        why = str(error)[:LONGEST_WHY]
        AnchorFailure.objects.create(checkpoint=checkpoint, failed_at=clock.now(), why=why)
        raise


def check(anchor: Anchor) -> None:
    """Check a kept stamp against its row, its checkpoint and the roots in the settings.

    Raises AnchorBroken. The certificates need to be valid at the time of the stamp, not now.
    """
    check_kept(anchor)
    raw, nonce = bytes(anchor.response), int.from_bytes(bytes(anchor.nonce), "big")
    try:
        stamp = _checked(raw, note=bytes(anchor.checkpoint.note), nonce=nonce)
    except AuthorityFailed as error:
        raise AnchorBroken(str(error)) from error
    if stamp.tst_info.gen_time != anchor.stamped_at:
        raise AnchorBroken("The stamp says another time than its row.")
    if _signer(stamp) != anchor.authority:
        raise AnchorBroken("The stamp is of another authority than its row says.")


def check_kept(anchor: Anchor) -> None:
    """Check that a stamp's bytes are those that were kept: all that can be told without roots.

    Raises AnchorBroken.
    """
    if hashlib.sha256(bytes(anchor.response)).digest() != bytes(anchor.digest):
        raise AnchorBroken("The answer of the authority is not the one that was kept.")


def uncheckable() -> str:
    """Return why the settings let no stamp be checked, "" where they do."""
    try:
        _roots(), _policy()
    except ImproperlyConfigured as error:
        return str(error)
    return ""


def _asked(checkpoint: Checkpoint, post: Post) -> Anchor:
    note = bytes(checkpoint.note)
    request = TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256).build()
    nonce = request.nonce or 0
    raw = post(settings.LEDGER_AUTHORITY_URL, request.as_bytes())
    stamp = _checked(raw, note=note, nonce=nonce)
    when = stamp.tst_info.gen_time
    if abs(when - clock.now()) > SKEW:
        raise AuthorityFailed("The stamp says another time than our clock: one of them is wrong.")
    with transaction.atomic():
        return Anchor.objects.create(
            checkpoint=checkpoint,
            response=raw,
            digest=hashlib.sha256(raw).digest(),
            nonce=nonce.to_bytes((nonce.bit_length() + 7) // 8 or 1, "big"),
            stamped_at=when,
            authority=_signer(stamp),
        )


def _checked(raw: bytes, *, note: bytes, nonce: int) -> TimeStampResponse:
    """Return the answer if it is a stamp of `note`, asked for with `nonce`; raise AuthorityFailed."""
    stamp = _parsed(raw)
    verifier = VerifierBuilder(roots=_roots(), nonce=nonce, policy_id=_policy()).build()
    try:
        verifier.verify_message(stamp, note)
    except (VerificationError, ValueError) as error:
        raise AuthorityFailed(f"The stamp does not hold: {error}") from error
    return stamp


def _parsed(raw: bytes) -> TimeStampResponse:
    try:
        stamp = decode_timestamp_response(raw)
    except ValueError as error:
        raise AuthorityFailed("The answer is no time stamp.") from error
    if stamp.status != 0:
        said = " ".join(stamp.status_string)[:100]
        raise AuthorityFailed(f"The authority refused (status {stamp.status}). {said}".strip())
    return stamp


def _roots() -> list[x509.Certificate]:
    if not settings.LEDGER_AUTHORITY_ROOTS:
        raise ImproperlyConfigured("LEDGER_AUTHORITY_ROOTS names no file.")
    try:
        with warnings.catch_warnings():
            # Some roots that are in use were made before what is allowed today.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return x509.load_pem_x509_certificates(Path(settings.LEDGER_AUTHORITY_ROOTS).read_bytes())
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured("LEDGER_AUTHORITY_ROOTS: no readable certificates in PEM.") from error


def _policy() -> x509.ObjectIdentifier | None:
    if not settings.LEDGER_AUTHORITY_POLICY:
        return None
    try:
        return x509.ObjectIdentifier(settings.LEDGER_AUTHORITY_POLICY)
    except ValueError as error:
        raise ImproperlyConfigured("LEDGER_AUTHORITY_POLICY is no OID.") from error


def _signer(stamp: TimeStampResponse) -> str:
    """Return the name of the certificate that signed, as RFC 4514 writes it."""
    (signer,) = stamp.signed_data.signer_infos
    certificates = map(x509.load_der_x509_certificate, stamp.signed_data.certificates)
    for each in certificates:
        if (each.issuer, each.serial_number) == (signer.issuer, signer.serial_number):
            return each.subject.rfc4514_string()[:500]
    raise AuthorityFailed("The stamp does not carry the certificate that signed it.")
