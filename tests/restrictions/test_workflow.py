"""Every pair of state and verb is in the table, or refused."""

from typing import Any

import pytest

from coordination.core.errors import IllegalTransition
from coordination.core.transitions import Transitions
from coordination.policy.workflow import Step
from coordination.restrictions.workflow import COMMAND, LEVEL, PRESERVATION, RESTRICTION

PAIRS = [
    pytest.param(workflow, state, verb, id=f"{verb}-{state}")
    for workflow in (RESTRICTION, PRESERVATION, COMMAND)
    for state in workflow.states
    for verb in workflow.verbs
]


@pytest.mark.parametrize(("workflow", "state", "verb"), PAIRS)
def test_each_pair_is_in_the_table_or_refused(workflow: Transitions[Any, Any], state: Any, verb: Any) -> None:
    if verb in workflow.allowed(state):
        assert workflow.after(state, verb) in workflow.states
    else:
        with pytest.raises(IllegalTransition):
            workflow.after(state, verb)


def test_only_what_the_platform_confirmed_is_lifted_and_nothing_leaves_that() -> None:
    assert [before for before, _, after in RESTRICTION if after == "lifted"] == ["lifting"]
    assert RESTRICTION.terminal == {"lifted"}


def test_the_ladder_has_five_steps_from_a_warning_to_a_ban() -> None:
    assert list(LEVEL.values()) == [1, 2, 3, 4, 5]
    assert (LEVEL[Step.WARN], LEVEL[Step.BAN_WITH_WATCH]) == (1, 5)
