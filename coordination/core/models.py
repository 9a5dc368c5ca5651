"""What models of every slice share. Core has no tables."""

from enum import StrEnum

from django.db import models


def states_constraint(name: str, states: type[StrEnum], field: str = "state") -> models.CheckConstraint:
    """Return the constraint that lists the states: the database refuses one unknown to the workflow."""
    values = [state.value for state in states]
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": values}), name=f"{name}_{field}_known"
    )
