"""One table decides every state."""

from enum import StrEnum

import pytest

from coordination.core.errors import IllegalTransition
from coordination.core.transitions import Transitions


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    GONE = "gone"


class Act(StrEnum):
    CLOSE = "close"
    OPEN = "open"
    REMOVE = "remove"


TABLE = {
    (Door.OPEN, Act.CLOSE): Door.SHUT,
    (Door.SHUT, Act.OPEN): Door.OPEN,
    (Door.SHUT, Act.REMOVE): Door.GONE,
}
DOOR = Transitions(Door, Act, TABLE)


@pytest.mark.parametrize("state", Door)
@pytest.mark.parametrize("verb", Act)
def test_each_pair_is_in_the_table_or_refused(state: Door, verb: Act) -> None:
    if (state, verb) in TABLE:
        assert DOOR.after(state, verb) is TABLE[state, verb]
        assert verb in DOOR.allowed(state)
    else:
        with pytest.raises(IllegalTransition) as refused:
            DOOR.after(state, verb)
        assert (refused.value.state, refused.value.verb) == (state.value, verb.value)
        assert verb not in DOOR.allowed(state)


def test_a_state_may_come_from_the_database_as_text() -> None:
    assert DOOR.after("open", Act.CLOSE) is Door.SHUT


def test_an_unknown_state_is_an_error_and_not_a_state() -> None:
    with pytest.raises(ValueError, match="ajar"):
        DOOR.after("ajar", Act.CLOSE)


def test_the_terminal_states_are_those_no_verb_leaves() -> None:
    assert DOOR.terminal == {Door.GONE}


def test_the_table_can_be_read_row_by_row() -> None:
    assert list(DOOR) == [(state, verb, after) for (state, verb), after in TABLE.items()]
