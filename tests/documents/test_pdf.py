"""Documents: the same in, the same out; tagged; and nothing is fetched but our own templates' assets."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from coordination.documents import Unrenderable, render_pdf
from coordination.documents import pdf as module

ROOT = Path(__file__).resolve().parent.parent.parent
MOMENT = datetime(2026, 3, 6, 23, 12, 5, tzinfo=UTC)
PAGE = "{{% extends 'documents/base.html' %}}{{% block body %}}<h1>Title</h1>{}{{% endblock %}}"
RED = b'<rect width="8" height="8" fill="red"/>'
PIXEL = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">' + RED + b"</svg>"


class Folder:
    """A folder of templates."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def render(self, body: str, **context: Any) -> bytes:
        name = f"{hashlib.sha256(body.encode()).hexdigest()[:12]}.html"
        (self.path / name).write_text(PAGE.format(body))
        return render_pdf(name, {"created_at": MOMENT, "title": "A title", **context}, roots=[self.path])


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def read(content: bytes, place: Path) -> PdfReader:
    path = place / "read.pdf"
    path.write_bytes(content)
    return PdfReader(path)


def test_it_is_tagged_titled_dated_and_in_a_language(folder: Folder) -> None:
    document = read(folder.render("<p>Text.</p>", lang="de"), folder.path)
    catalogue = document.trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in catalogue
    assert catalogue["/Lang"] == "de"
    assert document.metadata is not None
    assert document.metadata.title == "A title"
    assert document.metadata.creation_date == MOMENT
    assert b"pdfuaid:part" in catalogue["/Metadata"].get_data()


def test_the_same_in_gives_the_same_out_also_beside_others(folder: Folder) -> None:
    bodies = [f"<p>Text {number}, Grüße</p>" for number in range(4)]
    alone = [folder.render(body) for body in bodies]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(folder.render, reversed(bodies))) == list(reversed(alone))
    assert len(set(alone)) == 4


def test_another_process_with_other_hashes_and_another_zone_gives_the_same_bytes() -> None:
    code = (
        "import os, hashlib, datetime, django; from django.conf import settings;"
        "settings.configure(TIME_ZONE=os.environ['TZ'], LANGUAGE_CODE=os.environ['WORDS'], USE_TZ=True);"
        "django.setup(); from coordination.documents import render_pdf;"
        "d = datetime.datetime(2026, 3, 6, 23, 12, 5, tzinfo=datetime.timezone.utc);"
        "made = render_pdf('documents/base.html', {'created_at': d, 'title': 'T'});"
        "print(hashlib.sha256(made).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "TZ": zone, "WORDS": words},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed, zone, words in (("1", "UTC", "en"), ("2", "Asia/Kolkata", "de"))
    }
    here = render_pdf("documents/base.html", {"created_at": MOMENT, "title": "T"})
    assert seen == {hashlib.sha256(here).hexdigest()}


def test_the_date_is_the_moment_and_not_its_zone(folder: Folder) -> None:
    moved = MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert folder.render("<p>Text</p>", created_at=moved) == folder.render("<p>Text</p>")


def test_without_a_date_there_is_no_document(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    for created_at in (None, datetime(2026, 1, 1), "2026-01-01"):  # noqa: DTZ001 - the case
        with pytest.raises(Unrenderable, match="no date"):
            folder.render("<p>Text</p>", created_at=created_at)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(MOMENT.timestamp())))
    assert folder.render("<p>Text</p>", created_at=None) == folder.render("<p>Text</p>")


def test_values_are_escaped(folder: Folder) -> None:
    content = folder.render("<p>{{ value }}</p>", value="<img src=x><b>bold</b>")
    assert "<b>bold</b>" in read(content, folder.path).pages[0].extract_text()


ELSEWHERE = [
    "file:///etc/passwd",
    "http://127.0.0.1:1/x.svg",
    "https://assets.invalid@127.0.0.1/x.svg",
    "https://assets.invalid:444/x.svg",
    "https://assets.invalid/x.svg?query",
    "//169.254.169.254/x.svg",
    "ftp://127.0.0.1/x.svg",
    "../outside.svg",
    "%2e%2e/outside.svg",
    "..%2foutside.svg",
    "/etc/passwd",
    "link.svg",
    "missing.svg",
    "secret.txt",
    "mark%00.svg",
]


@pytest.mark.parametrize("url", ELSEWHERE)
@pytest.mark.parametrize("place", ['<img src="{}" alt="">', '<p style="background: url({})">a</p>'])
def test_nothing_is_fetched_but_the_assets_of_the_templates(url: str, place: str, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "outside.svg").write_bytes(PIXEL)
    (inside / "secret.txt").write_text("a secret")
    (inside / "link.svg").symlink_to(tmp_path / "outside.svg")
    with pytest.raises(Unrenderable):
        Folder(inside).render(place.format(url))


def test_a_value_that_names_a_file_stops_the_document(folder: Folder) -> None:
    with pytest.raises(Unrenderable):
        folder.render('<img src="{{ value }}" alt="">', value="file:///etc/passwd")


def test_an_asset_beside_the_template_is_used(folder: Folder) -> None:
    (folder.path / "mark.svg").write_bytes(PIXEL)
    with_mark = folder.render('<img src="mark.svg" alt="A mark">')
    assert with_mark != folder.render("<p></p>")


def test_an_asset_that_is_too_large_is_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.path / "mark.svg").write_bytes(PIXEL)
    monkeypatch.setattr(module, "LARGEST_ASSET", 10)
    with pytest.raises(Unrenderable):
        folder.render('<img src="mark.svg" alt="A mark">')


def test_a_document_that_is_too_long_is_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_HTML", 1000)
    with pytest.raises(Unrenderable, match="more than"):
        folder.render("<p>{{ value }}</p>", value="x" * 1000)


@pytest.mark.parametrize("body", ["{% nonsense %}", "{% include 'missing.html' %}", "{{ value|nonsense }}"])
def test_a_broken_template_is_one_error(body: str, folder: Folder) -> None:
    with pytest.raises(Unrenderable):
        folder.render(body)


def test_a_template_that_is_not_there_is_the_same_error() -> None:
    for name in ("missing.html", "../README.md", "/etc/passwd"):
        with pytest.raises(Unrenderable):
            render_pdf(name, {"created_at": MOMENT})


def test_the_engine_is_loaded_only_when_a_document_is_made() -> None:
    code = "import sys, coordination.documents; sys.exit('weasyprint' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ}, check=False).returncode
        == 0
    )
