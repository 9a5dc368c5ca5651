"""EVD-01 of packages: what somebody forges who writes every list anew is found, with the ledger's key."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cases.conftest import Make
from tests.cases.package import check, resealed, trusting

Forge = Callable[[Path], None]


def _exhibits(folder: Path) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = json.loads((folder / "data/exhibits.json").read_text())
    return said


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in (folder / "data/custody.jsonl").read_text().splitlines()]


def _write(folder: Path, name: str, text: str) -> None:
    file = folder / "data" / name
    if file.exists():
        file.chmod(0o600)
    file.write_text(text)


def _write_exhibits(folder: Path, exhibits: list[dict[str, Any]]) -> None:
    _write(folder, "exhibits.json", json.dumps(exhibits))


def _write_lines(folder: Path, lines: list[dict[str, Any]]) -> None:
    _write(folder, "custody.jsonl", "".join(f"{json.dumps(each)}\n" for each in lines))


def _exhibit_twice(folder: Path) -> None:
    """A forged file under the reference of a true one, which stands behind it."""
    true = _exhibits(folder)
    _write(folder, "exhibits/forged.txt", "On Tuesday.\n")
    digest = hashlib.sha256(b"On Tuesday.\n").hexdigest()
    _write_exhibits(folder, [{**true[0], "path": "exhibits/forged.txt", "sha256": digest, "size": 12}, *true])


def _exhibit_elsewhere(folder: Path) -> None:
    """The true file out of sight, another one where readers look."""
    exhibits = _exhibits(folder)
    shown = folder / "data" / exhibits[0]["path"]
    _write(folder, "kept.txt", shown.read_text())
    shown.chmod(0o600)
    shown.write_text("On Tuesday.\n")
    _write_exhibits(folder, [{**exhibits[0], "path": "kept.txt"}, *exhibits[1:]])


def _exhibit_more(folder: Path) -> None:
    _write(folder, "exhibits/X-AAAA-AAAA.txt", "Nobody took this in.\n")


def _exhibit_of_another_kind(folder: Path) -> None:
    exhibits = _exhibits(folder)
    _write_exhibits(folder, [{**exhibits[0], "media_type": "image/png"}, *exhibits[1:]])


def _exhibit_key_twice(folder: Path) -> None:
    text = (folder / "data/exhibits.json").read_text()
    sha256 = _exhibits(folder)[0]["sha256"]
    _write(folder, "exhibits.json", text.replace('"sha256":', f'"sha256": "{"0" * 64}", "sha256":', 1))
    assert _exhibits(folder)[0]["sha256"] == sha256


def _no_exhibits(folder: Path) -> None:
    for each in (folder / "data/exhibits").iterdir():
        each.unlink()
    _write_exhibits(folder, [])
    _write_lines(folder, [])


def _line_of_somebody_else(folder: Path) -> None:
    lines = _lines(folder)
    name, _, number = lines[0]["by"].rpartition(" ")
    _write_lines(folder, [{**lines[0], "by": f"{name} {int(number) + 1}"}, *lines[1:]])


def _line_of_the_system(folder: Path) -> None:
    lines = _lines(folder)
    _write_lines(folder, [{**lines[0], "by": "the system"}, *lines[1:]])


def _line_twice(folder: Path) -> None:
    lines = _lines(folder)
    _write_lines(folder, [*lines, {**lines[-1], "line": len(lines) + 1}])


def _no_proof(folder: Path) -> None:
    """What is not proven could say anything."""
    (folder / f"data/ledger/proofs/{_lines(folder)[0]['leaf']}.tlog-proof").unlink()


def _no_checkpoint(folder: Path) -> None:
    ledger = folder / "data/ledger"
    for part in ("proofs", "timestamps"):
        shutil.rmtree(ledger / part)
    (ledger / "checkpoint").unlink()


def _link_to_a_folder(folder: Path) -> None:
    (folder / "data/more").symlink_to(folder.parent)


@pytest.mark.parametrize(
    "forge",
    [
        *(_exhibit_twice, _exhibit_elsewhere, _exhibit_more, _exhibit_of_another_kind, _exhibit_key_twice),
        *(_no_exhibits, _line_of_somebody_else, _line_of_the_system, _line_twice),
        *(_no_proof, _no_checkpoint),
    ],
)
def test_evd_01_what_is_forged_is_found_though_nobody_signed_the_certificate(
    forge: Forge, make: Make
) -> None:
    folder = make()
    forge(folder)
    resealed(folder)
    status, said = check(folder, *trusting(folder))
    assert status == 1, said


def test_evd_01_a_link_to_a_folder_is_no_part_of_a_package(make: Make) -> None:
    folder = make()
    _link_to_a_folder(folder)
    status, said = check(folder, *trusting(folder))
    assert status == 1
    assert "data/more is not listed" in said


def test_evd_05_the_time_is_what_the_authority_signed_and_not_what_stands_around_it(make: Make) -> None:
    """The status of an answer (RFC 3161, PKIStatusInfo) is signed by nobody, and openssl prints it first."""
    folder = make()
    stamp = folder / "data/ledger/timestamps/1.tsr"
    text = ["openssl", "ts", "-reply", "-in", str(stamp), "-text"]
    true = subprocess.run(text, capture_output=True, text=True, check=True).stdout
    when = true[true.index("Time stamp: ") :].splitlines()[0].removeprefix("Time stamp: ")
    before = when.replace(when[7:9], f"{(int(when[7:9]) + 12) % 24:02}", 1)
    stamp.chmod(0o600)
    stamp.write_bytes(_with_status(stamp.read_bytes(), f"Granted.\nTime stamp: {before}"))
    assert before in subprocess.run(text, capture_output=True, text=True, check=True).stdout
    resealed(folder)
    _, said = check(folder, *trusting(folder))
    assert before not in said


@pytest.mark.parametrize("separator", ["\u2028", "\u0085", "\u001e"])
def test_a_reason_with_a_character_that_parts_lines_elsewhere_is_still_one_line(
    separator: str, make: Make
) -> None:
    status, said = check(folder := make(why=f"Asked for{separator}by the court."), *trusting(folder))
    assert status == 0, said


def test_names_are_not_what_the_ledger_proves_and_a_note_says_so(make: Make) -> None:
    folder = make(name_people=True)
    status, said = check(folder, *trusting(folder))
    assert status == 0, said
    assert "note custody: people are named in 4 lines" in said


def _with_status(answer: bytes, words: str) -> bytes:
    """Return a time stamp's answer with other words in its status."""
    _, body, _ = _value(answer)
    _, _, end = _value(body)
    status = _tlv(0x30, b"\x02\x01\x00" + _tlv(0x30, _tlv(0x0C, words.encode())))
    return _tlv(0x30, status + body[end:])


def _value(der: bytes) -> tuple[int, bytes, int]:
    size, head = der[1], 2
    if size & 0x80:
        head += size & 0x7F
        size = int.from_bytes(der[2:head], "big")
    return der[0], der[head : head + size], head + size


def _tlv(tag: int, value: bytes) -> bytes:
    size = len(value)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + value
