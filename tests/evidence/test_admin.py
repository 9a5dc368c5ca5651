"""Exhibits on the desk: taken in on the case, opened with a reason, released behind a second factor."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from coordination.access.services import User
from coordination.cases.services import Case
from coordination.evidence import selectors, services
from coordination.evidence.models import Exhibit, Hold, Package
from coordination.ledger import selectors as ledger
from tests.doors import SignIn
from tests.evidence.test_transcripts import GOOD, written
from tests.exhibits import PHOTO_TEXT, WHY, objects

EXHIBITS = "/admin/evidence/exhibit/"


def do(browser: Client, case: Case, act: str, **data: Any) -> str:
    answer = browser.post(f"/admin/cases/case/{case.reference}/do/{act}/", data, follow=True)
    return str(answer.content.decode())


def do_to(browser: Client, exhibit: Exhibit, act: str, **data: Any) -> str:
    answer = browser.post(f"{EXHIBITS}{exhibit.reference}/do/{act}/", data, follow=True)
    return str(answer.content.decode())


@pytest.fixture
def desk(sign_in: SignIn, liaison: User) -> Client:
    return sign_in(liaison)


def test_a_file_is_taken_in_on_its_case(desk: Client, case: Case, store: Path) -> None:
    page = do(desk, case, "take_in", file=SimpleUploadedFile("a.txt", PHOTO_TEXT), why=WHY, what="Screenshot")
    exhibit = Exhibit.objects.get()
    assert f"Exhibit {exhibit.reference} was taken in" in page
    assert services.words(exhibit) == {"filename": "a.txt", "what": "Screenshot", "source": ""}
    assert len(objects(store)) == 1


def test_a_transcript_with_an_error_names_its_line(desk: Client, case: Case, store: Path) -> None:
    file = SimpleUploadedFile("a.jsonl", written([GOOD[0], {**GOOD[1], "at": "soon"}]))
    page = do(desk, case, "take_in", file=file, why=WHY, transcript="on")
    assert "Line 2, at" in page
    assert not Exhibit.objects.exists()


def test_content_is_sent_to_who_said_why_and_to_nobody_else(
    desk: Client, sign_in: SignIn, counsel: User, exhibit: Exhibit
) -> None:
    content = f"{EXHIBITS}{exhibit.reference}/content/"
    assert desk.get(content).status_code == 302
    assert "reason is in the custody" in do_to(desk, exhibit, "open", why=WHY)
    answer = desk.get(content)
    assert b"".join(answer.streaming_content) == PHOTO_TEXT  # type: ignore[attr-defined]
    assert answer["Content-Disposition"].startswith("attachment")
    assert sign_in(counsel).get(content).status_code == 302
    assert selectors.custody_of(exhibit).filter(act="viewed").count() == 1


def test_the_page_shows_the_custody_and_is_a_reading_in_the_ledger(desk: Client, exhibit: Exhibit) -> None:
    page = desk.get(f"{EXHIBITS}{exhibit.reference}/change/").content.decode()
    for words in (WHY, "chat.txt", exhibit.sha256, "Taken in"):
        assert words in page
    assert ledger.entries_about(exhibit.reference).filter(action="evidence.exhibit_read").exists()
    assert exhibit.reference in desk.get(EXHIBITS).content.decode()


def test_a_transcript_is_read_searched_and_cited_by_line(desk: Client, case: Case, store: Path) -> None:
    do(desk, case, "take_in", file=SimpleUploadedFile("a.jsonl", written(GOOD)), why=WHY, transcript="on")
    exhibit = Exhibit.objects.get()
    lines = f"{EXHIBITS}{exhibit.reference}/transcript/"
    asked = desk.get(lines, follow=True).content.decode()
    assert "Say first why" in asked
    assert 'class="error"' not in asked
    before = desk.get(f"{EXHIBITS}{exhibit.reference}/change/").content.decode()
    assert '<summary class="">Open</summary>' in before
    assert '<summary class="">Open</summary>' not in asked
    assert 'id="id_open_why"' in asked
    do_to(desk, exhibit, "open", why=WHY)
    page = desk.get(lines).content.decode()
    assert f"{exhibit.reference}, line 3" in page
    found = desk.get(lines, {"q": "school"}).content.decode()
    assert "Everybody at the SCHOOL." in found
    assert "Who will?" not in found


def test_a_hold_is_shown_to_counsel_alone(
    desk: Client, sign_in: SignIn, counsel: User, case: Case, exhibit: Exhibit
) -> None:
    lawyer, page = sign_in(counsel), f"/admin/cases/case/{case.reference}/change/"
    do(lawyer, case, "place_hold", reason="Litigation is anticipated.")
    assert "Litigation is anticipated." in lawyer.get(page).content.decode()
    shown = desk.get(page).content.decode()
    assert "Legal hold" not in shown
    assert "Litigation" not in shown
    do(lawyer, case, "lift_hold", reason="Settled.", target=str(Hold.objects.get().pk))
    assert Hold.objects.get().lifted_at is not None


def test_a_package_is_made_for_who_may_release(
    desk: Client, sign_in: SignIn, counsel: User, case: Case
) -> None:
    do(desk, case, "take_in", file=SimpleUploadedFile("a.txt", PHOTO_TEXT), why=WHY)
    exhibit = Exhibit.objects.get()
    said = {"recipient": "Harrow County Court", "why": WHY, "items": [exhibit.reference]}
    assert "is being made" in do(sign_in(counsel), case, "make_package", **said)
    assert Package.objects.get().items == [exhibit.reference]
    assert desk.post(f"/admin/cases/case/{case.reference}/do/make_package/", said).status_code == 403


def test_copies_and_checks_are_made_from_the_page(desk: Client, exhibit: Exhibit) -> None:
    assert "to the last bit" in do_to(desk, exhibit, "reverify", why=WHY)
    file = SimpleUploadedFile("redacted.txt", b"Meet me at the [redacted].")
    assert "is the redacted copy" in do_to(desk, exhibit, "add_redacted", file=file, why=WHY)
    assert exhibit.copies.get().kind == "redacted"


def test_the_command_takes_in_a_file_of_any_size(
    case: Case, liaison: User, store: Path, tmp_path: Path
) -> None:
    file = tmp_path / "dump.bin"
    file.write_bytes(bytes(900_000))
    call_command("exhibit_take_in", case.reference, str(file), by=liaison.username, why=WHY)
    assert Exhibit.objects.get().size == 900_000
    with pytest.raises(CommandError, match="No such file"):
        call_command("exhibit_take_in", case.reference, str(file) + "x", by=liaison.username, why=WHY)
