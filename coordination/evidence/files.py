"""Exhibits as files on disk: written once, whole or not at all, for the application's user alone."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

BLOCK = 256 * 1024


class ExhibitFiles(FileSystemStorage):
    """A directory of sealed objects. A name is taken once; nothing ever replaces what stands under it."""

    def _save(self, name: str, content: Any) -> str:
        target = Path(self.path(name))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        try:
            self._write(part, content)
            os.link(part, target)  # unlike a rename it fails where the name is taken
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
        _sync(target.parent)
        return name

    def _write(self, part: Path, content: Any) -> None:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            while block := content.read(BLOCK):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())

    def get_available_name(self, name: str, max_length: int | None = None) -> str:  # noqa: ARG002
        """Return the name as it is: an object that stands there is an error, no reason to differ."""
        return name


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
