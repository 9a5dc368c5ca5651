"""What the ledger proves of the entries in a package, as files that others' tools read."""

import time
from collections.abc import Iterator, Sequence
from typing import Final

from coordination.cases import anchors
from coordination.cases.packages.bag import Bag
from coordination.core.errors import CoordinationError
from coordination.ledger import proofs, sequencing
from coordination.ledger.proofs import Gathered

# So long the ledger has to give the entries their places; a batch of 10,000 takes half a second.
PLACED_WITHIN: Final = 30.0
LOOK_AGAIN: Final = 0.2
NO_KEY: Final = "No key signs the ledger's checkpoints here (LEDGER_SIGNING_KEYS): nothing can be proven."


class Unproven(CoordinationError):
    """The ledger has not given every entry its place in time. Nothing was written; make the package again."""


def gather(leaves: Sequence[tuple[int, bytes]]) -> Gathered:
    """Return the proofs of these entries, (row, hash) each, all under one checkpoint.

    Entries that wait for their place are given one first, and the checkpoint over them is stamped where an
    authority is set; where it gives no stamp the package is unanchored and says so. Raises Unproven where
    they found no place within PLACED_WITHIN, and LedgerBroken where the tree is not what was signed.
    """
    rows = [row for row, _ in leaves]
    if not sequencing.ready():
        raise Unproven(NO_KEY)
    limit = time.monotonic() + PLACED_WITHIN
    while len((proven := proofs.gather(rows)).proofs) < len(set(leaves)):
        if time.monotonic() > limit:
            raise Unproven
        # Another sequencer may be at it: then there is nothing to do here but to look again.
        if not sequencing.sequence_all(seconds=PLACED_WITHIN):
            time.sleep(LOOK_AGAIN)
    if not proven.timestamps and anchors.anchor_latest():
        proven = proofs.gather(rows)
    return proven


def add_to(bag: Bag, proven: Gathered) -> None:
    """Write the ledger's files into a bag."""
    for name, content in _files(proven):
        bag.add(f"ledger/{name}", content)


def standing(proven: Gathered) -> str:
    """Say how far a package is proven outside, for its readers."""
    if proven.timestamps:
        return (
            "The checkpoint over the entries carries a time stamp of an authority outside"
            " (data/ledger/timestamps/)."
        )
    return "UNANCHORED: no authority outside has stamped the checkpoint over these entries."


def _files(proven: Gathered) -> Iterator[tuple[str, bytes]]:
    yield "checkpoint", proven.checkpoint
    yield "verifier-key", "".join(f"{key}\n" for key in proven.verifier_keys).encode()
    for leaf, proof in proven.proofs.items():
        yield f"proofs/{leaf.hex()}.tlog-proof", proof
    for number, stamp in enumerate(proven.timestamps, 1):
        yield f"timestamps/{number}.tsr", stamp
    if proven.authority:
        yield "timestamps/authority.pem", proven.authority
