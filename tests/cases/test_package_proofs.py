"""What the ledger proves of a package: every entry, under one checkpoint, with its time stamp or without."""

import subprocess
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from coordination.cases.packages import proofs, verify
from coordination.desk.demo.authority import Authority
from coordination.ledger import keys, merkle, notes, sequencing, tree
from coordination.ledger.models import Anchor, AnchorFailure, Pending
from tests.cases.conftest import Make
from tests.cases.package import check, flip, trusting
from tests.threads import Beside
from tests.timestamps import Served, serving


def test_each_entry_of_the_custody_has_its_proof_under_the_one_checkpoint(make: Make) -> None:
    ledger = make() / "data/ledger"
    said = notes.open_checkpoint((ledger / "checkpoint").read_bytes(), keys.verifying())
    entries = {each.stem for each in (ledger / "entries").iterdir()}
    files = {each.stem: each.read_bytes() for each in (ledger / "proofs").iterdir()}
    assert set(files) == entries
    assert len(entries) == 4
    for leaf, content in files.items():
        proof = notes.Proof.parse(content)
        assert proof.note == (ledger / "checkpoint").read_bytes()
        at = {"index": proof.index, "size": said.size, "path": proof.path, "root": said.root}
        assert merkle.includes(bytes.fromhex(leaf), **at)
    assert (ledger / "verifier-key").read_text().split() == [str(each) for each in keys.verifying()]


def test_it_asks_for_the_stamp_of_its_own_checkpoint(make: Make, timestamps: Served) -> None:
    folder = make()
    kept = Anchor.objects.get()
    assert (folder / "data/ledger/timestamps/1.tsr").read_bytes() == bytes(kept.response)
    assert (folder / "data/ledger/checkpoint").read_bytes() == bytes(kept.checkpoint.note)
    assert "carries a time stamp" in (folder / "data/README.txt").read_text()
    make("another", references=[])
    assert len(timestamps.queries) == 2, "the second has entries of its own"


@pytest.mark.parametrize("without", ["an authority", "an answer of it"])
def test_what_nobody_stamped_is_called_unanchored(
    without: str, make: Make, timestamps: Served, settings: Any
) -> None:
    if without == "an authority":
        settings.LEDGER_AUTHORITY_URL = ""
    else:
        timestamps.will(lambda handler, _: handler.send_error(503))
    folder = make()
    assert "UNANCHORED" in (folder / "data/README.txt").read_text()
    assert not (folder / "data/ledger/timestamps").exists()
    status, said = check(folder, *trusting(folder))
    assert status == 0, said
    assert "note time stamps: none, the package is unanchored" in said
    assert AnchorFailure.objects.count() == (without == "an answer of it")


def test_entries_without_a_place_in_time_stop_the_package(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another sequencer holds the lock and never ends."""
    monkeypatch.setattr(proofs, "PLACED_WITHIN", 0.5)
    held = threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [sequencing.LOCK])
            held.set()
            time.sleep(3.0)

    other = Beside(hold)
    assert held.wait(10)
    began = time.monotonic()
    with pytest.raises(proofs.Unproven):
        make()
    assert time.monotonic() - began < 2.5
    other.result()
    assert not list(tmp_path.glob("*package*"))
    assert Pending.objects.exists()


def test_without_a_key_nothing_is_proven_and_nothing_made(make: Make, settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_SIGNING_KEYS = []
    with pytest.raises(proofs.Unproven, match="LEDGER_SIGNING_KEYS"):
        make()
    assert not (tmp_path / "package").exists()


def test_a_tree_that_is_not_what_was_signed_proves_nothing(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make()
    monkeypatch.setattr(sequencing.Frontier, "root", lambda _: bytes(32))
    with pytest.raises(tree.LedgerBroken):
        make("another")
    assert not (tmp_path / "another").exists()


def test_after_a_rotation_both_keys_are_in_the_package(make: Make, settings: Any) -> None:
    old = keys.verifying()[0]
    settings.LEDGER_SIGNING_KEYS = ["QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="]
    settings.LEDGER_VERIFIER_KEYS = [str(old)]
    folder = make()
    assert str(old) in (folder / "data/ledger/verifier-key").read_text()
    assert check(folder)[0] == 0
    (folder.parent / "old").write_text(str(old))
    assert check(folder, "--key", str(folder.parent / "old"))[0] == 1


@pytest.mark.parametrize("name", ["checkpoint", "verifier-key", "timestamps/1.tsr", "proofs", "entries"])
def test_evd_01_what_is_flipped_in_a_file_of_the_ledger_is_found_without_the_manifests(
    name: str, make: Make
) -> None:
    """The last byte but one: of a signature, of a key, of a hash."""
    folder = make()
    file = folder / "data/ledger" / name
    file = next(file.iterdir()) if file.is_dir() else file
    size = file.stat().st_size
    flip(file, (size - 2) * 8)
    found = []
    for part in (verify.check_custody, verify.check_timestamps):
        try:
            part(folder, None)
        except (verify.Wrong, ValueError) as error:
            found.append(str(error))
    assert found, name


def test_a_stamp_holds_in_a_package_after_its_certificate_ended(
    make: Make, settings: Any, tmp_path: Path
) -> None:
    short = Authority(tmp_path / "short", begins=-timedelta(minutes=1), lasts=timedelta(seconds=75))
    with serving(short) as served:
        settings.LEDGER_AUTHORITY_URL, settings.LEDGER_AUTHORITY_ROOTS = served.url, str(short.roots)
        folder = make()
    time.sleep(16)
    stamp = folder / "data/ledger/timestamps/1.tsr"
    command = ["openssl", "ts", "-verify", "-data", str(folder / "data/ledger/checkpoint"), "-in", str(stamp)]
    now = subprocess.run([*command, "-CAfile", str(short.roots)], capture_output=True, check=False)
    assert now.returncode != 0, "the certificate has ended"
    status, said = check(folder)
    assert status == 0, said
    assert "1.tsr says" in said
