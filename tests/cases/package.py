"""What tests of packages share: a person's own key, and a ledger's proofs made beside the application."""

import base64
import hashlib
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from coordination.cases.packages.proofs import LedgerProofs
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

    def issue(self, name: str, key: ec.EllipticCurvePrivateKey, *, stamps: bool = False) -> x509.Certificate:
        """Return a certificate for a person, or for an authority that stamps times."""
        return self._made(name, key.public_key(), stamps=stamps)

    def _made(
        self, name: str, key: ec.EllipticCurvePublicKey, *, ca: bool = False, stamps: bool = False
    ) -> x509.Certificate:
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
        if stamps:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(self.key, hashes.SHA256())


def own_key(name: str, authority: Authority, *, passphrase: str = PASSPHRASE) -> bytes:
    """Return a person's PKCS#12 file."""
    key = ec.generate_private_key(ec.SECP256R1())
    encryption = BestAvailableEncryption(passphrase.encode())
    certificate = authority.issue(name, key)
    return pkcs12.serialize_key_and_certificates(
        name.encode(), key, certificate, [authority.certificate], encryption
    )


class TestLedger:
    """A tree over the leaves that are asked for and some more, signed and time stamped as the formats say."""

    __test__ = False

    def __init__(self, folder: Path, authority: Authority | None = None) -> None:
        self.folder, self.authority = folder, authority
        self.key = Ed25519PrivateKey.generate()
        public = b"\x01" + self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._id = hashlib.sha256(b"ledger.example\n" + public).digest()[:4]
        self.verifier_key = f"ledger.example+{self._id.hex()}+{base64.b64encode(public).decode()}"

    def gather(self, leaves: Sequence[tuple[int, bytes]]) -> LedgerProofs:
        """Return the proofs of these entries."""
        hashed = [hashlib.sha256(bytes([0, number])).digest() for number in range(3)]
        hashed += [leaf for _, leaf in leaves]
        text = f"ledger.example\n{len(hashed)}\n{base64.b64encode(_root(hashed)).decode()}\n"
        signature = base64.b64encode(self._id + self.key.sign(text.encode())).decode()
        note = f"{text}\n\u2014 ledger.example {signature}\n"
        proofs = {leaf: _proof(hashed, hashed.index(leaf), note) for _, leaf in leaves}
        stamps = [self._stamp(note.encode())] if self.authority else []
        return LedgerProofs(
            checkpoint=note.encode(),
            verifier_key=self.verifier_key,
            proofs=proofs,
            timestamps=stamps,
            authority=self.authority.pem() if self.authority else b"",
        )

    def _stamp(self, data: bytes) -> bytes:
        """Ask a real authority, `openssl ts`."""
        assert self.authority
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.authority.issue("Time stamps", key, stamps=True)
        files = {
            "key.pem": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "tsa.pem": certificate.public_bytes(Encoding.PEM),
            "ca.pem": self.authority.pem(),
            "data": data,
            "serial": b"01\n",
            "ts.cnf": TS.format(folder=self.folder).encode(),
        }
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        _openssl(self.folder, "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "query")
        _openssl(self.folder, "ts", "-reply", "-config", "ts.cnf", "-queryfile", "query", "-out", "reply")
        return (self.folder / "reply").read_bytes()


TS = """[tsa]
default_tsa = it
[it]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/ca.pem
signer_key = {folder}/key.pem
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


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


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _split(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


def _root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    at = _split(len(leaves))
    return hashlib.sha256(b"\x01" + _root(leaves[:at]) + _root(leaves[at:])).digest()


def _path(leaves: list[bytes], index: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    at = _split(len(leaves))
    if index < at:
        return [*_path(leaves[:at], index), _root(leaves[at:])]
    return [*_path(leaves[at:], index - at), _root(leaves[:at])]


def _proof(leaves: list[bytes], index: int, note: str) -> bytes:
    path = "".join(f"{base64.b64encode(each).decode()}\n" for each in _path(leaves, index))
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{path}\n{note}".encode()
