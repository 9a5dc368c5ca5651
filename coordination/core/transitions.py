"""A workflow is two enums and one table: (state, verb) -> state. Nothing else decides a state."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from coordination.core.errors import IllegalTransition

State = TypeVar("State", bound=StrEnum)
Verb = TypeVar("Verb", bound=StrEnum)


class Transitions(Generic[State, Verb]):
    """The whole workflow of one kind of record, as data that tests multiply and documents print."""

    def __init__(
        self, states: type[State], verbs: type[Verb], table: Mapping[tuple[State, Verb], State]
    ) -> None:
        self.states = states
        self.verbs = verbs
        self._table = dict(table)

    def __iter__(self) -> Iterator[tuple[State, Verb, State]]:
        return ((state, verb, after) for (state, verb), after in self._table.items())

    def after(self, state: State | str, verb: Verb) -> State:
        """Return the state that `verb` leads to, or raise IllegalTransition."""
        known = self.states(state)
        try:
            return self._table[known, verb]
        except KeyError:
            raise IllegalTransition(known.value, verb.value) from None

    def allowed(self, state: State | str) -> frozenset[Verb]:
        """Return the verbs that `state` allows."""
        known = self.states(state)
        return frozenset(verb for from_state, verb in self._table if from_state == known)

    @property
    def terminal(self) -> frozenset[State]:
        """The states that no verb leaves."""
        return frozenset(self.states) - {state for state, _ in self._table}
