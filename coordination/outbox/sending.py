"""Sending one batch: the four-fold check, the host, and what to do when a host dies on the way."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from coordination.channels.messages import Attempt, MessageKind, Priority, Rendered
from coordination.channels.registry import UnknownChannel
from coordination.channels.secrets import SecretNotFound
from coordination.core import clock
from coordination.core.sealing import SealBroken
from coordination.outbox.claims import Bound, Claim, renew
from coordination.outbox.halt import Halt
from coordination.outbox.hosts import HostFailed, HostSpec, Kind, Outcome, Parcel, Pool, spec_for
from coordination.outbox.retries import Verdict, hold, judge
from coordination.partners import selectors as partners
from coordination.partners.services import Destination

logger = logging.getLogger(__name__)

# A batch begins no message after this; what is left is claimed again. A drain is asked to make way as often.
WINDOW_SECONDS: Final = 5.0
SLACK_SECONDS: Final = 15.0
# One frame holds so much content; more goes in several.
FRAME_BYTES: Final = 16 * 1024 * 1024


def lease_for(deadline_seconds: float) -> timedelta:
    """Return how long a claim is ours: all that a batch can take, and time to record it."""
    # Two deadlines: the last message begins at the end of the window, and what hangs is waited for once more.
    return timedelta(seconds=WINDOW_SECONDS + 2 * deadline_seconds + SLACK_SECONDS)


def send(claims: Sequence[Claim], destination: Destination, *, pool: Pool, halt: Halt) -> list[Verdict]:
    """Send what was claimed, outside any transaction; return one verdict for each. Never raises."""
    try:
        spec = spec_for(destination.channel, destination.config)
    except UnknownChannel:
        return [hold(each, f"The channel {destination.channel} is not installed.") for each in claims]
    except SecretNotFound:
        return [hold(each, "A secret that the destination names is missing.") for each in claims]
    way = _Way(destination=destination, spec=spec, pool=pool, halt=halt)
    held, parcels = _check(claims, destination)
    outcomes = way.deliver([parcel for _, parcel in parcels])
    now = clock.now()
    verdicts = held
    for (claim, parcel), outcome in zip(parcels, outcomes, strict=True):
        verdict = judge(claim, outcome, deduplicates=spec.deduplicates, now=now)
        if outcome.kind == Kind.CRASHED and spec.deduplicates and not halt.asked:
            verdict = way.try_alone(claim, parcel, verdict)
        verdicts.append(verdict)
    return verdicts


def _check(
    claims: Sequence[Claim], destination: Destination
) -> tuple[list[Verdict], list[tuple[Claim, Parcel]]]:
    """Part what may leave from what is no longer what was approved."""
    held: list[Verdict] = []
    parcels: list[tuple[Claim, Parcel]] = []
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
            held.append(hold(each, "The sealed content does not open."))
            continue
        if wrong := each.mismatches(live, content):
            held.append(hold(each, f"Not what was approved: {', '.join(wrong)}."))
        else:
            parcels.append((each, _parcel(each, content, now)))
    return held, parcels


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

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        """Send through the warm host, in frames of a bearable size; return one outcome for each, in order."""
        outcomes: list[Outcome] = []
        for chunk in _chunks(parcels):
            # What one frame could not begin within the window, the next ones cannot either.
            if outcomes and outcomes[-1].kind == Kind.RETURNED:
                outcomes += [_outcome(each, Kind.RETURNED) for each in chunk]
            else:
                outcomes += self._deliver(chunk)
        return outcomes

    def try_alone(self, claim: Claim, parcel: Parcel, before: Verdict) -> Verdict:
        """Try once more, by itself, what was under way when a host died: it may be the one that kills."""
        now = clock.now()
        renew([claim], until=now + lease_for(self.spec.deadline_seconds))
        again = replace(claim, number=claim.number + 1)
        parcel = replace(parcel, attempt=replace(parcel.attempt, number=again.number, started_at=now))
        outcome = self._deliver([parcel])[0]
        if outcome.kind == Kind.CRASHED:
            outcome = replace(outcome, kind=Kind.BROKE, error="the host died on this message twice")
        verdict = judge(again, outcome, deduplicates=True, now=clock.now())
        return replace(verdict, tries=(*before.tries, *verdict.tries))

    def _deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        try:
            with self.pool.use(self.destination.pk, self.spec) as host:
                outcomes = host.deliver(parcels, window=WINDOW_SECONDS, halt=self.halt)
        except HostFailed as error:
            logger.warning("destination %s: %s", self.destination.pk, error)
            return [_outcome(each, Kind.TEMPORARY, str(error)) for each in parcels]
        if all(each.kind == Kind.RETURNED for each in outcomes) and not self.halt.asked:
            # Returned they would be claimed again at once, for ever.
            return [_outcome(each, Kind.TEMPORARY, "the host began none of them") for each in parcels]
        return outcomes


def _outcome(parcel: Parcel, kind: Kind, error: str = "") -> Outcome:
    return Outcome(message_id=parcel.attempt.message_id, kind=kind, finished_at=clock.now(), error=error)


def _chunks(parcels: Sequence[Parcel]) -> list[list[Parcel]]:
    chunks: list[list[Parcel]] = []
    size = FRAME_BYTES
    for each in parcels:
        size += len(each.rendered.content)
        if size > FRAME_BYTES:
            chunks.append([])
            size = len(each.rendered.content)
        chunks[-1].append(each)
    return chunks
