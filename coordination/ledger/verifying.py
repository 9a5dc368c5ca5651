"""The whole ledger, read again and checked: entries, places, tiles, checkpoints, time stamps, what waits.

Memory does not grow with the ledger. What one moment of the database shows is what is checked, while others
write on.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from coordination.ledger import anchoring, keys, notes, rereading
from coordination.ledger.anchoring import AnchorBroken
from coordination.ledger.findings import Finding, Found, Outcome, Tell, counted
from coordination.ledger.models import Anchor
from coordination.ledger.notes import NoteBroken, VerifierKey
from coordination.ledger.placing import Places, Signed


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A checkpoint that somebody kept elsewhere: under which name, and the note."""

    name: str
    note: bytes


@dataclass
class Verification:
    """One run. Each finding goes to `outcome` as it is made."""

    outcome: Outcome
    tell: Tell
    against: Sequence[Kept] = ()
    keys: list[VerifierKey] = field(default_factory=keys.verifying)

    def run(self) -> None:
        """Check everything; raise ImproperlyConfigured where the settings name no key."""
        with rereading.snapshot():
            self.outcome.signed = self._signed()
            elsewhere = sorted(self._elsewhere(), key=_size)
            stops = heapq.merge(self._checkpoints(), elsewhere, key=_size)
            Places(outcome=self.outcome, tell=self.tell, stops=stops).check()
            self._unplaced()
            self._anchors()

    def _signed(self) -> int:
        """Return how many entries the largest checkpoint has that holds."""
        for _, _, _, note in rereading.checkpoints_from_the_last():
            try:
                return notes.open_checkpoint(note, self.keys).size
            except NoteBroken:
                continue
        return 0

    def _checkpoints(self) -> Iterator[Signed]:
        for _, size, root, note in rereading.checkpoints():
            self.outcome.count("checkpoints")
            name = f"the checkpoint of {counted(size, 'entries')}"
            if wrong := self._of_checkpoint(size, root, note):
                self._found(f"{name}: {wrong}")
            if size > 0:
                yield Signed(size=size, root=b"" if wrong else root, name=name)

    def _of_checkpoint(self, size: int, root: bytes, note: bytes) -> str:
        """Return what is wrong with a checkpoint by itself, "" for nothing."""
        try:
            said = notes.open_checkpoint(note, self.keys)
        except NoteBroken as error:
            return str(error)
        if (said.size, said.root) != (size, root):
            return f"what was signed is another size or root, {counted(said.size, 'entries')}"
        return "" if size > 0 else "a tree without entries is never signed"

    def _elsewhere(self) -> Iterator[Signed]:
        for kept in self.against:
            try:
                said = notes.open_checkpoint(kept.note, self.keys)
            except NoteBroken as error:
                self._found(f"{kept.name}: {error}")
                continue
            if said.size > self.outcome.signed:
                size = counted(said.size, "entries")
                gone = f"{kept.name} was signed over {size}, and here are {self.outcome.signed}"
                self.outcome.add(Finding(what=f"{gone}: the last are gone", place=self.outcome.signed))
            elif said.size:
                yield Signed(size=said.size, root=said.root, name=kept.name, elsewhere=True)

    def _unplaced(self) -> None:
        for leaf_id, waits, *columns in rereading.unplaced():
            self.outcome.count("entries")
            self.outcome.waiting += bool(waits)
            entry, kept, at, action, subject = columns
            if wrong := rereading.fault((entry, kept, at, action, subject)):
                self._found(f"leaf {leaf_id}, which has no place: {wrong}")
            if not waits:
                self._found(f"leaf {leaf_id} has no place in the tree, and does not wait for one")
        for (leaf_id,) in rereading.waiting_for_nothing():
            self._found(f"leaf {leaf_id} waits for its place, and is gone")

    def _anchors(self) -> None:
        self.outcome.why = anchoring.uncheckable()
        for anchor in Anchor.objects.select_related("checkpoint").order_by("id").iterator():
            self.outcome.count("time stamps")
            if wrong := self._of_anchor(anchor):
                self._found(
                    f"a time stamp of the checkpoint of {counted(anchor.checkpoint.size, 'entries')}: {wrong}"
                )
            elif self.outcome.why:
                self.outcome.unchecked += 1
            else:
                self.outcome.anchored = max(self.outcome.anchored, anchor.checkpoint.size)
        lost = Anchor.objects.count() - self.outcome.read.get("time stamps", 0)
        if lost:
            self._found(f"{counted(lost, 'time stamps')} of no checkpoint")

    def _of_anchor(self, anchor: Anchor) -> str:
        """Return what is wrong with a time stamp, "" for nothing."""
        check = anchoring.check_kept if self.outcome.why else anchoring.check
        try:
            check(anchor)
        except AnchorBroken as error:
            return str(error)
        return ""

    def _found(self, what: str) -> None:
        self.outcome.add(Finding(what=what))


def verify(
    *,
    found: Found,
    tell: Tell = lambda _, __: None,
    against: Sequence[Kept] = (),
) -> Outcome:
    """Read every stored byte again and check it; call `found` with each finding, in the order of places.

    `tell(done, of all)` hears how far it is. Raises ImproperlyConfigured where nothing can be checked. It
    reads and writes nothing, in a transaction of its own.
    """
    outcome = Outcome(tell=found)
    Verification(outcome=outcome, tell=tell, against=against).run()
    return outcome


def _size(signed: Signed) -> int:
    return signed.size
