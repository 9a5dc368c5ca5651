"""S/MIME, checked by the openssl command, which is not ours."""

import subprocess
from base64 import decodebytes, encodebytes
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordination.channels import BadKey, smime_encrypt, smime_sign

LETTER = b"Content-Type: text/plain\r\n\r\nA letter.\r\n"


def _identity(place: Path, kind: str = "rsa:2048") -> tuple[Path, Path]:
    """Make a key and a certificate with openssl; return the certificate's and the key's path."""
    certificate, key = place / "certificate.pem", place / "key.pem"
    made = ["-newkey", kind, "-nodes", "-days", "2", "-subj", "/CN=desk", "-keyout", key, "-out", certificate]
    made += ["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else []
    subprocess.run(["openssl", "req", "-x509", *map(str, made)], check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return _identity(tmp_path_factory.mktemp("identity"))


def openssl(*arguments: object, given: bytes) -> bytes:
    done = subprocess.run(["openssl", *map(str, arguments)], input=given, capture_output=True, check=True)
    return done.stdout


def _opened(sealed: bytes, certificate: Path, key: Path) -> bytes:
    return openssl("cms", "-decrypt", "-recip", certificate, "-inkey", key, given=sealed)


@pytest.mark.parametrize("command", ["cms", "smime"])
def test_openssl_verifies_what_we_sign(command: str, identity: tuple[Path, Path]) -> None:
    certificate, key = identity
    entity = b"Content-Type: text/plain\r\n\r\nA letter.\r\n"
    signed = smime_sign(entity, certificate_pem=certificate.read_bytes(), key_pem=key.read_bytes())
    assert b"A letter." in openssl(
        command, "-verify", "-CAfile", certificate, "-purpose", "any", given=signed
    )
    changed = signed.replace(b"A letter.", b"B letter.")
    with pytest.raises(subprocess.CalledProcessError):
        openssl(command, "-verify", "-CAfile", certificate, "-purpose", "any", given=changed)


def test_openssl_opens_what_we_encrypt(identity: tuple[Path, Path]) -> None:
    certificate, key = identity
    sealed = smime_encrypt(LETTER, certificates_pem=[certificate.read_bytes()])
    assert b"A letter." not in sealed
    assert _opened(sealed, certificate, key) == LETTER


@pytest.mark.parametrize("size", [0, 1, 100, 127, 128, 255, 256, 65_535, 65_536, 200_000])
def test_what_we_encrypt_opens_at_every_length(identity: tuple[Path, Path], size: int) -> None:
    content = b"x" * size
    sealed = smime_encrypt(content, certificates_pem=[identity[0].read_bytes()])
    assert _opened(sealed, *identity) == content


def test_each_recipient_opens_it_and_nobody_else(
    identity: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    second, stranger = (_identity(tmp_path_factory.mktemp(name)) for name in ("second", "stranger"))
    certificates = [each[0].read_bytes() for each in (identity, second)]
    sealed = smime_encrypt(LETTER, certificates_pem=certificates)
    assert [_opened(sealed, *each) for each in (identity, second)] == [LETTER, LETTER]
    with pytest.raises(subprocess.CalledProcessError):
        _opened(sealed, *stranger)


def test_V11_3_1_neither_pkcs_1_v1_5_nor_cbc_is_used(identity: tuple[Path, Path]) -> None:
    sealed = smime_encrypt(LETTER, certificates_pem=[identity[0].read_bytes()])
    printed = openssl("cms", "-cmsout", "-print", "-noout", given=sealed).decode()
    assert "id-smime-ct-authEnvelopedData" in printed
    assert "rsaesOaep" in printed
    assert "aes-256-gcm" in printed
    assert "rsaEncryption" not in printed


def test_a_byte_that_was_changed_on_the_way_makes_it_unreadable(identity: tuple[Path, Path]) -> None:
    sealed = smime_encrypt(LETTER * 100, certificates_pem=[identity[0].read_bytes()])
    head, _, body = sealed.partition(b"\n\n")
    for at in (-20, -1, -200, -1000):
        raw = bytearray(decodebytes(body))
        raw[at] ^= 1
        with pytest.raises(subprocess.CalledProcessError):
            _opened(head + b"\n\n" + encodebytes(bytes(raw)), *identity)


def test_no_two_messages_share_a_key_or_a_nonce(identity: tuple[Path, Path]) -> None:
    both = {smime_encrypt(LETTER, certificates_pem=[identity[0].read_bytes()])[-200:] for _ in range(20)}
    assert len(both) == 20


def test_smime_needs_a_recipient_and_a_key_it_can_sign_with(identity: tuple[Path, Path]) -> None:
    with pytest.raises(BadKey):
        smime_encrypt(b"A letter.", certificates_pem=[])
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key = Ed25519PrivateKey.generate().private_bytes(*form)
    with pytest.raises(BadKey):
        smime_sign(b"A", certificate_pem=identity[0].read_bytes(), key_pem=key)


@pytest.mark.parametrize("kind", ["rsa:1024", "ec"])
def test_a_certificate_with_a_short_or_another_key_is_refused(tmp_path: Path, kind: str) -> None:
    certificate, _ = _identity(tmp_path, kind)
    with pytest.raises(BadKey):
        smime_encrypt(b"A letter.", certificates_pem=[certificate.read_bytes()])


def test_a_letter_is_signed_with_an_elliptic_curve_too(tmp_path: Path) -> None:
    certificate, key = _identity(tmp_path, "ec")
    signed = smime_sign(LETTER, certificate_pem=certificate.read_bytes(), key_pem=key.read_bytes())
    verified = openssl("cms", "-verify", "-CAfile", certificate, "-purpose", "any", given=signed)
    assert b"A letter." in verified
