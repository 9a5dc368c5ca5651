"""Sending one batch: the four-fold check, the host, and what to do when a host dies on the way."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError

from coordination.channels.messages import Attempt, MessageKind, Priority, Rendered
from coordination.channels.registry import UnknownChannel
from coordination.channels.secrets import SecretNotFound
from coordination.core import clock
from coordination.core.sealing import SealBroken
from coordination.outbox.claims import Bound, Claim, retake
from coordination.outbox.halt import Halt
from coordination.outbox.hosts import (
    HostFailed,
    HostSpec,
    Kind,
    Outcome,
    Parcel,
    Pool,
    boot_seconds,
    spec_for,
)
from coordination.outbox.retries import Verdict, hold, judge, unreadable
from coordination.outbox.workflow import HeldFor
from coordination.partners import selectors as partners
from coordination.partners.services import Destination

logger = logging.getLogger(__name__)

# A batch begins no message after this; what is left is claimed again. A drain is asked to make way as often.
WINDOW_SECONDS: Final = 5.0
SLACK_SECONDS: Final = 15.0
# Of a lease, this much is kept for recording: what it no longer covers is not begun.
RECORD_SECONDS: Final = 5.0
# So soon after its claim a batch is sent without a look at whether somebody voided part of it meanwhile.
AT_ONCE_SECONDS: Final = 0.1
# One frame holds so much content; more goes in several.
FRAME_BYTES: Final = 16 * 1024 * 1024

Pair = tuple[Claim, Parcel]


def lease_for(deadline_seconds: float) -> timedelta:
    """Return how long a claim is ours: all that a batch can take, and time to record it."""
    return timedelta(seconds=WINDOW_SECONDS + SLACK_SECONDS + _end_of(deadline_seconds) - RECORD_SECONDS)


def _end_of(deadline_seconds: float) -> float:
    """Return how much of a lease a message needs that begins now."""
    # Two deadlines: the last message begins at the end of the window, and what hangs is waited for once more.
    return 2 * deadline_seconds + RECORD_SECONDS


def send(claims: Sequence[Claim], destination: Destination, *, pool: Pool, halt: Halt) -> list[Verdict]:
    """Send what was claimed, outside any transaction; return one verdict for each that is still ours.

    Never raises. Nothing begins to leave without enough of its lease left, however long we stood still, nor
    what was voided before its frame was handed to the host.
    """
    try:
        spec = spec_for(destination.channel, destination.config)
    except UnknownChannel:
        return [
            hold(each, f"The channel {destination.channel} is not installed, or not in PLUGINS_ALLOWED.")
            for each in claims
        ]
    except SecretNotFound:
        return [hold(each, "A secret that the destination names is missing.") for each in claims]
    way = _Way(destination=destination, spec=spec, pool=pool, halt=halt)
    held, pairs = _check(claims, destination)
    outcomes = way.deliver(pairs)
    return held + [
        way.judge(pair, outcomes[pair[0].delivery_id]) for pair in pairs if pair[0].delivery_id in outcomes
    ]


def _check(claims: Sequence[Claim], destination: Destination) -> tuple[list[Verdict], list[Pair]]:
    """Part what may leave from what is no longer what was approved."""
    held: list[Verdict] = []
    pairs: list[Pair] = []
    live = Bound(
        digest="",
        destination=destination.pk,
        channel=destination.channel,
        fingerprint=partners.destination_fingerprint(destination),
    )
    now = clock.now()
    for each in claims:
        try:
            content = each.content()
        except SealBroken:
            held.append(hold(each, "The sealed content does not open.", HeldFor.CHANGE))
            continue
        if wrong := each.mismatches(live, content):
            held.append(hold(each, f"Not what was approved: {', '.join(wrong)}.", HeldFor.CHANGE))
        else:
            pairs.append((each, _parcel(each, content, now)))
    return held, pairs


def _parcel(claim: Claim, content: bytes, now: datetime) -> Parcel:
    return Parcel(
        rendered=Rendered(content=content, media_type=claim.media_type, filename=claim.filename, preview=""),
        attempt=Attempt(
            message_id=str(claim.message_id),
            number=claim.number,
            started_at=now,
            kind=MessageKind(claim.kind),
            reference=claim.reference,
            priority=Priority(claim.lane),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Way:
    """One destination and the host that leads there."""

    destination: Destination
    spec: HostSpec
    pool: Pool
    halt: Halt

    def deliver(self, pairs: Sequence[Pair]) -> dict[int, Outcome]:
        """Send through the warm host, in frames of a bearable size; return the outcome of each delivery.

        What is not ours any more did not leave, and has no outcome.
        """
        found: dict[int, Outcome] = {}
        full = False
        for number, chunk in enumerate(_chunks(pairs)):
            # What one frame could not begin within the window, the next ones cannot either.
            if full:
                found |= _all(chunk, Kind.RETURNED)
                continue
            outcomes, voided = self._deliver(chunk, first=number == 0)
            full = any(each.kind == Kind.RETURNED for each in outcomes.values())
            found |= outcomes | _all(voided, Kind.RETURNED)
        return found

    def judge(self, pair: Pair, outcome: Outcome) -> Verdict:
        """Return what follows. An outcome that cannot be judged must not lose the record of the others."""
        claim = pair[0]
        try:
            verdict = judge(claim, outcome, deduplicates=self.spec.deduplicates, now=clock.now())
            if outcome.kind == Kind.CRASHED and self.spec.deduplicates and not self.halt.asked:
                return self._try_alone(*pair, verdict)
        except Exception:
            logger.exception("the outcome of delivery %s could not be judged", claim.delivery_id)
            return unreadable(claim, outcome)
        return verdict

    def _try_alone(self, claim: Claim, parcel: Parcel, before: Verdict) -> Verdict:
        """Try once more, by itself, what was under way when a host died: it may be the one that kills."""
        again = replace(claim, number=claim.number + 1, doubtful=True)
        attempt = replace(parcel.attempt, number=again.number, started_at=clock.now())
        outcomes, _ = self._deliver([(again, replace(parcel, attempt=attempt))])
        outcome = outcomes.get(claim.delivery_id)
        if outcome is None or outcome.kind == Kind.RETURNED:
            return before
        if outcome.kind == Kind.CRASHED:
            outcome = replace(outcome, kind=Kind.BROKE, error="the host died on this message twice")
        verdict = judge(again, outcome, deduplicates=True, now=clock.now())
        return replace(verdict, tries=(*before.tries, *verdict.tries))

    def _deliver(
        self, pairs: Sequence[Pair], *, first: bool = False
    ) -> tuple[dict[int, Outcome], Sequence[Pair]]:
        """Send one frame; return the outcomes of what was ours to send, and what was voided meanwhile."""
        try:
            with self.pool.use(self.destination.pk, self.spec) as host:
                # Only now: to wait for the host, and to start it, may have taken longer than the lease.
                ours, voided, begin_by = self._ours(pairs, first=first)
                parcels = [parcel for _, parcel in ours]
                outcomes = host.deliver(parcels, window=WINDOW_SECONDS, begin_by=begin_by, halt=self.halt)
        except (HostFailed, DatabaseError) as error:
            logger.warning("destination %s: %s", self.destination.pk, error)
            why = str(error) if isinstance(error, HostFailed) else "the lease could not be taken anew"
            return _all(pairs, Kind.TEMPORARY, why), []
        found = {claim.delivery_id: each for (claim, _), each in zip(ours, outcomes, strict=True)}
        if all(each.kind == Kind.RETURNED for each in outcomes) and not self.halt.asked:
            # Returned they would be claimed again at once, for ever.
            found = _all(ours, Kind.TEMPORARY, "the host began none of them")
        return found, voided

    def _ours(self, pairs: Sequence[Pair], *, first: bool) -> tuple[list[Pair], list[Pair], float]:
        """Return what is ours to send, what was voided meanwhile, and until when one may begin.

        Only the first frame of a batch, and only at once after its claim, goes without asking.
        """
        end, now = _end_of(self.spec.deadline_seconds), boot_seconds()
        if first and all(now - claim.taken_at < AT_ONCE_SECONDS for claim, _ in pairs):
            return list(pairs), [], min(claim.lease_ends for claim, _ in pairs) - end
        lease = lease_for(self.spec.deadline_seconds)
        taken = retake([claim for claim, _ in pairs], lease)
        if len(taken) < len(pairs):
            logger.warning("%d deliveries are not ours any more, and stay", len(pairs) - len(taken))
        ours = [pair for pair in pairs if taken.get(pair[0].delivery_id) is False]
        voided = [pair for pair in pairs if taken.get(pair[0].delivery_id)]
        return ours, voided, now + lease.total_seconds() - end


def _all(pairs: Sequence[Pair], kind: Kind, error: str = "") -> dict[int, Outcome]:
    now = clock.now()
    return {
        claim.delivery_id: Outcome(message_id=str(claim.message_id), kind=kind, finished_at=now, error=error)
        for claim, _ in pairs
    }


def _chunks(pairs: Sequence[Pair]) -> list[list[Pair]]:
    chunks: list[list[Pair]] = []
    size = FRAME_BYTES
    for each in pairs:
        length = len(each[1].rendered.content)
        size += length
        if size > FRAME_BYTES:
            chunks.append([])
            size = length
        chunks[-1].append(each)
    return chunks
