"""What follows from an outcome: sent, tried again and when, given up, held for a human, or not known."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from coordination.channels.receipts import Receipt
from coordination.outbox.claims import Claim
from coordination.outbox.hosts import Kind, Outcome
from coordination.outbox.receipts import storable, text
from coordination.outbox.workflow import DELIVERY, NEWS, DeliveryState, DeliveryVerb

# So many workers died with one message, over so long: it may be what kills them. Workers that are killed one
# after another for reasons of their own do not come to both.
MOST_LOST: Final = 5
LOST_FOR: Final = timedelta(minutes=15)
LOST: Final = "The worker died while it was being sent."
JITTER: Final = 0.25


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How patient a lane is. The wait doubles from `first` to `longest`, a quarter more or less by chance.

    A partner that asks to be left alone (Retry-After) is, for `asked_at_most`.
    """

    first: timedelta
    longest: timedelta
    asked_at_most: timedelta
    give_up_after: timedelta


POLICIES: Final = {
    # A P0 that does not arrive within the hour is no message any more: what counts is the telephone.
    # Nor does it wait as long as a machine asks that somebody else floods.
    "P0": Policy(
        first=timedelta(seconds=1),
        longest=timedelta(seconds=30),
        asked_at_most=timedelta(minutes=1),
        give_up_after=timedelta(hours=1),
    ),
    "normal": Policy(
        first=timedelta(seconds=5),
        longest=timedelta(hours=1),
        asked_at_most=timedelta(hours=24),
        give_up_after=timedelta(hours=24),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Try:
    """One attempt as it will be written."""

    number: int
    started_at: datetime
    finished_at: datetime
    outcome: str
    error: str = ""
    wire_digest: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What will be recorded of one claimed delivery."""

    claim: Claim
    verb: DeliveryVerb
    tries: tuple[Try, ...] = ()
    attempts_made: int
    due_at: datetime
    receipt: Receipt | None = None
    why: str = ""
    held_for: str = ""

    @property
    def state(self) -> DeliveryState:
        """Where the delivery will stand."""
        return DELIVERY.after(DeliveryState.SENDING, self.verb)


def wait(number: int, policy: Policy) -> timedelta:
    """Return the wait after attempt `number`: exponential, with jitter, so that retries do not march."""
    doubled: timedelta = policy.first * int(2 ** min(number - 1, 20))
    return min(doubled, policy.longest) * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  # nosec B311 - no secret: who waits longer


def judge(claim: Claim, outcome: Outcome, *, deduplicates: bool, now: datetime) -> Verdict:
    """Return what follows from the outcome of a claimed delivery.

    What may have arrived is tried again only on a channel whose receiver drops an id that it has seen. It
    never counts as failed then, whatever comes of the last attempt: an earlier one may have arrived.
    """
    if outcome.kind == Kind.RECEIPT and outcome.receipt is not None:
        receipt = storable(outcome.receipt)
        return Verdict(
            claim=claim,
            verb=NEWS[receipt.level.value],
            tries=(_try(claim, outcome, receipt),),
            attempts_made=claim.number,
            due_at=claim.due_at,
            receipt=receipt,
        )
    verdict = Verdict(
        claim=claim,
        verb=DeliveryVerb.RETURN,
        attempts_made=claim.number - 1,
        due_at=claim.due_at,
        why=text(outcome.error, 300),
    )
    if outcome.kind == Kind.RETURNED:
        return verdict
    verdict = replace(verdict, tries=(_try(claim, outcome, None),), attempts_made=claim.number)
    if outcome.kind == Kind.PERMANENT:
        return _ended(verdict, DeliveryVerb.FAIL)
    if outcome.kind == Kind.TEMPORARY:
        return _again(verdict, outcome.retry_after, DeliveryVerb.FAIL, now)
    if outcome.kind in (Kind.UNKNOWN, Kind.HUNG, Kind.CRASHED):
        doubtful = replace(verdict, verb=DeliveryVerb.LOSE_SIGHT)
        return _again(doubtful, None, DeliveryVerb.LOSE_SIGHT, now) if deduplicates else doubtful
    return replace(verdict, verb=DeliveryVerb.HOLD, why=f"The channel broke: {verdict.why}")


def hold(claim: Claim, why: str, held_for: str = "") -> Verdict:
    """Return the verdict for what must not be sent as things stand; nothing was tried."""
    return Verdict(
        claim=claim,
        verb=DeliveryVerb.HOLD,
        attempts_made=claim.number - 1,
        due_at=claim.due_at,
        why=why,
        held_for=held_for,
    )


def lost(claim: Claim, *, deduplicates: bool, now: datetime) -> Verdict:
    """Return the verdict for a lease that ran out: the worker died, and nobody knows how far it came."""
    times = claim.times_lost + 1
    tried_for = now - claim.trying_since
    given_up = (times >= MOST_LOST and tried_for >= LOST_FOR) or tried_for > POLICIES[
        claim.lane
    ].give_up_after
    tried = Try(
        number=claim.number,
        started_at=now,
        finished_at=now,
        outcome="lost",
        error="the worker died",
    )
    return Verdict(
        claim=claim,
        verb=DeliveryVerb.RETRY if deduplicates and not given_up else DeliveryVerb.LOSE_SIGHT,
        tries=(tried,),
        attempts_made=claim.number,
        due_at=claim.due_at,
        why=f"The worker died while it was being sent, {times} times." if times > 1 else LOST,
    )


def unreadable(claim: Claim, outcome: Outcome) -> Verdict:
    """Return the verdict for an outcome that cannot be judged: nobody knows what became of it."""
    why = "What the channel answered could not be read."
    tried = _try(claim, replace(outcome, kind=Kind.UNKNOWN, error=why), None)
    return Verdict(
        claim=claim,
        verb=DeliveryVerb.LOSE_SIGHT,
        tries=(tried,),
        attempts_made=claim.number,
        due_at=claim.due_at,
        why=why,
    )


def _again(verdict: Verdict, retry_after: float | None, last: DeliveryVerb, now: datetime) -> Verdict:
    claim = verdict.claim
    policy = POLICIES[claim.lane]
    pause = wait(claim.number, policy)
    if retry_after is not None:
        pause = max(pause, min(timedelta(seconds=retry_after), policy.asked_at_most))
    if now + pause > claim.trying_since + policy.give_up_after:
        why = f"Given up after {claim.number} attempts: {verdict.why}"
        return _ended(replace(verdict, why=why), last)
    return replace(verdict, verb=DeliveryVerb.RETRY, due_at=now + pause)


def _ended(verdict: Verdict, verb: DeliveryVerb) -> Verdict:
    """Return the verdict of the last attempt: it did not arrive, unless an earlier one may have."""
    if verb == DeliveryVerb.FAIL and verdict.claim.doubtful:
        why = f"An earlier attempt may have arrived. {verdict.why}"
        return replace(verdict, verb=DeliveryVerb.LOSE_SIGHT, why=why)
    return replace(verdict, verb=verb)


def _try(claim: Claim, outcome: Outcome, receipt: Receipt | None) -> Try:
    return Try(
        number=claim.number,
        started_at=outcome.started_at or outcome.finished_at,
        finished_at=outcome.finished_at,
        outcome=receipt.level.value if receipt is not None else outcome.kind.value,
        error=text(outcome.error, 300),
        wire_digest=receipt.wire_digest if receipt is not None else "",
    )
