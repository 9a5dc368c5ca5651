"""The certificate of authenticity: drawn up here, signed by a named person with their own key, or not at all.

In the manner of FRE 902(11), (13) and (14); the declaration is that of 28 USC 1746; the signature is PAdES
(ETSI EN 319 142). Have counsel confirm the wording for the court that it goes to.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from coordination.access.services import User
from coordination.cases.packages.contents import Item
from coordination.core.errors import InvalidInput, Refused
from coordination.documents import render_pdf

BOX = (71, 80, 400, 140)  # of the visible signature, in points, on a page of its own


@dataclass(frozen=True, kw_only=True)
class Signature:
    """With what a person signs: their own PKCS#12 file, opened, and why they are qualified to."""

    person: User
    qualification: str
    pkcs12: bytes
    passphrase: str

    @property
    def name(self) -> str:
        """The person's name, as it stands on the certificate."""
        return self.person.get_full_name()


def check(signature: Signature, *, at: datetime) -> None:
    """Raise before anything is made: InvalidInput naming `signature`, `passphrase` or `qualification`."""
    if not signature.qualification.strip():
        raise InvalidInput("qualification", "Say in which position the person knows how records are kept.")
    try:
        loaded = pkcs12.load_pkcs12(signature.pkcs12, signature.passphrase.encode() or None)
    except ValueError:
        raise InvalidInput("passphrase", "The key does not open with this passphrase.") from None
    if loaded.key is None or loaded.cert is None:
        raise InvalidInput("signature", "The file holds no key with its certificate.")
    of = loaded.cert.certificate
    if _common_name(of).casefold() != signature.name.casefold():
        raise Refused(
            "The key is not that of the person who certifies: nobody signs for another, and the system for"
            " nobody.",
            rule="cases.certified-by-another",
        )
    if not of.not_valid_before_utc <= at <= of.not_valid_after_utc:
        raise InvalidInput("signature", "The person's certificate is not valid now.")


def draw(
    case_reference: str,
    items: Sequence[Item],
    *,
    digest: str,
    at: datetime,
    platform: str,
    signature: Signature | None,
) -> bytes:
    """Return the certificate as PDF, unsigned: who, what, hashes, what the system does, how that is known."""
    context = {
        "title": f"Certificate of authenticity, case {case_reference}",
        "case": case_reference,
        "items": items,
        "digest": digest,
        "platform": platform,
        "person": signature.name if signature else "",
        "qualification": signature.qualification.strip() if signature else "",
        "created_at": at,
    }
    return render_pdf("cases/packages/certificate.html", context)


def sign(pdf: bytes, signature: Signature, *, digest: str) -> bytes:
    """Return the certificate with the person's PAdES signature, which also covers the list's digest."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers
    from pyhanko.stamp import TextStampStyle

    signer = signers.SimpleSigner.load_pkcs12_data(
        signature.pkcs12, other_certs=[], passphrase=signature.passphrase.encode() or None
    )
    said = signers.PdfSignatureMetadata(
        field_name="Certification",
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        name=signature.name,
        # A PDF writes this plainly only without punctuation; verify.py looks for it.
        reason=f"Certifies the files listed under {digest.replace('sha256:', 'SHA256 ')}",
    )
    place = fields.SigFieldSpec("Certification", on_page=-1, box=BOX)
    stamp = TextStampStyle(stamp_text="Signed by %(signer)s\n%(ts)s", background=None)
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    signed = signers.PdfSigner(said, signer=signer, stamp_style=stamp, new_field_spec=place).sign_pdf(writer)
    return bytes(signed.getbuffer())


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""
