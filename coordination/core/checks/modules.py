"""Where the law asks for validated cryptography (FIPS 140): no start without it."""

import _hashlib
from typing import Any

from cryptography.hazmat.bindings._rust import openssl
from django.conf import settings
from django.core.checks import CheckMessage, Error


def cryptography_is_validated(**_: Any) -> list[CheckMessage]:
    """E024: both OpenSSLs are asked, the one that seals and signs and the one that Python speaks TLS by."""
    if not settings.FIPS_REQUIRED:
        return []
    asked = {
        f"the package cryptography ({openssl.openssl_version_text()})": openssl.is_fips_enabled(),
        "Python": bool(_hashlib.get_fips_mode()),
    }
    missing = [name for name, on in asked.items() if not on]
    if not missing:
        return []
    return [
        Error(
            f"FIPS_REQUIRED is on, and OpenSSL is not in FIPS mode for {' and '.join(missing)}.",
            hint="Build cryptography against the system's validated OpenSSL and turn its FIPS provider on, "
            "or leave FIPS_REQUIRED out.",
            id="coordination.E024",
        )
    ]


CHECKS = (cryptography_is_validated,)
