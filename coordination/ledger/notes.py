"""Signed notes and the checkpoints in them (C2SP signed-note, tlog-checkpoint), and proofs (tlog-proof)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from coordination.core.errors import CoordinationError
from coordination.ledger.merkle import HASH_BYTES

ED25519: Final = b"\x01"
KEY_ID_BYTES: Final = 4
PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_NAME: Final = re.compile(r"[^\s+]+")


class NoteBroken(CoordinationError):
    """A checkpoint, a proof or a key has another form than it must have, or its signature does not hold."""


@dataclass(frozen=True)
class VerifierKey:
    """A public key by which notes of `name` are checked; written name+id+key (C2SP signed-note)."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read one, or raise NoteBroken."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        material = decode(encoded)
        if not _NAME.fullmatch(name) or material[:1] != ED25519 or len(material) != 1 + HASH_BYTES:
            raise NoteBroken("A verifier key reads name+id+key, with an Ed25519 key.")
        key = cls(name, material[1:])
        if key.id.hex() != key_id:
            raise NoteBroken("A verifier key does not match its own id.")
        return key

    @property
    def id(self) -> bytes:
        """The first four bytes of SHA-256(name || newline || kind || key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encode(ED25519 + self.public)}"

    def accepts(self, text: str, signature: bytes) -> bool:
        """Tell whether a signature over a note's text is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """A private key that signs notes of `name`."""

    name: str
    private: Ed25519PrivateKey

    @property
    def verifier(self) -> VerifierKey:
        """The public key."""
        return VerifierKey(self.name, self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def line(self, text: str) -> str:
        """Return the line of this key under a note."""
        signature = encode(self.verifier.id + self.private.sign(text.encode()))
        return f"\u2014 {self.name} {signature}\n"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What a checkpoint says: the tree of `origin` had `size` leaves and this root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{encode(self.root)}\n"


def sign(checkpoint: Checkpoint, keys: Sequence[SigningKey]) -> bytes:
    """Return the note, with a line of each key."""
    text = checkpoint.text()
    return f"{text}\n{''.join(key.line(text) for key in keys)}".encode()


def open_checkpoint(note: bytes, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Return what a note says that one of `keys` signed; raise NoteBroken otherwise.

    A line of a key that is in `keys` must hold, whichever else does; lines of unknown keys are passed over.
    """
    text, lines = _parts(note)
    known = {(key.name, key.id): key for key in keys}
    held = 0
    for name, raw in lines:
        key = known.get((name, raw[:KEY_ID_BYTES]))
        if key is not None and not key.accepts(text, raw[KEY_ID_BYTES:]):
            raise NoteBroken("The signature of a checkpoint does not hold.")
        held += key is not None
    if not held:
        raise NoteBroken("A checkpoint is signed with no key of this ledger.")
    found = _read(text)
    if found.origin not in {key.name for key in keys}:
        raise NoteBroken("A checkpoint is of another ledger.")
    return found


def _parts(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    try:
        head, blank, tail = note.decode().rpartition("\n\n")
    except UnicodeDecodeError:
        raise NoteBroken("A checkpoint is text in UTF-8.") from None
    if not blank or not tail.endswith("\n"):
        raise NoteBroken("A checkpoint has a text, an empty line, and lines of signatures.")
    lines = []
    for line in tail[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        raw = decode(encoded)
        if dash != "\u2014" or not _NAME.fullmatch(name) or len(raw) <= KEY_ID_BYTES:
            raise NoteBroken("A line under a checkpoint is no signature.")
        lines.append((name, raw))
    return f"{head}\n", lines


def _read(text: str) -> Checkpoint:
    origin, *rest = text[:-1].split("\n")
    if len(rest) < 2 or not origin or not _NUMBER.fullmatch(rest[0]) or "" in rest:  # noqa: PLR2004 - size and root
        raise NoteBroken("A checkpoint says its origin, its size and its root, a line each.")
    root = decode(rest[1])
    if len(root) != HASH_BYTES:
        raise NoteBroken("The root of a checkpoint has 32 bytes.")
    return Checkpoint(origin=origin, size=int(rest[0]), root=root)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """That a leaf stands at `index` in the tree of a signed checkpoint."""

    index: int
    path: tuple[bytes, ...]
    note: bytes

    def encode(self) -> bytes:
        """Return the file (C2SP tlog-proof)."""
        path = "".join(f"{encode(each)}\n" for each in self.path)
        return f"{PROOF_HEADER}\nindex {self.index}\n{path}\n".encode() + self.note

    @classmethod
    def parse(cls, content: bytes) -> "Proof":
        """Read a file, or raise NoteBroken."""
        head, blank, note = content.partition(b"\n\n")
        try:
            header, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise NoteBroken("The head of a proof is ASCII.") from None
        if lines and lines[0].startswith("extra "):
            decode(lines.pop(0).removeprefix("extra "))
        if header != PROOF_HEADER or not blank or not lines or not lines[0].startswith("index "):
            raise NoteBroken("A proof begins with its header and its index.")
        index = lines[0].removeprefix("index ")
        path = tuple(map(decode, lines[1:]))
        if not _NUMBER.fullmatch(index) or any(len(each) != HASH_BYTES for each in path):
            raise NoteBroken("A proof has a whole number as its index, and hashes of 32 bytes.")
        return cls(index=int(index), path=path, note=note)


def encode(raw: bytes) -> str:
    """Return base64."""
    return base64.b64encode(raw).decode()


def decode(text: str) -> bytes:
    """Return what base64 says, or raise NoteBroken: each value has one form only."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteBroken("A value is no base64.") from None
    if encode(raw) != text:
        raise NoteBroken("A value is no base64 in its one form.")
    return raw
