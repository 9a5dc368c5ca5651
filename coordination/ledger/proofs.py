"""What can be handed to somebody outside: checkpoints, proofs, verifier keys and time stamps, as files.

Everything here is in a public format and is checked without this software (docs/ledger.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from coordination.core.errors import NotFound
from coordination.ledger import keys, merkle, models, notes, selectors, tree
from coordination.ledger.models import Checkpoint

__all__ = [
    "Gathered",
    "authority_roots",
    "consistency_path",
    "gather",
    "timestamps",
    "tlog_proof",
    "verifier_keys",
]


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """One checkpoint and what it proves: tlog-proof files by leaf hash, its time stamps, and how to check.

    `verifier_keys` are the lines name+id+key; `timestamps` are DER answers of the authority (.tsr files);
    `authority` is PEM. Leaves that are under no checkpoint yet have no proof. Empty bytes for no checkpoint.
    """

    checkpoint: bytes
    verifier_keys: Sequence[str]
    proofs: Mapping[bytes, bytes]
    timestamps: Sequence[bytes]
    authority: bytes


def tlog_proof(leaf_id: int, *, checkpoint: Checkpoint | None = None) -> bytes:
    """Return the tlog-proof file of a leaf, under `checkpoint` or the one that selectors would show for it.

    Raises NotFound where the leaf waits for its place, or the checkpoint is older than it.
    """
    index = selectors.index_of(leaf_id)
    if index is None:
        raise NotFound("The entry is under no checkpoint yet.")
    checkpoint = checkpoint or selectors.checkpoint_covering(index)
    if checkpoint is None or index >= checkpoint.size:
        raise NotFound("The checkpoint does not cover the entry.")
    return _proof(index, checkpoint, tree.Stored())


def consistency_path(old: int, new: int) -> list[bytes]:
    """Return the hashes that prove the tree of `old` leaves to be where that of `new` began."""
    return merkle.consistency_path(old, new, tree.Stored().subtree)


def verifier_keys() -> list[str]:
    """Return the lines by which checkpoints are checked, the current key first."""
    return [str(key) for key in keys.verifying()]


def timestamps(checkpoint: Checkpoint) -> list[bytes]:
    """Return the time stamps of a checkpoint's note, as `openssl ts -verify -in` reads them."""
    return [bytes(each.response) for each in selectors.anchors_of(checkpoint)]


def authority_roots() -> bytes:
    """Return the roots that we trust for time stamps, PEM; empty where none are set."""
    return Path(settings.LEDGER_AUTHORITY_ROOTS).read_bytes() if settings.LEDGER_AUTHORITY_ROOTS else b""


def gather(leaf_ids: Sequence[int]) -> Gathered:
    """Return the proofs of many leaves under one checkpoint: the first with a time stamp over them all.

    Where there is none, the latest one, and its proofs for those that it covers.
    """
    places = dict(
        models.Sequence.objects.filter(leaf_id__in=list(leaf_ids)).values_list("index", "leaf__leaf_hash")
    )
    last = max(places, default=-1)
    checkpoint = selectors.checkpoint_covering(last) if len(places) == len(set(leaf_ids)) else None
    checkpoint = checkpoint or selectors.latest_checkpoint()
    if checkpoint is None:
        return Gathered(checkpoint=b"", verifier_keys=(), proofs={}, timestamps=(), authority=b"")
    stored = tree.Stored()
    stamps = timestamps(checkpoint)
    return Gathered(
        checkpoint=bytes(checkpoint.note),
        verifier_keys=verifier_keys(),
        proofs={
            bytes(leaf_hash): _proof(index, checkpoint, stored)
            for index, leaf_hash in sorted(places.items())
            if index < checkpoint.size
        },
        timestamps=stamps,
        authority=authority_roots() if stamps else b"",
    )


def _proof(index: int, checkpoint: Checkpoint, stored: tree.Stored) -> bytes:
    path = merkle.inclusion_path(index, checkpoint.size, stored.subtree)
    return notes.Proof(index=index, path=tuple(path), note=bytes(checkpoint.note)).encode()
