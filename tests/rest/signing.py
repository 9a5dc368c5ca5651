"""A partner's side of HTTP message signatures, written from RFC 9421 without the library that verifies."""

import base64
import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordination.core import clock

COVERED = ("@method", "@target-uri", "content-digest", "idempotency-key")


def content_digest(body: bytes, algorithm: str = "sha-256") -> str:
    """Return RFC 9530's field for a body."""
    made = hashlib.new(algorithm.replace("-", ""), body).digest()
    return f"{algorithm}=:{base64.b64encode(made).decode()}:"


def sign(
    key: Ed25519PrivateKey,
    *,
    key_id: str,
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    covered: tuple[str, ...] = COVERED,
    label: str = "sig",
    **parameters: Any,
) -> dict[str, str]:
    """Return the headers of a signed request; `parameters` replace what is signed too, None leaves it out."""
    sent = {**(headers or {})}
    if body:
        sent.setdefault("Content-Digest", content_digest(body))
    wanted = {
        "created": int(clock.now().timestamp()),
        "keyid": key_id,
        "nonce": uuid.uuid4().hex,
        **parameters,
    }
    _, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    path, _, query = f"/{path}".partition("?")
    known = {
        "@method": method,
        "@target-uri": url,
        "@authority": authority,
        "@path": path,
        "@query": f"?{query}",
        **{name.lower(): value for name, value in sent.items()},
    }
    names = [name for name in covered if name in known]
    said = " ".join(f'"{name}"' for name in names)
    told = "".join(
        f";{name}={value}" if isinstance(value, int) else f';{name}="{value}"'
        for name, value in wanted.items()
        if value is not None
    )
    lines = [f'"{name}": {known[name]}' for name in names]
    base = "\n".join([*lines, f'"@signature-params": ({said}){told}'])
    signature = base64.b64encode(key.sign(base.encode())).decode()
    return {**sent, "Signature-Input": f"{label}=({said}){told}", "Signature": f"{label}=:{signature}:"}
