"""Checkpoints and proofs hold for Go's own transparency-log packages, and no changed byte does."""

import os
import random
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from coordination.ledger import keys, notes, proofs, tree
from coordination.ledger.models import Checkpoint
from tests.ledger.trees import grow

SOURCE = Path(__file__).parent / "tlogcheck" / "main.go"
# Where Debian and Ubuntu put the sources of Go libraries.
GOPATH = Path("/usr/share/gocode")


@pytest.fixture(scope="session")
def tlogcheck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built once."""
    if shutil.which("go") is None or not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("Go's tlog is not here: apt-get install golang-go golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("tlogcheck")
    building = {"GO111MODULE": "off", "GOPATH": str(GOPATH), "GOCACHE": str(folder / "cache"), "GOFLAGS": ""}
    command = ["go", "build", "-o", str(folder / "tlogcheck"), str(SOURCE)]
    subprocess.run(command, env={**os.environ, **building}, check=True, timeout=300)
    return folder / "tlogcheck"


def _says(program: Path, *arguments: str | Path) -> bool:
    command = [str(program), arguments[0], str(keys.verifying()[0]), *map(str, arguments[1:])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


@pytest.mark.timeout(400)
def test_evd_08_gos_tlog_accepts_every_proof_and_no_changed_byte_of_one(
    db: None, tlogcheck: Path, tmp_path: Path
) -> None:
    leaves = grow(700)
    grow(77)
    proof, entry, chance = tmp_path / "proof", tmp_path / "entry", random.Random(8)
    for leaf in [leaves[0], leaves[255], leaves[256], leaves[511], leaves[-1], *chance.sample(leaves, 20)]:
        for checkpoint in Checkpoint.objects.all():
            proof.write_bytes(proofs.tlog_proof(leaf.pk, checkpoint=checkpoint))
            entry.write_bytes(bytes(leaf.entry))
            assert _says(tlogcheck, "record", proof, entry)
    whole = proof.read_bytes()
    # Go reads base64 with anything in the two bits that a last letter has to spare; ours does not.
    sites = [at for at in range(len(whole) - 1) if whole[at + 1 : at + 2] != b"="]
    for at in chance.sample(sites, 60):
        changed = bytearray(whole)
        changed[at] ^= 1
        proof.write_bytes(bytes(changed))
        assert not _says(tlogcheck, "record", proof, entry), at
    proof.write_bytes(whole)
    entry.write_bytes(bytes(leaves[3].entry))
    assert not _says(tlogcheck, "record", proof, entry)


@pytest.mark.timeout(400)
def test_evd_08_gos_tlog_accepts_that_each_tree_grew_out_of_the_one_before(
    db: None, tlogcheck: Path, tmp_path: Path
) -> None:
    for count in (1, 1, 254, 1, 200, 300):
        grow(count)
    found = list(Checkpoint.objects.order_by("size"))
    old, new, path = tmp_path / "old", tmp_path / "new", tmp_path / "path"
    for first, second in pairwise(found):
        old.write_bytes(bytes(first.note))
        new.write_bytes(bytes(second.note))
        hashes = proofs.consistency_path(first.size, second.size)
        path.write_text("".join(f"{notes.encode(each)}\n" for each in hashes))
        assert _says(tlogcheck, "tree", old, new, path)
        path.write_text("".join(f"{notes.encode(each)}\n" for each in reversed(hashes[:-1])))
        assert not _says(tlogcheck, "tree", old, new, path)
    assert tree.size() == found[-1].size
