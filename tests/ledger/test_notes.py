"""Notes and proofs: of every changed bit it is told, and keys change with an overlap."""

from typing import Any

import pytest

from coordination.ledger import keys, merkle, notes, proofs, selectors
from coordination.ledger.notes import NoteBroken, VerifierKey
from tests.ledger.trees import grow

OLD, NEW = "A" * 43 + "=", "E" * 43 + "="


def _note() -> bytes:
    newest = selectors.latest_checkpoint()
    assert newest is not None
    return bytes(newest.note)


def _changed(whole: bytes) -> list[bytes]:
    return [
        whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
        for at in range(len(whole))
        for bit in range(8)
    ]


def test_evd_01_a_checkpoint_with_a_flipped_bit_never_holds(db: None) -> None:
    grow(20)
    note, known = _note(), keys.verifying()
    notes.open_checkpoint(note, known)
    for changed in _changed(note):
        with pytest.raises(NoteBroken):
            notes.open_checkpoint(changed, known)


def test_evd_01_a_proof_with_a_flipped_bit_never_holds(db: None) -> None:
    leaf, *_ = grow(20)
    whole, known = proofs.tlog_proof(leaf.pk), keys.verifying()
    assert _holds(whole, bytes(leaf.leaf_hash), known)
    for changed in _changed(whole):
        assert not _holds(changed, bytes(leaf.leaf_hash), known)


def _holds(content: bytes, leaf: bytes, known: list[VerifierKey]) -> bool:
    try:
        proof = notes.Proof.parse(content)
        said = notes.open_checkpoint(proof.note, known)
    except NoteBroken:
        return False
    return merkle.includes(leaf, index=proof.index, size=said.size, path=proof.path, root=said.root)


def test_while_keys_change_both_sign_and_either_is_enough(db: None, settings: Any) -> None:
    settings.LEDGER_SIGNING_KEYS = [NEW, OLD]
    grow(3)
    note = _note()
    assert note.count("\u2014 ".encode()) == 2
    for key in keys.verifying():
        assert notes.open_checkpoint(note, [key]).size == 3
    settings.LEDGER_SIGNING_KEYS = [NEW]
    [new] = keys.verifying()
    grow(3)
    settings.LEDGER_SIGNING_KEYS = [OLD]
    [old] = keys.verifying()
    assert notes.open_checkpoint(_note(), [new]).size == 6
    with pytest.raises(NoteBroken, match="no key of this ledger"):
        notes.open_checkpoint(_note(), [old])


def test_one_signature_that_does_not_hold_spoils_the_note_whatever_the_other_says(
    db: None, settings: Any
) -> None:
    settings.LEDGER_SIGNING_KEYS = [NEW, OLD]
    grow(3)
    first, second = _note().splitlines()[-2:]
    for line in (first, second):
        with pytest.raises(NoteBroken, match="does not hold"):
            notes.open_checkpoint(_note().replace(line, line[:-8] + b"AAAAAA=="), keys.verifying())
