"""Errors say what is wrong, and nothing about whom."""

import pytest

from coordination.core import errors


@pytest.mark.parametrize("kind", [errors.Refused, errors.NotPermitted, errors.NotFound, errors.Conflict])
def test_an_error_without_words_uses_its_docstring(kind: type[errors.CoordinationError]) -> None:
    assert str(kind()) == kind.__doc__


def test_every_error_is_one_of_ours() -> None:
    assert issubclass(errors.InvalidInput, errors.CoordinationError)
    assert issubclass(errors.IllegalTransition, errors.CoordinationError)


def test_an_invalid_input_names_its_field() -> None:
    error = errors.InvalidInput("when", "A time needs a zone.")
    assert (error.field, str(error)) == ("when", "A time needs a zone.")


def test_a_refusal_carries_its_rule_and_citation() -> None:
    error = errors.Refused("No.", rule="gate", citation="18 USC 2702(b)")
    assert (str(error), error.rule, error.citation) == ("No.", "gate", "18 USC 2702(b)")


def test_an_illegal_transition_reads_as_a_sentence() -> None:
    assert str(errors.IllegalTransition("in_review", "approve")) == "Cannot approve while in review."
