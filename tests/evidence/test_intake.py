"""Taking in: once per case, by its own bytes, sealed, or not at all."""

import hashlib
import io
import os
import stat
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError

from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.cases.selectors import timeline
from coordination.cases.services import Case
from coordination.core.errors import InvalidInput, NotFound, NotPermitted
from coordination.evidence import selectors, services
from coordination.evidence.errors import StoreFailed
from coordination.evidence.models import CustodyEvent, Exhibit
from coordination.evidence.services import store as objects_of
from coordination.ledger import selectors as ledger
from tests.exhibits import PHOTO_TEXT, WHY, Keep, objects


class Zeros(io.RawIOBase):
    """A file of zeros, of any size."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.left = size

    def read(self, size: int = -1, /) -> bytes:
        size = min(size if size >= 0 else self.left, self.left)
        self.left -= size
        return bytes(size)


def test_an_exhibit_is_what_came_in(exhibit: Exhibit, liaison: User) -> None:
    assert (exhibit.size, exhibit.media_type) == (len(PHOTO_TEXT), "text/plain")
    assert exhibit.sha256 == hashlib.sha256(PHOTO_TEXT).hexdigest()
    assert b"".join(services.view(exhibit, by=liaison, why=WHY)) == PHOTO_TEXT
    assert services.words(exhibit)["filename"] == "chat.txt"


def test_the_custody_begins_and_the_ledger_and_the_timeline_know(
    exhibit: Exhibit, liaison: User, case: Case
) -> None:
    event = selectors.custody_of(exhibit).get()
    assert (event.act, event.by, event.why) == ("taken_in", liaison, WHY)
    entry = ledger.entries_about(exhibit.reference).get()
    assert (event.entry_id, entry.action) == (entry.pk, "evidence.taken_in")
    assert entry.data["details"]["sha256"] == exhibit.sha256
    assert exhibit.reference in timeline(case).last().title


def test_nothing_of_it_lies_open(exhibit: Exhibit, store: Path) -> None:
    (file,) = objects(store)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"school" not in file.read_bytes()
    assert b"chat.txt" not in bytes(exhibit.words)


def test_the_same_content_is_one_exhibit_of_a_case(exhibit: Exhibit, keep: Keep, store: Path) -> None:
    assert keep(filename="again.txt") == exhibit
    assert len(objects(store)) == 1
    assert CustodyEvent.objects.count() == 1


def test_the_same_content_in_another_case_is_another_exhibit(
    exhibit: Exhibit, keep: Keep, store: Path
) -> None:
    other = cases.open_case("Another matter", by=None)
    assert keep(case=other) != exhibit
    assert len(objects(store)) == 2


@pytest.mark.parametrize(
    "name", ["../secret", "a/b", "c:\\d", "..", "", "a\nb", "a\x00b", "x" * 256, "a\u202eb"]
)
def test_a_name_that_is_a_path_or_hides_something_is_refused(keep: Keep, store: Path, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        keep(filename=name)
    assert refused.value.field == "filename"
    assert objects(store) == []


def test_nothing_is_taken_in_without_content_or_reason(keep: Keep, store: Path) -> None:
    for wrong, field in (({"content": b""}, "content"), ({"why": " "}, "why")):
        with pytest.raises(InvalidInput) as refused:
            keep(**wrong)
        assert refused.value.field == field
    assert objects(store) == []


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"%PDF-1.7\n" + b"x" * 50, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 50, "image/png"),
        ("Grüße".encode(), "text/plain"),
        (b"\x01\x02\x03\x04\xff\xfe" * 9, "application/octet-stream"),
    ],
)
def test_the_type_is_what_the_bytes_are_whatever_the_name_says(
    keep: Keep, content: bytes, media_type: str
) -> None:
    assert keep(content, filename="holiday.jpg").media_type == media_type


def test_who_may_not_take_in_is_refused(keep: Keep, auditor: User, store: Path) -> None:
    with pytest.raises(NotPermitted):
        keep(by=auditor)
    assert objects(store) == []


def test_a_foreign_case_is_as_if_missing(
    keep: Keep, case: Case, duty_officer: User, administrator: User, store: Path
) -> None:
    with pytest.raises(NotFound):
        keep(by=administrator)
    cases.grant(case, principal=duty_officer, by=None)
    cases.revoke(case, principal=Group.objects.get(name=Role.SAFETY_LIAISON), by=None)
    with pytest.raises(NotFound):
        keep()
    assert objects(store) == []


def test_what_cannot_be_recorded_is_not_shown(
    exhibit: Exhibit, liaison: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shut(*_: Any, **__: Any) -> None:
        raise DatabaseError("the ledger cannot be written")

    monkeypatch.setattr("coordination.evidence.services.custody.ledger.record", shut)
    with pytest.raises(DatabaseError):
        services.view(exhibit, by=liaison, why=WHY)


def test_a_large_file_streams_in_and_out_in_bounded_memory(store: Path, case: Case, liaison: User) -> None:
    """192 MiB: what is held at once depends on the size of a chunk, not of the file."""
    size = 192 * 1024 * 1024
    tracemalloc.start()
    try:
        exhibit, _ = services.take_in(
            case.reference, by=liaison, content=Zeros(size), filename="dump.bin", why=WHY
        )
        taken = sum(map(len, services.view(exhibit, by=liaison, why=WHY)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken == exhibit.size == size
    assert peak < 16 * 1024 * 1024


def test_an_object_that_no_record_names_is_swept_away_after_a_day(exhibit: Exhibit, store: Path) -> None:
    left = store / "ab" / "left-by-a-crash"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"x")
    assert services.sweep() == 0
    os.utime(left, (0, 0))
    for path in objects(store):
        os.utime(path, (0, 0))
    assert services.sweep() == 1
    assert [path.name for path in objects(store)] == [str(exhibit.blob)]


def test_an_object_is_written_once(exhibit: Exhibit, store: Path) -> None:
    before = objects(store)[0].read_bytes()
    with pytest.raises(StoreFailed):
        # The refusal takes nothing away that stood there before.
        objects_of.put(exhibit.blob, io.BytesIO(b"other"))  # type: ignore[arg-type]
    assert objects(store)[0].read_bytes() == before
