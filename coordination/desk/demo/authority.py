"""A time stamp authority (RFC 3161), `openssl ts` over HTTP: `python -m … PORT FOLDER` serves on loopback.

Nobody outside trusts it: it shows how an authority is asked, and what a stamp of a real one looks like.
"""

import shutil
import subprocess  # nosec B404 - openssl is a program
import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

POLICY: Final = "1.3.6.1.4.1.32473.1"  # an OID for examples (RFC 5612)
ROOT: Final = "root.pem"
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
LARGEST_QUERY: Final = 4096
YEAR: Final = timedelta(days=365)
CONFIGURATION: Final = """[tsa]
default_tsa = it
[it]
serial = {folder}/serial
signer_cert = {folder}/stamps.pem
signer_key = {folder}/stamps.key
signer_digest = sha256
default_policy = {policy}
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class Authority:
    """An authority whose keys lie in `folder`, made there the first time."""

    def __init__(self, folder: Path, *, begins: timedelta = -YEAR, lasts: timedelta = 3 * YEAR) -> None:
        """`begins`, from now, and `lasts` say when its certificate is valid."""
        self.folder = folder
        self._one_at_a_time = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / "stamps.key").exists():
            self._make(datetime.now(UTC) + begins, lasts)

    @property
    def roots(self) -> Path:
        """The certificate by which its stamps are checked, as PEM."""
        return self.folder / ROOT

    def stamp(self, query: bytes) -> bytes:
        """Return the answer to a query, as `openssl ts -reply` gives it."""
        with self._one_at_a_time, tempfile.TemporaryDirectory() as place:
            Path(place, "query").write_bytes(query)
            command = ["openssl", "ts", "-reply", "-config", str(self.folder / "ts.cnf")]
            command += ["-queryfile", f"{place}/query", "-out", f"{place}/reply"]
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # nosec B603 - our words
            return Path(place, "reply").read_bytes()

    def _make(self, begins: datetime, lasts: timedelta) -> None:
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        whole_life = (datetime.now(UTC) - 3 * YEAR, 10 * YEAR)
        root = _certificate("Time stamp root", root_key.public_key(), signed_by=root_key, life=whole_life)
        own = _certificate("Time stamps", key.public_key(), signed_by=root_key, life=(begins, lasts))
        encoded = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._write("ts.cnf", CONFIGURATION.format(folder=self.folder, policy=POLICY).encode())
        self._write("serial", b"01\n")
        self._write(ROOT, root.public_bytes(Encoding.PEM))
        self._write("stamps.pem", own.public_bytes(Encoding.PEM))
        self._write("stamps.key", encoded)

    def _write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)


class Handler(BaseHTTPRequestHandler):
    """POST takes a query (RFC 3161 section 3.4)."""

    authority: Authority

    def do_POST(self) -> None:
        """Answer a query."""
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Content-Type") != QUERY or length > LARGEST_QUERY:
            self.send_error(400)
            return
        self.answer(self.rfile.read(length))

    def answer(self, query: bytes) -> None:
        """Stamp it."""
        try:
            self.reply(self.authority.stamp(query))
        except subprocess.CalledProcessError:
            self.send_error(500)

    def reply(self, content: bytes, kind: str = REPLY) -> None:
        """Send an answer."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Log nothing."""


def installed() -> bool:
    """Tell whether there is the program that it is made of."""
    return shutil.which("openssl") is not None


def server(authority: Authority, port: int, handler: type[Handler] = Handler) -> ThreadingHTTPServer:
    """Return a server on loopback, which does not serve yet; port 0 takes any that is free."""
    bound = type("OneAuthority", (handler,), {"authority": authority})
    return ThreadingHTTPServer(("127.0.0.1", port), bound)


def _certificate(
    name: str,
    key: ec.EllipticCurvePublicKey,
    *,
    signed_by: ec.EllipticCurvePrivateKey,
    life: tuple[datetime, timedelta],
) -> x509.Certificate:
    root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Time stamp root")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(root)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(life[0])
        .not_valid_after(life[0] + life[1])
        .add_extension(x509.BasicConstraints(ca=subject == root, path_length=None), critical=True)
    )
    if subject != root:
        stamps_only = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(stamps_only, critical=True)
    return builder.sign(signed_by, hashes.SHA256())


if __name__ == "__main__":
    server(Authority(Path(sys.argv[2])), int(sys.argv[1])).serve_forever()
