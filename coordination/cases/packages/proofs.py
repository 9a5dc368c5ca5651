"""What the ledger proves of the entries in a package, as files that others' tools read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from coordination.cases.packages.bag import Bag


@dataclass(frozen=True, kw_only=True)
class LedgerProofs:
    """A signed checkpoint, the key that it is signed with, proofs by leaf hash, and its time stamps."""

    checkpoint: bytes = b""
    verifier_key: str = ""
    proofs: Mapping[bytes, bytes] = field(default_factory=dict)
    timestamps: Sequence[bytes] = ()
    authority: bytes = b""


def none(leaves: Sequence[tuple[int, bytes]]) -> LedgerProofs:  # noqa: ARG001 - as Gather
    """Return no proofs: what no checkpoint covers is shown as such."""
    return LedgerProofs()


# (row, leaf hash) of each entry -> their proofs.
Gather = Callable[[Sequence[tuple[int, bytes]]], LedgerProofs]


def add_to(bag: Bag, proven: LedgerProofs) -> None:
    """Write the ledger's files into a bag."""
    for name, content in _files(proven):
        bag.add(f"ledger/{name}", content)


def _files(proven: LedgerProofs) -> Iterator[tuple[str, bytes]]:
    if not proven.checkpoint:
        return
    yield "checkpoint", proven.checkpoint
    yield "verifier-key", f"{proven.verifier_key}\n".encode()
    for leaf, proof in proven.proofs.items():
        yield f"proofs/{leaf.hex()}.tlog-proof", proof
    for number, stamp in enumerate(proven.timestamps, 1):
        yield f"timestamps/{number}.tsr", stamp
    if proven.authority:
        yield "timestamps/authority.pem", proven.authority
