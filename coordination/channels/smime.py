"""S/MIME 4.0 (RFC 8551) around a MIME entity: signed, or encrypted with AES-256-GCM.

What is encrypted is AuthEnvelopedData (RFC 5083, RFC 5084) with the key under RSAES-OAEP (RFC 8017): a byte
that somebody changes on the way makes it unreadable, and there is no padding to be asked about. Programs that
know no more than S/MIME 3.2 cannot open it (docs/decisions/0024-s-mime.md).
"""

import secrets
from base64 import encodebytes
from collections.abc import Iterable, Sequence
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import pkcs7

from coordination.channels.envelopes import BadKey

SHORTEST_RSA: Final = 2048
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
HEAD: Final = (
    b"MIME-Version: 1.0\n"
    b'Content-Disposition: attachment; filename="smime.p7m"\n'
    b'Content-Type: application/pkcs7-mime; smime-type=authEnveloped-data; name="smime.p7m"\n'
    b"Content-Transfer-Encoding: base64\n\n"
)
# Tags of DER (X.690).
INTEGER, OCTETS, SEQUENCE, SET = 0x02, 0x04, 0x30, 0x31
WRAPPED, WRAPPED_1, CONTENT = 0xA0, 0xA1, 0x80


def smime_sign(
    content: bytes, *, certificate_pem: bytes, key_pem: bytes, chain_pem: Sequence[bytes] = ()
) -> bytes:
    """Return a multipart/signed MIME entity (RFC 8551) around `content`, itself a MIME entity."""
    key = serialization.load_pem_private_key(key_pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise BadKey("S/MIME signs with an RSA or elliptic-curve key")
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    for each in chain_pem:
        builder = builder.add_certificate(x509.load_pem_x509_certificate(each))
    return builder.sign(serialization.Encoding.SMIME, [pkcs7.PKCS7Options.DetachedSignature])


def smime_encrypt(content: bytes, *, certificates_pem: Sequence[bytes]) -> bytes:
    """Return an application/pkcs7-mime entity (RFC 8551) that each holder of a certificate (RSA) can open.

    Raises BadKey where there is no certificate, or one whose key is not RSA of 2048 bits or more.
    """
    if not certificates_pem:
        raise BadKey("S/MIME encrypts to at least one certificate")
    certificates = [x509.load_pem_x509_certificate(each) for each in certificates_pem]
    key, nonce = secrets.token_bytes(32), secrets.token_bytes(NONCE_BYTES)
    canonical = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    sealed = AESGCM(key).encrypt(nonce, canonical, None)
    ciphertext, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
    gcm = _algorithm(_AES_256_GCM, _der(SEQUENCE, _der(OCTETS, nonce), _integer(TAG_BYTES)))
    enveloped = _der(
        SEQUENCE,
        _integer(0),
        _der(SET, *sorted(_recipient(each, key) for each in certificates)),
        _der(SEQUENCE, _DATA, gcm, _der(CONTENT, ciphertext)),
        _der(OCTETS, tag),
    )
    return HEAD + encodebytes(_der(SEQUENCE, _AUTH_ENVELOPED, _der(WRAPPED, enveloped)))


def _recipient(certificate: x509.Certificate, key: bytes) -> bytes:
    """Return the KeyTransRecipientInfo of RFC 5652 section 6.2.1, by issuer and serial number."""
    public = certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey) or public.key_size < SHORTEST_RSA:
        raise BadKey("S/MIME encrypts to RSA keys of 2048 bits or more")
    sha256 = hashes.SHA256()
    oaep = padding.OAEP(mgf=padding.MGF1(sha256), algorithm=sha256, label=None)
    return _der(
        SEQUENCE,
        _integer(0),
        _der(SEQUENCE, certificate.issuer.public_bytes(), _integer(certificate.serial_number)),
        _algorithm(_RSAES_OAEP, _OAEP_WITH_SHA_256),
        _der(OCTETS, public.encrypt(key, oaep)),
    )


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:  # noqa: PLR2004 - X.690 section 8.1.3.4
        return bytes([tag, length]) + content
    digits = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(digits)]) + digits + content


def _integer(value: int) -> bytes:
    return _der(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def _identifier(numbers: Iterable[int]) -> bytes:
    """Return an OBJECT IDENTIFIER: base 128, each number but the last byte with its high bit set."""
    first, second, *others = numbers
    encoded = b""
    for number in (first * 40 + second, *others):
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(number & 0x7F | 0x80)
        encoded += bytes(reversed(septets))
    return _der(0x06, encoded)


def _algorithm(identifier: bytes, parameters: bytes = b"") -> bytes:
    return _der(SEQUENCE, identifier, parameters)


_PKCS = (1, 2, 840, 113549, 1)
_NIST = (2, 16, 840, 1, 101, 3, 4)
_DATA = _identifier((*_PKCS, 7, 1))
_AUTH_ENVELOPED = _identifier((*_PKCS, 9, 16, 1, 23))
_RSAES_OAEP = _identifier((*_PKCS, 1, 7))
_AES_256_GCM = _identifier((*_NIST, 1, 46))
_SHA_256 = _algorithm(_identifier((*_NIST, 2, 1)))
_MGF1 = _algorithm(_identifier((*_PKCS, 1, 8)), _SHA_256)
_OAEP_WITH_SHA_256 = _der(SEQUENCE, _der(WRAPPED, _SHA_256), _der(WRAPPED_1, _MGF1))
