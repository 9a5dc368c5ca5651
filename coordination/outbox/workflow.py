"""States of a message and of its delivery."""

from enum import StrEnum

from coordination.core.transitions import Transitions


class MessageState(StrEnum):
    """Frozen content waits for approval, is approved, or will never leave."""

    PREPARED = "prepared"
    APPROVED = "approved"
    VOID = "void"


class MessageVerb(StrEnum):
    """What is done to a message."""

    APPROVE = "approve"
    VOID = "void"


MESSAGE = Transitions(
    MessageState,
    MessageVerb,
    {
        (MessageState.PREPARED, MessageVerb.APPROVE): MessageState.APPROVED,
        (MessageState.PREPARED, MessageVerb.VOID): MessageState.VOID,
        (MessageState.APPROVED, MessageVerb.VOID): MessageState.VOID,
    },
)


class DeliveryState(StrEnum):
    """Where a delivery stands. Sent is not delivered, delivered is not acknowledged."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    FAILED = "failed"
    UNKNOWN = "unknown"
    HELD = "held"
    VOID = "void"


class HeldFor(StrEnum):
    """Why a delivery is held that not everybody who sends again may release."""

    OBJECTION = "objection"  # a plugin objects
    CHANGE = "change"  # it is no longer what was approved


class DeliveryVerb(StrEnum):
    """What happens to a delivery."""

    CLAIM = "claim"
    RETRY = "retry"
    RETURN = "return"
    ACCEPT = "accept"
    DELIVER = "deliver"
    ACKNOWLEDGE = "acknowledge"
    REJECT = "reject"
    FAIL = "fail"
    LOSE_SIGHT = "lose_sight"
    STOP = "stop"
    HOLD = "hold"
    RELEASE = "release"
    VOID = "void"


_S, _V = DeliveryState, DeliveryVerb
_NEWS = {
    _V.ACCEPT: _S.ACCEPTED,
    _V.DELIVER: _S.DELIVERED,
    _V.ACKNOWLEDGE: _S.ACKNOWLEDGED,
    _V.REJECT: _S.REJECTED,
}
_RANK = [_S.ACCEPTED, _S.DELIVERED, _S.ACKNOWLEDGED]

DELIVERY = Transitions(
    DeliveryState,
    DeliveryVerb,
    {
        (_S.QUEUED, _V.CLAIM): _S.SENDING,
        (_S.QUEUED, _V.VOID): _S.VOID,
        (_S.QUEUED, _V.HOLD): _S.HELD,
        (_S.SENDING, _V.RETRY): _S.QUEUED,  # it did not arrive; due later
        (_S.SENDING, _V.RETURN): _S.QUEUED,  # it was never started
        (_S.SENDING, _V.FAIL): _S.FAILED,
        (_S.SENDING, _V.LOSE_SIGHT): _S.UNKNOWN,
        (_S.SENDING, _V.HOLD): _S.HELD,
        (_S.SENDING, _V.STOP): _S.VOID,  # it was voided on the way, and is not tried again
        (_S.HELD, _V.RELEASE): _S.QUEUED,
        (_S.HELD, _V.VOID): _S.VOID,
        (_S.FAILED, _V.RELEASE): _S.QUEUED,
        (_S.FAILED, _V.VOID): _S.VOID,
        (_S.UNKNOWN, _V.RELEASE): _S.QUEUED,  # a human decided to send it again
        (_S.UNKNOWN, _V.VOID): _S.VOID,  # it may have left: a human asks
        (_S.UNKNOWN, _V.FAIL): _S.FAILED,  # a human found that it did not arrive
        # A partner's news is true wherever the delivery stands: it may overtake our own bookkeeping.
        **{
            (state, verb): after
            for state in (_S.QUEUED, _S.SENDING, _S.UNKNOWN, _S.FAILED, _S.HELD)
            for verb, after in _NEWS.items()
        },
        **{
            (state, verb): after
            for state in _RANK
            for verb, after in _NEWS.items()
            if after == _S.REJECTED or _RANK.index(after) > _RANK.index(state)
        },
    },
)

NEWS = {
    "accepted": _V.ACCEPT,
    "delivered": _V.DELIVER,
    "acknowledged": _V.ACKNOWLEDGE,
    "rejected": _V.REJECT,
}
"""The verb for each level of a receipt."""

# A human has something to do about a delivery in one of these.
NEEDS_HUMAN = frozenset(
    {DeliveryState.FAILED, DeliveryState.REJECTED, DeliveryState.UNKNOWN, DeliveryState.HELD}
)
# An attempt that ended so may have arrived.
DOUBTFUL = frozenset({"unknown", "hung", "crashed", "broke", "lost"})
SENT = frozenset(_RANK) | {DeliveryState.REJECTED}
OPEN = frozenset({DeliveryState.QUEUED, DeliveryState.SENDING})
