"""A BagIt directory (RFC 8493), written file by file; what is written is hashed on its way."""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from coordination.core.errors import InvalidInput

# What we name ourselves: nothing that anybody typed becomes a path.
_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


class Bag:
    """One bag under construction in `folder`, which is empty."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.payload: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._size = 0

    def add(self, name: str, pieces: Iterable[bytes] | bytes) -> str:
        """Write `data/<name>` and return its SHA-256 as hex."""
        path = f"data/{name}"
        digest, size = self._write(path, pieces)
        self.payload[path] = digest
        self._size += size
        return digest

    def listing(self) -> bytes:
        """Return the payload so far, one `<sha256>  <path>` a line, as sha256sum reads it."""
        return _lines(self.payload)

    def close(self, about: dict[str, str], tags: dict[str, bytes]) -> str:
        """Write the tag files and the manifests; return the SHA-256 of the tag manifest, which covers all."""
        about = {**about, "Payload-Oxum": f"{self._size}.{len(self.payload)}"}
        info = "".join(f"{key}: {_one_line(value)}\n" for key, value in about.items())
        self._tag("bagit.txt", DECLARATION)
        self._tag("bag-info.txt", info.encode())
        for name, content in tags.items():
            self._tag(name, content)
        self._tag("manifest-sha256.txt", self.listing())
        return self._write("tagmanifest-sha256.txt", _lines(self._tags))[0]

    def _tag(self, name: str, content: bytes) -> None:
        self._tags[name], _ = self._write(name, content)

    def _write(self, path: str, pieces: Iterable[bytes] | bytes) -> tuple[str, int]:
        if not _PATH.fullmatch(path) or path in {*self.payload, *self._tags}:
            raise InvalidInput("path", "A package has no file of this name.")
        target = self.folder / path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for piece in [pieces] if isinstance(pieces, bytes) else pieces:
                file.write(piece)
                digest.update(piece)
                size += len(piece)
            file.flush()
            os.fsync(file.fileno())
        return digest.hexdigest(), size


def _lines(digests: dict[str, str]) -> bytes:
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items())).encode()


def _one_line(text: str) -> str:
    return " ".join(text.split())
