"""An exhibit as it lies in the store: chunks under AES-256-GCM, each bound to its record and its place.

    "CEX1" | chunk | chunk | …     each chunk: ciphertext of CHUNK bytes (the last: of 0 to CHUNK) and its tag

The key is random and of this object alone, so the nonce may count: four zero bytes and the number of the
chunk. The associated data names the record, the number, and whether the chunk is the last. A chunk that was
changed, moved, left out or added does not open, and neither does an end that is not the end (the STREAM
construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015).
"""

import hashlib
import io
import secrets
from collections.abc import Callable, Iterator
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from coordination.evidence.errors import ExhibitBroken

MAGIC: Final = b"CEX1"
CHUNK: Final = 256 * 1024
TAG: Final = 16
KEY_BYTES: Final = 32
WORDS: Final = (1 << 64) - 1  # a number that no chunk has

Feed = Callable[[bytes], None]


def new_key() -> bytes:
    """Return a random key for one object."""
    return secrets.token_bytes(KEY_BYTES)


class Sealing(io.RawIOBase):
    """Reads as the sealed form of `source`: a store copies from it and never holds more than a chunk.

    `size`, `sha256` and `head` (the first bytes, for sniffing) tell of the content once all was read. Each
    piece of the content also goes to `feed`.
    """

    def __init__(self, source: IO[bytes], *, key: bytes, record: str, feed: Feed | None = None) -> None:
        super().__init__()
        self.size, self.head = 0, b""
        self._digest = hashlib.sha256()
        self._source, self._feed = source, feed
        self._cipher, self._record = AESGCM(key), record
        self._number, self._ended = 0, False
        self._ahead = self._plain()
        self._ready = bytearray(MAGIC)

    @property
    def sha256(self) -> str:
        """The digest of what was read so far, as hex."""
        return self._digest.hexdigest()

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` sealed bytes; all that are left for -1, which only small content should ask."""
        while not self._ended and (size < 0 or len(self._ready) < size):
            self._seal_next()
        end = len(self._ready) if size < 0 else size
        taken = bytes(self._ready[:end])
        del self._ready[:end]
        return taken

    def _seal_next(self) -> None:
        chunk, self._ahead = self._ahead, self._plain() if len(self._ahead) == CHUNK else b""
        self._ended = not self._ahead
        self._ready += _seal(self._cipher, chunk, self._record, self._number, last=self._ended)
        self._number += 1

    def _plain(self) -> bytes:
        piece = bytearray()
        while len(piece) < CHUNK and (more := self._source.read(CHUNK - len(piece))):
            piece += more
        self._digest.update(piece)
        self.size += len(piece)
        self.head = self.head or bytes(piece[: 64 * 1024])
        if self._feed and piece:
            self._feed(bytes(piece))
        return bytes(piece)


def opened(sealed: IO[bytes], *, key: bytes, record: str) -> Iterator[bytes]:
    """Yield the content chunk by chunk; raise ExhibitBroken at the first that is not what was sealed."""
    cipher = AESGCM(key)
    if sealed.read(len(MAGIC)) != MAGIC:
        raise ExhibitBroken
    number, ahead = 0, _exactly(sealed, CHUNK + TAG)
    while True:
        chunk, ahead = ahead, _exactly(sealed, CHUNK + TAG)
        yield _open(cipher, chunk, record, number, last=not ahead)
        if not ahead:
            return
        number += 1


def seal_words(words: bytes, *, key: bytes, record: str) -> bytes:
    """Seal what is said about an exhibit under its own key; there is one such text for a key."""
    return _seal(AESGCM(key), words, record, WORDS, last=True)


def open_words(sealed: bytes, *, key: bytes, record: str) -> bytes:
    """Open what `seal_words` made; raise ExhibitBroken where it does not open."""
    return _open(AESGCM(key), sealed, record, WORDS, last=True)


def _seal(cipher: AESGCM, plain: bytes, record: str, number: int, *, last: bool) -> bytes:
    return cipher.encrypt(_nonce(number), plain, _associated(record, number, last=last))


def _open(cipher: AESGCM, sealed: bytes, record: str, number: int, *, last: bool) -> bytes:
    try:
        return cipher.decrypt(_nonce(number), sealed, _associated(record, number, last=last))
    except (InvalidTag, ValueError) as error:
        raise ExhibitBroken from error


def _nonce(number: int) -> bytes:
    return b"\x00" * 4 + number.to_bytes(8)


def _associated(record: str, number: int, *, last: bool) -> bytes:
    return b"coordination exhibit\x00" + number.to_bytes(8) + bytes([last]) + record.encode()


def _exactly(sealed: IO[bytes], size: int) -> bytes:
    piece = bytearray()
    while len(piece) < size and (more := sealed.read(size - len(piece))):
        piece += more
    return bytes(piece)
