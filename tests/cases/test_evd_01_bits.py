"""EVD-01: one flipped bit in an object, an entry, a signature or a time stamp. All are found, and named.

13,000 random bits: 10,000 of a stored object and 3,000 over every file of a package; beside them 2,000 of its
entries, 700 of the checkpoint's signature and 100 of a time stamp's, which hold without the manifests too.
"""

import io
import json
import random
import subprocess

import pytest
from django.conf import settings

from coordination.cases.packages import verify
from coordination.cases.packages.certificate import Signature
from coordination.evidence import sealed
from coordination.evidence.errors import ExhibitBroken
from tests.cases.conftest import Make

OF_AN_OBJECT, OF_A_PACKAGE = 10_000, 3_000


def _flipped(content: bytes, bit: int) -> bytes:
    bits = bytearray(content)
    bits[bit // 8] ^= 1 << bit % 8
    return bytes(bits)


def test_evd_01_of_10_000_flipped_bits_of_an_object_none_is_missed() -> None:
    """Of two chunks, so that the first, the last and the border between them are hit."""
    record, key, chance = "X-1/C-1/blob", sealed.new_key(), random.Random(1)
    content = chance.randbytes(sealed.CHUNK + 5_000)
    whole = sealed.Sealing(io.BytesIO(content), key=key, record=record).read()
    assert b"".join(sealed.opened(io.BytesIO(whole), key=key, record=record)) == content
    for bit in chance.sample(range(len(whole) * 8), OF_AN_OBJECT):
        with pytest.raises(ExhibitBroken):
            b"".join(sealed.opened(io.BytesIO(_flipped(whole, bit)), key=key, record=record))


def test_evd_01_of_3_000_flipped_bits_of_a_package_each_names_its_file(
    make: Make, signature: Signature, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file alike, whatever its size. What is wrong in the list of lists may show as another file's."""
    folder, chance = make(signature=signature), random.Random(2)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    whole = {path: path.read_bytes() for path in files}
    said: list[str] = []
    monkeypatch.setattr(verify, "say", lambda word, text: said.append(f"{word} {text}"))
    for _ in range(OF_A_PACKAGE):
        path = chance.choice(files)
        path.write_bytes(_flipped(whole[path], chance.randrange(len(whole[path]) * 8)))
        said.clear()
        try:
            verify.check_files(folder)
        except verify.Wrong as error:
            said.append(f"FAIL {error}")
        path.write_bytes(whole[path])
        name = path.relative_to(folder).as_posix()
        found = [each for each in said if each.startswith("FAIL")]
        assert found, name
        assert name == "tagmanifest-sha256.txt" or any(name in each for each in found), f"{name}: {found}"
    said.clear()
    verify.check_files(folder)
    assert [each[:2] for each in said] == ["ok"]


def test_evd_01_a_flipped_bit_of_an_entry_names_its_line_whatever_the_manifests_say(make: Make) -> None:
    folder, chance = make(), random.Random(3)
    exhibits = {each["reference"]: each for each in json.loads((folder / "data/exhibits.json").read_text())}
    lines = [json.loads(each) for each in (folder / "data/custody.jsonl").read_text().splitlines()]
    for line in lines:
        file = folder / f"data/ledger/entries/{line['leaf']}.json"
        whole = file.read_bytes()
        for bit in chance.sample(range(len(whole) * 8), 500):
            file.write_bytes(_flipped(whole, bit))
            with pytest.raises(verify.Wrong, match=f"^line {line['line']}: "):
                verify.check_entry(folder, line, exhibits[line["exhibit"]])
        file.write_bytes(whole)
        verify.check_entry(folder, line, exhibits[line["exhibit"]])


def test_evd_01_a_flipped_bit_of_the_checkpoints_signature_is_found(make: Make) -> None:
    """Every bit of its base64: what would decode to the same bytes is another text all the same."""
    folder = make()
    note = (folder / "data/ledger/checkpoint").read_text()
    key = (folder / "data/ledger/verifier-key").read_text().strip()
    text, _, signatures = note.rpartition("\n\n")
    assert verify.signed(f"{text}\n", signatures, key)
    at = len(f"\u2014 {settings.LEDGER_ORIGIN} ")
    for bit in range((len(signatures.strip()) - at) * 8):
        flipped = signatures[:at] + _flipped(signatures[at:].encode(), bit).decode("latin-1")
        assert not _holds(f"{text}\n", flipped, key), bit


def test_evd_01_a_flipped_bit_of_a_time_stamps_signature_is_found_by_openssl(make: Make) -> None:
    folder, chance = make(), random.Random(4)
    stamp = folder / "data/ledger/timestamps/1.tsr"
    whole = stamp.read_bytes()
    command = ["openssl", "ts", "-verify", "-data", str(folder / "data/ledger/checkpoint"), "-in", str(stamp)]
    command += ["-CAfile", str(folder.parent / "ca.pem")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    last = (len(whole) - 60) * 8  # the signature stands at the end
    for bit in chance.sample(range(last, len(whole) * 8), 100):
        stamp.write_bytes(_flipped(whole, bit))
        assert subprocess.run(command, capture_output=True, check=False).returncode != 0, bit
    stamp.write_bytes(whole)


def _holds(text: str, signatures: str, key: str) -> bool:
    try:
        return verify.signed(text, signatures, key)
    except (verify.Wrong, ValueError):
        return False
