"""HTTP message signatures (RFC 9421, Ed25519) over what partners send, and the proof that is kept of one.

The library reads the fields, builds the signature base and compares digests (RFC 9530); what has to be
covered, how old a signature may be, whose key it is and that it never came before is decided here.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import http_sf
from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    VerifyResult,
    algorithms,
)

from coordination.core import clock
from coordination.rest.callers import KeyOf
from coordination.rest.codes import Problem

OLDEST = timedelta(minutes=5)
# How far a partner's clock may be ahead of ours.
AHEAD = timedelta(seconds=60)
LONGEST_NONCE = 200
LONGEST_REASON = 300
WHOLE_TARGET = frozenset({'"@target-uri"'})
TARGET_IN_PARTS = frozenset({'"@authority"', '"@path"', '"@query"'})
# What is covered is kept with the message; a token or a cookie must not be.
NEVER_COVERED = ("authorization", "cookie", "proxy-authorization")
WANTED = 'sig=("@method" "@target-uri" "content-digest" "idempotency-key");created;keyid;nonce;alg="ed25519"'


@dataclass(frozen=True, kw_only=True)
class SignedRequest:
    """A request as the library reads it, with its body."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Proof:
    """All that somebody needs to check a signature later: what was signed, by which key, and the body."""

    key_id: str
    public_key: str
    algorithm: str
    created: str
    nonce: str
    signature_base: str
    signature: str
    body: str

    def as_dict(self) -> dict[str, str]:
        """Return it as JSON holds it; keys, signature and body in base64."""
        return asdict(self)

    @property
    def digest(self) -> str:
        """How the ledger points at it: `sha256:…` of what was signed."""
        return "sha256:" + hashlib.sha256(self.signature_base.encode()).hexdigest()


class _Verifier(HTTPMessageVerifier):
    """The library's, with times and keys left to us: it would ask the machine's clock, we ask our own."""

    def __init__(self, key_of: KeyOf) -> None:
        super().__init__(signature_algorithm=algorithms.ED25519, key_resolver=self)  # type: ignore[arg-type]
        self.key_of = key_of
        self.parameters: Mapping[str, Any] = {}
        self.key: Ed25519PublicKey | None = None

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:  # noqa: ARG002
        """Check what the signature says of itself, before any cryptography; raise the problem by name."""
        self.parameters = dict(sig_input.params)
        _check_parameters(self.parameters)
        _check_times(self.parameters)
        self.key = self.key_of(self.parameters["keyid"])
        if self.key is None:
            raise _invalid("keyid", "unknown", "No key of yours has this id, or it is not in use.")

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:  # noqa: ARG002
        """Return the key that was found above."""
        return self.key


def is_signed(headers: Mapping[str, str]) -> bool:
    """Tell whether a request claims to be signed."""
    return "Signature" in headers or "Signature-Input" in headers


def missing() -> Problem:
    """Return the problem of a request that is not signed and has to be; it says how (RFC 9421 section 5)."""
    problem = Problem("signature-required")
    problem.headers = {"Accept-Signature": WANTED}
    return problem


def verify(request: SignedRequest, key_of: KeyOf) -> Proof:
    """Return the proof that a request was signed by one of the caller's keys; raise the problem by name.

    `key_of` finds a caller's key by its id. That the request never came before is the caller's to ask.
    """
    verifier = _Verifier(key_of)
    result = _verified(verifier, request)
    _check_covered(result, request)
    if verifier.key is None:
        raise _invalid("keyid", "unknown", "No key of yours has this id, or it is not in use.")
    said: Any = http_sf.parse(request.headers["Signature"].encode(), tltype="dictionary")
    return Proof(
        key_id=verifier.parameters["keyid"],
        public_key=base64.b64encode(verifier.key.public_bytes_raw()).decode(),
        algorithm="ed25519",
        created=datetime.fromtimestamp(verifier.parameters["created"], UTC).isoformat(),
        nonce=verifier.parameters["nonce"],
        signature_base=base_of(result),
        signature=base64.b64encode(said[result.label][0]).decode(),
        body=base64.b64encode(request.body).decode(),
    )


def holds(proof: Mapping[str, str]) -> bool:
    """Check a kept proof again: the signature over what was signed, and the digest of the body in it."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(proof["public_key"]))
        key.verify(base64.b64decode(proof["signature"]), proof["signature_base"].encode())
        body = base64.b64decode(proof["body"])
        lines = dict(line.split(": ", 1) for line in proof["signature_base"].splitlines())
        digest = lines.get('"content-digest"', "")
        if digest or body:
            ContentDigest.verify(digest, body)
    except (KeyError, ValueError, WrongSignature, HTTPMessageSignaturesException):
        return False
    return True


def base_of(result: VerifyResult) -> str:
    """Return the signature base, RFC 9421 section 2.5: the bytes that were signed."""
    return "\n".join(f"{name}: {value}" for name, value in result.covered_components.items())


def _check_parameters(parameters: Mapping[str, Any]) -> None:
    for name in ("keyid", "nonce"):
        value = parameters.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NONCE:
            raise _invalid(name, "missing", f"A {name} of up to {LONGEST_NONCE} characters is needed.")
    if parameters.get("alg", "ed25519") != "ed25519":
        raise _invalid("alg", "unsupported", "The only algorithm is ed25519.")


def _check_times(parameters: Mapping[str, Any]) -> None:
    now = clock.now().timestamp()
    created, expires = parameters.get("created"), parameters.get("expires", now)
    if not isinstance(created, int) or isinstance(created, bool):
        raise _invalid("created", "missing", "When it was signed is needed, in seconds since 1970.")
    if created > now + AHEAD.total_seconds():
        raise _invalid("created", "future", "It was signed after our clock; look at yours.")
    if created < now - OLDEST.total_seconds():
        minutes = OLDEST.total_seconds() // 60
        raise _invalid("created", "expired", f"It was signed more than {minutes:.0f} minutes ago.")
    if not isinstance(expires, int | float) or expires < now:
        raise _invalid("expires", "expired", "Its own end has passed.")


def _verified(verifier: _Verifier, request: SignedRequest) -> VerifyResult:
    try:
        [result] = verifier.verify(request, max_age=None)
    except HTTPMessageSignaturesException as error:
        # Its text names components and parameters, never a value of ours; a wrong signature has none.
        said = str(error)[:LONGEST_REASON] or "It is not the signature of this request by this key."
        raise _invalid("Signature", "wrong", said) from None
    try:
        verifier.verify_body(request, [result], request.body)
    except HTTPMessageSignaturesException as error:
        raise _invalid("Content-Digest", "wrong", str(error)[:LONGEST_REASON]) from None
    return result


def _check_covered(result: VerifyResult, request: SignedRequest) -> None:
    covered = set(result.covered_components)
    wanted = {'"@method"'}
    if "idempotency-key" in {name.lower() for name in request.headers}:
        wanted.add('"idempotency-key"')
    if request.body:
        wanted.add('"content-digest"')
    if not covered >= TARGET_IN_PARTS:
        wanted |= WHOLE_TARGET
    lacking = sorted(name.strip('"') for name in wanted - covered)
    if lacking:
        raise _invalid("Signature-Input", "components", f"The signature has to cover {', '.join(lacking)}.")
    for name in NEVER_COVERED:
        if any(each.startswith(f'"{name}"') for each in covered):
            raise _invalid(
                "Signature-Input",
                "components",
                f"Leave {name} out: what is covered is kept with the message.",
            )


def _invalid(field: str, code: str, message: str) -> Problem:
    return Problem("signature-invalid", field_errors=[{"field": field, "code": code, "message": message}])
