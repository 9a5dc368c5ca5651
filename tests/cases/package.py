"""What tests of packages share: a person's own key, and the program that checks."""

import hashlib
import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from coordination.core import clock

PASSPHRASE = "open for the test"


@dataclass
class Authority:
    """A certificate authority of the test's own."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        self.certificate = self._made("Test authority", self.key.public_key(), ca=True)

    def pem(self) -> bytes:
        """Return the authority's certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(self, name: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        """Return a certificate for a person."""
        return self._made(name, key.public_key())

    def _made(self, name: str, key: ec.EllipticCurvePublicKey, *, ca: bool = False) -> x509.Certificate:
        now = clock.now()
        builder = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named("Test authority"))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        return builder.sign(self.key, hashes.SHA256())


def own_key(name: str, authority: Authority, *, passphrase: str = PASSPHRASE) -> bytes:
    """Return a person's PKCS#12 file."""
    key = ec.generate_private_key(ec.SECP256R1())
    encryption = BestAvailableEncryption(passphrase.encode())
    certificate = authority.issue(name, key)
    return pkcs12.serialize_key_and_certificates(
        name.encode(), key, certificate, [authority.certificate], encryption
    )


def check(folder: Path, *options: str) -> tuple[int, str]:
    command = [sys.executable, "-I", str(folder / "verify.py"), *options, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def trusting(folder: Path) -> list[str]:
    return ["--key", str(folder.parent / "key"), "--ca", str(folder.parent / "ca.pem")]


def flip(file: Path, bit: int) -> None:
    bits = bytearray(file.read_bytes())
    bits[bit // 8 % len(bits)] ^= 1 << bit % 8
    file.chmod(0o600)
    file.write_bytes(bits)


def resealed(folder: Path) -> None:
    """Make every list and count agree with the files again, as somebody who forges would."""

    def lines(paths: list[Path]) -> str:
        return "".join(
            f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.relative_to(folder).as_posix()}\n"
            for each in sorted(paths)
        )

    def written(name: str, text: str) -> None:
        (folder / name).chmod(0o600)
        (folder / name).write_text(text)

    own = {"certificate.pdf", "certified-files.sha256"}
    payload = [each for each in (folder / "data").rglob("*") if each.is_file()]
    written("data/certified-files.sha256", lines([each for each in payload if each.name not in own]))
    written("manifest-sha256.txt", lines(payload))
    size = sum(each.stat().st_size for each in payload)
    info = (folder / "bag-info.txt").read_text()
    written("bag-info.txt", re.sub(r"Oxum: .*", f"Oxum: {size}.{len(payload)}", info))
    tags = [each for each in folder.iterdir() if each.is_file() and each.name != "tagmanifest-sha256.txt"]
    written("tagmanifest-sha256.txt", lines(tags))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
