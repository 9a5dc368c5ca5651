"""Checks of who stamps the ledger from outside."""

import re
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from django.conf import settings
from django.core.checks import CheckMessage, Error

OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")


def authority_can_be_checked(**_: Any) -> list[CheckMessage]:
    """E025: a stamp that nobody can check is never kept, and the ledger would stay unanchored for good."""
    if not settings.LEDGER_AUTHORITY_URL or not (wrong := _wrong()):
        return []
    return [
        Error(
            f"LEDGER_AUTHORITY_URL names an authority for time stamps, and {wrong}.",
            hint="Set LEDGER_AUTHORITY_ROOTS to a PEM file of its roots, LEDGER_AUTHORITY_POLICY to an OID or"
            " to nothing; or unset LEDGER_AUTHORITY_URL.",
            id="coordination.E025",
        )
    ]


def _wrong() -> str:
    policy = settings.LEDGER_AUTHORITY_POLICY
    if policy and not OID.fullmatch(policy):
        return "LEDGER_AUTHORITY_POLICY is no OID"
    if not settings.LEDGER_AUTHORITY_URL.startswith("https://") and not settings.CHANNELS_ALLOW_PLAIN_HTTP:
        return "it is not asked by https://"
    try:
        x509.load_pem_x509_certificates(Path(settings.LEDGER_AUTHORITY_ROOTS).read_bytes())
    except (OSError, ValueError):
        return "LEDGER_AUTHORITY_ROOTS holds no certificate that can be read"
    return ""


CHECKS = (authority_can_be_checked,)
