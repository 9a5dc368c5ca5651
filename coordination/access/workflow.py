"""The kinds and states of what a second person decides about: more rights for somebody, or a way in."""

from enum import StrEnum

from coordination.core.transitions import Transitions


class ChangeKind(StrEnum):
    """What is proposed for a person. A way in and enabling make of one administrator two people."""

    ROLES = "roles"
    WAY_IN = "way_in"
    ENABLING = "enabling"


class RoleChangeState(StrEnum):
    """A proposed change waits, and ends once."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class RoleChangeVerb(StrEnum):
    """What is done to a proposed change."""

    APPROVE = "approve"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


_S, _V = RoleChangeState, RoleChangeVerb
ROLE_CHANGE = Transitions(
    RoleChangeState,
    RoleChangeVerb,
    {
        (_S.PROPOSED, _V.APPROVE): _S.APPROVED,
        (_S.PROPOSED, _V.DECLINE): _S.DECLINED,
        (_S.PROPOSED, _V.WITHDRAW): _S.WITHDRAWN,
        (_S.PROPOSED, _V.EXPIRE): _S.EXPIRED,
    },
)
