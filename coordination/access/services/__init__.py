"""Who may do what, and the acts of an administrator. Each act is an entry in the ledger."""

from coordination.access.models import ApiToken, Scope, User
from coordination.access.roles import Role
from coordination.access.services.people import (
    change_person,
    create_person,
    has,
    person,
    require,
    set_password,
    set_roles,
)
from coordination.access.services.tokens import (
    LONGEST_TOKEN_LIFE,
    issue_token,
    longest_token_life,
    note_use,
    record_refusal,
    revoke_token,
    rotate_token,
)

__all__ = [
    "LONGEST_TOKEN_LIFE",
    "ApiToken",
    "Role",
    "Scope",
    "User",
    "change_person",
    "create_person",
    "has",
    "issue_token",
    "longest_token_life",
    "note_use",
    "person",
    "record_refusal",
    "require",
    "revoke_token",
    "rotate_token",
    "set_password",
    "set_roles",
]
