"""What a package says of itself to who opens it: its README, the last line of its check, and its papers."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from coordination.access.services import User
from coordination.cases.packages.certificate import Signature
from coordination.core import clock
from coordination.evidence import services as evidence
from coordination.evidence.services import Exhibit
from tests.cases.conftest import Make
from tests.cases.package import check, trusting


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((), "holds by its own keys; --key and --ca not given: "),
        (("--key",), "holds by its own keys; --ca not given: "),
        (("--ca",), "holds by its own keys; --key not given: "),
    ],
)
def test_the_last_line_says_that_it_was_checked_by_its_own_keys(
    make: Make, given: tuple[str, ...], words: str
) -> None:
    folder = make()
    key, path, ca, root = trusting(folder)
    options = [each for pair in ((key, path), (ca, root)) if pair[0] in given for each in pair]
    status, said = check(folder, *options)
    assert status == 0
    assert said.splitlines()[-1].startswith(f"The package {words}")


def test_the_readme_and_the_help_say_what_to_check_it_with(make: Make) -> None:
    folder = make()
    readme = (folder / "data/README.txt").read_text()
    for words in (
        *(
            "python3 verify.py --key FILE --ca FILE",
            "Python 3.9 or newer",
            f"ask {settings.PLATFORM_NAME} for it",
        ),
        *(
            "not from this package",
            "the root of the time stamp authority",
            "SHA-256 of tagmanifest-sha256.txt",
        ),
    ):
        assert words in readme
    command = [sys.executable, "-I", str(folder / "verify.py"), "--help"]
    helped = " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    for words in ("not from this package", "the root of the time stamp authority", "tagmanifest-sha256.txt"):
        assert words in helped


def test_the_readme_names_every_file_beside_it(make: Make) -> None:
    data = make() / "data"
    readme = (data / "README.txt").read_text()
    for path in data.iterdir():
        assert path.name in readme or path.name == "README.txt", path.name


def test_a_draft_dates_no_declaration(make: Make, signature: Signature) -> None:
    pypdf = pytest.importorskip("pypdf")

    def declared(folder: Path) -> str:
        return " ".join(pypdf.PdfReader(folder / "data/certificate.pdf").pages[-1].extract_text().split())

    draft = declared(make())
    assert "Executed on ____" in draft
    for blank in ("Signature: ____", "Name: ____", "Capacity: ____"):
        assert blank in draft
    today = f"{clock.now():%Y-%m-%d}"
    assert today not in draft
    assert f"Executed on {today}" in declared(make("signed", signature=signature))


def test_no_line_of_the_custody_breaks_across_pages(
    make: Make, exhibits: list[Exhibit], counsel: User
) -> None:
    pypdf = pytest.importorskip("pypdf")
    for number in range(40):
        evidence.reverify(exhibits[0], by=counsel, why=f"begins{number:03d} {'word ' * 60}ends{number:03d}")
    pages = [page.extract_text() for page in pypdf.PdfReader(make() / "data/custody/part-001.pdf").pages]
    assert len(pages) > 3
    assert "exhibit by exhibit" in " ".join(pages[0].split())
    for number in range(40):
        assert [f"begins{number:03d}" in each for each in pages] == [
            f"ends{number:03d}" in each for each in pages
        ]
