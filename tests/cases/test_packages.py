"""Packages: whole and checkable by anybody, or refused with nothing left behind."""

import io
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from coordination.access.services import User
from coordination.cases import services
from coordination.cases.models import Case
from coordination.cases.packages.certificate import Signature
from coordination.core.errors import Conflict, InvalidInput, Refused
from coordination.evidence import selectors as evidence_selectors
from coordination.evidence import services as evidence
from coordination.evidence.services import Exhibit
from coordination.ledger import selectors as ledger
from coordination.ledger.notes import SigningKey
from tests.cases.conftest import COURT_ASKS, Make
from tests.cases.package import PASSPHRASE, Authority, check, flip, own_key, resealed, trusting
from tests.exhibits import objects


def test_a_package_holds_for_who_has_python_and_openssl(
    make: Make, signature: Signature, exhibits: list[Exhibit]
) -> None:
    folder = make(signature=signature)
    status, said = check(folder, *trusting(folder))
    assert status == 0, said
    assert "FAIL" not in said
    assert "\nnote" not in said
    assert said.splitlines()[-1].startswith("The package holds: ")
    for exhibit in exhibits:
        assert f"ok   exhibit {exhibit.reference}" in said
    for part in (
        f"checkpoint of {settings.LEDGER_ORIGIN} is signed",
        "entries are in the tree",
        "1.tsr says",
        "certificate:",
    ):
        assert part in said


def test_what_was_not_checked_against_something_from_outside_is_a_note(make: Make) -> None:
    status, said = check(make())
    assert status == 0
    for part in ("the package's own key", "the package's own authority", "a draft that nobody signed"):
        assert part in said


def test_the_release_is_in_custody_and_ledger_before_anything_leaves(
    make: Make, exhibits: list[Exhibit], case: Case
) -> None:
    folder = make()
    lines = [json.loads(line) for line in (folder / "data/custody.jsonl").read_text().splitlines()]
    assert [each["act"] for each in lines] == ["taken_in", "released"] * 2
    assert {each["recipient"] for each in lines if each["act"] == "released"} == {"Harrow County Court"}
    assert ledger.entries_about(case.reference).filter(action="cases.package_made").exists()


def _all_of(folder: Path) -> str:
    """Return every text of a package, that of its PDFs too."""
    pypdf = pytest.importorskip("pypdf")
    texts = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        if path.suffix == ".pdf" and "exhibits" not in path.parts:
            texts += [page.extract_text() for page in pypdf.PdfReader(path).pages]
        else:
            texts.append(path.read_bytes().decode(errors="replace"))
    return "\n".join(texts)


def test_who_it_goes_to_learns_roles_and_no_names(make: Make, counsel: User, liaison: User) -> None:
    folder = make()
    said = _all_of(folder)
    assert liaison.get_full_name() not in said
    assert counsel.get_full_name() not in said
    lines = [json.loads(line) for line in (folder / "data/custody.jsonl").read_text().splitlines()]
    assert {each["by"] for each in lines} == {
        f"safety liaison, person {liaison.pk}",
        f"counsel, person {counsel.pk}",
    }
    for line in lines:
        entry = json.loads((folder / f"data/ledger/entries/{line['leaf']}.json").read_text())
        assert line["by"].endswith(f"person {entry['by']}")
    assert " ".join(said.split()).count(f"people of {settings.PLATFORM_NAME}; the custodian names them") == 2


@pytest.mark.parametrize("more", [{"name_people": True}, {"recipient": ""}])
def test_names_go_where_somebody_says_so_or_nobody_gets_it(
    make: Make, more: dict[str, Any], liaison: User
) -> None:
    said = _all_of(make(**more))
    assert liaison.get_full_name() in said
    assert "the custodian names them" not in " ".join(said.split())


@pytest.mark.parametrize("name", ["custody/part-001.pdf", "certificate.pdf"])
def test_no_column_of_its_papers_runs_over_the_margin(make: Make, name: str) -> None:
    pypdf = pytest.importorskip("pypdf")
    starts: dict[str, float] = {}

    def note(text: str, scale: list[float], place: list[float], *_: Any) -> None:
        starts[text.strip()] = max(starts.get(text.strip(), 0.0), place[4] * scale[0] + scale[4])

    pages = pypdf.PdfReader(make() / "data" / name).pages
    for page in pages:
        page.extract_text(visitor_text=note)
    margin = 22 / 25.4 * 72
    assert "Bytes" in " ".join(starts)
    assert max(starts.values()) < float(pages[0].mediabox.width) - margin - 20  # a number's width before it


def test_only_the_chosen_exhibits_go(make: Make, exhibits: list[Exhibit]) -> None:
    folder = make(references=[exhibits[1].reference])
    assert [path.name for path in (folder / "data/exhibits").iterdir()] == [f"{exhibits[1].reference}.pdf"]
    assert exhibits[0].reference not in (folder / "data/custody.jsonl").read_text()


def test_bagit_py_validates_it(make: Make) -> None:
    bagit = pytest.importorskip("bagit", reason="bagit.py is not installed")
    folder = make()
    assert bagit.Bag(str(folder)).validate()
    exhibit = next((folder / "data/exhibits").iterdir())
    flip(exhibit, 3)
    with pytest.raises(bagit.BagError):
        bagit.Bag(str(folder)).validate()


def test_case_validate_conforms(make: Make) -> None:
    program = Path(sys.executable).with_name("case_validate")
    if not program.exists():
        pytest.skip("case_validate (case-utils) is not installed")
    graph = make() / "data/case.jsonld"
    good = subprocess.run([program, graph], capture_output=True, text=True, check=False)
    assert "Conforms: True" in good.stdout, good.stdout[:3000] + good.stderr[-2000:]
    graph.chmod(0o600)
    graph.write_text(graph.read_text().replace("uco-types:hashValue", "uco-types:hashValues", 1))
    assert subprocess.run([program, graph], capture_output=True, check=False).returncode != 0


def test_openssl_verifies_the_time_stamp(make: Make) -> None:
    folder = make()
    stamp = folder / "data/ledger/timestamps/1.tsr"
    data = ["-data", str(folder / "data/ledger/checkpoint"), "-in", str(stamp)]
    command = ["openssl", "ts", "-verify", *data, "-CAfile", str(folder.parent / "ca.pem")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    flip(folder / "data/ledger/checkpoint", 40)
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_pdfsig_verifies_the_signature(make: Make, signature: Signature) -> None:
    if shutil.which("pdfsig") is None:
        pytest.skip("pdfsig (poppler-utils) is not installed")
    pdf = make(signature=signature) / "data/certificate.pdf"
    said = subprocess.run(["pdfsig", "-nocert", str(pdf)], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    assert signature.name in said
    flip(pdf, 2000)
    said = subprocess.run(["pdfsig", "-nocert", str(pdf)], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" not in said


def test_the_certificate_says_who_what_and_how_in_the_words_of_the_law(
    make: Make, signature: Signature, exhibits: list[Exhibit]
) -> None:
    pypdf = pytest.importorskip("pypdf")
    pages = pypdf.PdfReader(make(signature=signature) / "data/certificate.pdf").pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    for words in (
        *("902(11)", "902(13)", "902(14)", signature.name, "the custodian of records"),
        "under penalty of perjury under the laws of the United States of America that the foregoing is true",
        *("AES-256-GCM", "append-only ledger", exhibits[0].reference),
    ):
        assert words in text
    for exhibit in exhibits:
        assert exhibit.sha256 in text.replace(" ", "")


def test_evd_01_a_flipped_bit_anywhere_is_found(make: Make, signature: Signature, tmp_path: Path) -> None:
    """Every file of a package, some bits of each; the program that checks is a whole one."""
    folder = make(signature=signature)
    verify = tmp_path / "verify.py"
    shutil.copy(folder / "verify.py", verify)
    rng = random.Random(7)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        before = file.read_bytes()
        flip(file, rng.randrange(len(before) * 8))
        done = subprocess.run(
            [sys.executable, "-I", str(verify), str(folder)], capture_output=True, text=True, check=False
        )
        name = file.relative_to(folder).as_posix()
        assert done.returncode == 1, f"{name}\n{done.stdout}"
        assert name in done.stdout or "manifest" in name or name.startswith("bag"), f"{name}\n{done.stdout}"
        file.write_bytes(before)
    assert check(folder)[0] == 0


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("data/custody.jsonl", "Harrow County Court", "Harrow Country Club"),
        ("data/custody.jsonl", '"act": "released"', '"act": "viewed"'),
        ("data/exhibits.json", '"size": 26', '"size": 27'),
        ("data/ledger/checkpoint", "/ledger\n", "/ledgers\n"),
    ],
)
def test_a_forger_who_writes_the_manifests_anew_is_found(
    make: Make, signature: Signature, name: str, before: str, after: str
) -> None:
    folder = make(signature=signature)
    file = folder / name
    assert before in file.read_text()
    file.chmod(0o600)
    file.write_text(file.read_text().replace(before, after))
    resealed(folder)
    status, said = check(folder, *trusting(folder))
    assert status == 1, said


def test_another_key_than_the_ledgers_is_refused(make: Make, tmp_path: Path) -> None:
    folder = make()
    other = tmp_path / "other"
    stranger = SigningKey(settings.LEDGER_ORIGIN, Ed25519PrivateKey.generate())
    other.write_text(str(stranger.verifier))
    status, said = check(folder, "--key", str(other))
    assert status == 1
    assert "not signed with the ledger's key" in said


@pytest.mark.parametrize(
    "line", ["data/../../etc/passwd", "/etc/passwd", "data/./a", "data//a", "..", "data/a b"]
)
def test_a_manifest_that_leads_out_is_refused(make: Make, line: str) -> None:
    folder = make()
    with (folder / "manifest-sha256.txt").open("a") as manifest:
        manifest.write(f"{'0' * 64}  {line}\n")
    status, said = check(folder)
    assert status == 1
    assert "is no line of a manifest" in said


def test_idr_02_rec_06_an_exhibit_of_another_case_goes_into_no_package(
    make: Make,
    keep: Any,
    tmp_path: Path,
    administrator: User,
) -> None:
    other = services.open_case("Another matter", by=None)
    foreign = keep(b"of the other", case=other)
    with pytest.raises(Refused) as refused:
        make(references=[foreign.reference])
    assert refused.value.rule == "evidence.of-another-case"
    assert not (tmp_path / "package").exists()
    assert [each.act for each in evidence_selectors.custody_of(foreign)] == ["taken_in"]


def test_a_broken_exhibit_stops_the_package_and_leaves_nothing(
    make: Make,
    store: Path,
    tmp_path: Path,
) -> None:
    flip(objects(store)[0], 900)
    with pytest.raises(evidence.ExhibitBroken):
        make()
    assert [path.name for path in tmp_path.iterdir() if "package" in path.name] == []


def test_of_two_writers_one_is_told(make: Make, tmp_path: Path) -> None:
    (tmp_path / ".package.part").mkdir()
    with pytest.raises(Conflict):
        make()
    (tmp_path / ".package.part").rmdir()
    make()
    with pytest.raises(Conflict):
        make()


def test_nobody_signs_for_another_and_the_system_for_nobody(
    make: Make, signature: Signature, liaison: User, authority: Authority
) -> None:
    with pytest.raises(Refused):
        make(by=None, signature=signature)
    stolen = Signature(
        person=signature.person,
        qualification="x",
        pkcs12=own_key("Somebody Else", authority),
        passphrase=PASSPHRASE,
    )
    with pytest.raises(Refused) as refused:
        make(signature=stolen)
    assert refused.value.rule == "cases.certified-by-another"


@pytest.mark.parametrize("wrong", ["passphrase", "qualification"])
def test_what_is_wrong_with_a_signature_is_named(make: Make, signature: Signature, wrong: str) -> None:
    said = {**vars(signature), wrong: ""}
    with pytest.raises(InvalidInput) as refused:
        make(signature=Signature(**said))
    assert refused.value.field == wrong


def test_the_command_makes_it_and_says_what_is_wrong(
    make: Make, case: Case, counsel: User, exhibits: list[Exhibit], tmp_path: Path
) -> None:
    folder, out = tmp_path / "by-command", io.StringIO()
    said = {"by": counsel.username, "recipient": "Harrow", "why": COURT_ASKS, "stdout": out, "stderr": out}
    call_command("case_package", case.reference, str(folder), items=[exhibits[0].reference], **said)
    assert check(folder)[0] == 0
    assert f"Check it with: python3 {folder / 'verify.py'} --key FILE --ca FILE" in out.getvalue()
    assert "exhibits: 1 of 1" in out.getvalue()
    for wrong, words in (({"by": "nobody-here"}, "--by"), ({"why": " "}, "why")):
        with pytest.raises(CommandError, match=words):
            call_command("case_package", case.reference, str(tmp_path / "other"), **{**said, **wrong})
