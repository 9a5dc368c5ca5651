"""Exhibits of a case, in a store of the test's own."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured

from coordination.access.services import User
from coordination.cases.services import Case
from coordination.evidence import services
from coordination.evidence.services import Exhibit

PHOTO_TEXT = b"Meet me at the school on Monday.\n"
WHY = "Asked for by the reviewer of the flag."

Keep = Callable[..., Exhibit]


@pytest.fixture
def store(tmp_path: Path, settings: Any) -> Path:
    """An empty store on disk."""
    folder = tmp_path / "store"
    settings.STORAGES = in_folder(folder)
    return folder


@pytest.fixture
def keep(store: Path, case: Case, liaison: User) -> Keep:
    """Take content into the case: `keep(b"…")`, `keep(b"…", filename="a.jpg")`."""

    def taken_in(content: bytes = PHOTO_TEXT, **more: Any) -> Exhibit:
        said = {"by": liaison, "filename": "chat.txt", "why": WHY, **more}
        reference = said.pop("case", case).reference
        exhibit, _ = services.take_in(reference, content=io.BytesIO(content), **said)
        return exhibit

    return taken_in


@pytest.fixture
def exhibit(keep: Keep) -> Exhibit:
    """One exhibit of the case."""
    return keep()


def objects(store: Path) -> list[Path]:
    """Return what lies in the store."""
    return sorted(path for path in store.rglob("*") if path.is_file())


def in_folder(folder: Path) -> dict[str, Any]:
    """Return the stores of the settings, with exhibits in a folder of the test's own."""
    backend = {"BACKEND": "coordination.evidence.files.ExhibitFiles", "OPTIONS": {"location": str(folder)}}
    return {**configured.STORAGES, "evidence": backend}
