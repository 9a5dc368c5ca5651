"""The whole product of states and verbs: each pair is in the table, or raises."""

import pytest

from coordination.core.errors import IllegalTransition
from coordination.outbox.workflow import (
    DELIVERY,
    MESSAGE,
    DeliveryState,
    DeliveryVerb,
    MessageState,
    MessageVerb,
)

S, V = DeliveryState, DeliveryVerb

MESSAGES = {
    ("prepared", "approve"): "approved",
    ("prepared", "void"): "void",
    ("approved", "void"): "void",
}
NEWS = ["accept", "deliver", "acknowledge", "reject"]
TOLD = dict(zip(NEWS, ["accepted", "delivered", "acknowledged", "rejected"], strict=True))
DELIVERIES = {
    ("queued", "claim"): "sending",
    ("queued", "void"): "void",
    ("queued", "hold"): "held",
    ("sending", "retry"): "queued",
    ("sending", "return"): "queued",
    ("sending", "fail"): "failed",
    ("sending", "lose_sight"): "unknown",
    ("sending", "hold"): "held",
    ("held", "release"): "queued",
    ("held", "void"): "void",
    ("failed", "release"): "queued",
    ("failed", "void"): "void",
    ("unknown", "void"): "void",
    ("sending", "stop"): "void",
    ("unknown", "release"): "queued",
    ("unknown", "fail"): "failed",
    # News is true wherever a delivery stands, and only ever says more than was known.
    **{(s, v): TOLD[v] for s in ("queued", "sending", "unknown", "failed", "held") for v in NEWS},
    **{("accepted", v): TOLD[v] for v in NEWS[1:]},
    **{("delivered", v): TOLD[v] for v in NEWS[2:]},
    ("acknowledged", "reject"): "rejected",
}


@pytest.mark.parametrize("verb", MessageVerb)
@pytest.mark.parametrize("state", MessageState)
def test_each_verb_of_a_message_is_in_the_table_or_raises(state: MessageState, verb: MessageVerb) -> None:
    after = MESSAGES.get((state.value, verb.value))
    if after is None:
        with pytest.raises(IllegalTransition):
            MESSAGE.after(state, verb)
    else:
        assert MESSAGE.after(state, verb) == after


@pytest.mark.parametrize("verb", DeliveryVerb)
@pytest.mark.parametrize("state", DeliveryState)
def test_each_verb_of_a_delivery_is_in_the_table_or_raises(state: DeliveryState, verb: DeliveryVerb) -> None:
    after = DELIVERIES.get((state.value, verb.value))
    if after is None:
        with pytest.raises(IllegalTransition):
            DELIVERY.after(state, verb)
    else:
        assert DELIVERY.after(state, verb) == after


def test_nothing_that_needs_a_human_is_terminal_but_a_rejection() -> None:
    assert DELIVERY.terminal == {DeliveryState.REJECTED, DeliveryState.VOID}
