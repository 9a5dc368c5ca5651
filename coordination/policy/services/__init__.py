"""How law and policy come in: by pack files, and for the criteria by what two people decide on the desk."""

from coordination.policy.models import CriteriaVersion
from coordination.policy.services.loading import load
from coordination.policy.services.proposing import (
    approve_criteria,
    decline_criteria,
    propose_criteria,
    return_criteria,
    withdraw_criteria,
)

__all__ = [
    "CriteriaVersion",
    "approve_criteria",
    "decline_criteria",
    "load",
    "propose_criteria",
    "return_criteria",
    "withdraw_criteria",
]
