"""One batch on its way through a host: which messages started, which finished, and when to stop waiting."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from coordination.channels.codec import decode, encode
from coordination.channels.receipts import Receipt
from coordination.core import clock
from coordination.outbox.halt import Halt
from coordination.outbox.hosts.frames import BadFrame, Gone, Wire
from coordination.outbox.hosts.limits import seconds_to_wait
from coordination.outbox.hosts.outcomes import Kind, Outcome, Parcel

TICK: Final = 0.25
# While so many have not begun, frames are taken some at a time: two for each message, as they come, would
# wake this process two hundred times in a batch and cost a sixth of it.
MANY: Final = 8
PAUSE: Final = 0.002
# A host that was told to start no more, has nothing under way and still does not say "done" is not listening.
SETTLE_SECONDS: Final = 2.0
KINDS: Final = {
    "temporary": Kind.TEMPORARY,
    "permanent": Kind.PERMANENT,
    "unknown": Kind.UNKNOWN,
    "late": Kind.RETURNED,
}


class Flight:
    """Watches one batch. `run` returns False where the host must be killed."""

    def __init__(
        self, wire: Wire, parcels: Sequence[Parcel], *, seconds: float, redact: Callable[[str], str]
    ) -> None:
        self.wire, self.parcels = wire, parcels
        self.seconds, self.redact = seconds, redact
        self.waiting = dict.fromkeys(each.attempt.message_id for each in parcels)
        self.made = {each.attempt.message_id: each.attempt.started_at for each in parcels}
        self.started: dict[str, datetime] = {}
        self.flying: dict[str, float] = {}
        self.found: dict[str, Outcome] = {}
        self.settled_since: float | None = None
        self.told = False
        self.quiet = False

    def run(self, window: float, begin_by: float, halt: Halt) -> bool:
        """Send the batch and wait for its end. False: the host hangs, died or talks nonsense."""
        window_ends = time.monotonic() + window
        parcels = [_encoded(each) for each in self.parcels]
        try:
            self.wire.send({"verb": "deliver", "parcels": parcels, "begin_by": begin_by}, window)
            while not self._step(window_ends, halt):
                if self.quiet and self._stuck(halt):
                    return False
        except (TimeoutError, Gone, BadFrame):
            self._lose(Kind.CRASHED, "the host died")
            return False
        return True

    def outcomes(self) -> list[Outcome]:
        """Return one outcome for each message of the batch; what was never started is returned."""
        now = clock.now()
        for message_id in self.waiting:
            self.found[message_id] = Outcome(message_id=message_id, kind=Kind.RETURNED, finished_at=now)
        return [self.found[each.attempt.message_id] for each in self.parcels]

    def _step(self, window_ends: float, halt: Halt) -> bool:
        """Take one frame, or note that none came; tell whether that was the end."""
        if not self.told and (halt.asked or time.monotonic() >= window_ends or self._late()):
            self.wire.send({"verb": "stop"}, SETTLE_SECONDS)
            self.told = True
        if len(self.waiting) > MANY and self.wire.is_empty:
            time.sleep(PAUSE)
        try:
            frame = self.wire.receive(TICK)
        except TimeoutError:
            self.quiet = True
            return False
        self.quiet = False
        if "started" in frame:
            self._start(str(frame["started"]))
        elif "finished" in frame:
            self._finish(str(frame["finished"]), frame)
        elif "done" in frame:
            if self.flying:
                raise BadFrame("done, with messages under way")
            return True
        else:
            raise BadFrame("an unknown frame")
        return False

    def _start(self, message_id: str) -> None:
        if message_id not in self.waiting:
            raise BadFrame("started a message that it was not given")
        del self.waiting[message_id]
        self.flying[message_id] = time.monotonic()
        self.started[message_id] = clock.now()

    def _finish(self, message_id: str, frame: Mapping[str, Any]) -> None:
        if self.flying.pop(message_id, None) is None:
            raise BadFrame("finished a message that was not under way")
        self.found[message_id] = self._outcome(message_id, frame)

    def _outcome(self, message_id: str, frame: Mapping[str, Any]) -> Outcome:
        outcome = Outcome(
            message_id=message_id,
            kind=Kind.BROKE,
            started_at=self.started[message_id],
            finished_at=clock.now(),
        )
        error = frame.get("error")
        if error is not None:
            return replace(
                outcome,
                kind=KINDS.get(str(error), Kind.BROKE),
                error=self.redact(str(frame.get("text", ""))),
                retry_after=seconds_to_wait(frame.get("retry_after")),
            )
        receipt = _receipt(message_id, frame.get("result"))
        if receipt is None:
            return replace(outcome, error="it answered no valid receipt for this message")
        return replace(outcome, kind=Kind.RECEIPT, receipt=self._timed(receipt, outcome))

    def _timed(self, receipt: Receipt, outcome: Outcome) -> Receipt:
        """Return a receipt with the time at which they answered, where the channel knows none of theirs.

        It then says the only time that it was given, and that is when we made the batch: before the attempt
        began, which waits for the host and for its turn.
        """
        if receipt.occurred_at != self.made.get(receipt.message_id):
            return receipt
        return replace(receipt, occurred_at=outcome.finished_at)

    def _late(self) -> bool:
        oldest = next(iter(self.flying.values()), None)
        return oldest is not None and time.monotonic() - oldest >= self.seconds

    def _stuck(self, halt: Halt) -> bool:
        """Tell whether nothing more will come: all that is under way is late, or the host does not listen."""
        now = time.monotonic()
        if halt.left() <= 0:
            self._lose(Kind.HUNG, "broken off: the worker had to stop")
            return True
        if self.flying:
            self.settled_since = None
            if all(now - since >= self.seconds for since in self.flying.values()):
                self._lose(Kind.HUNG, f"no end after {self.seconds:g} s")
                return True
            return False
        if not self.told:
            return False
        self.settled_since = self.settled_since or now
        return now - self.settled_since >= SETTLE_SECONDS

    def _lose(self, kind: Kind, error: str) -> None:
        now = clock.now()
        for message_id in self.flying:
            self.found[message_id] = Outcome(
                message_id=message_id,
                kind=kind,
                error=error,
                started_at=self.started[message_id],
                finished_at=now,
            )
        self.flying.clear()


def _receipt(message_id: str, data: Any) -> Receipt | None:
    try:
        receipt = decode(Receipt, data)
    except ValueError:
        return None
    return receipt if receipt.message_id == message_id and receipt.occurred_at.tzinfo else None


def _encoded(parcel: Parcel) -> dict[str, Any]:
    return {"rendered": encode(parcel.rendered), "attempt": encode(parcel.attempt)}
