"""Who may do what, the acts of an administrator, and the doors. Every change is an entry in the ledger."""

from coordination.access.models import (
    ApiToken,
    BreakGlass,
    Enrolment,
    LedgerReview,
    LockOut,
    RoleChange,
    Scope,
    User,
)
from coordination.access.roles import Role
from coordination.access.services.enrolments import (
    approve_way_in,
    enrol,
    issue_enrolment,
    propose_way_in,
    start_anew,
    take_everything,
)
from coordination.access.services.factors import (
    ComingCode,
    coming_codes,
    current_code,
    give_totp,
    note_factor,
)
from coordination.access.services.glass import (
    end_break_glass,
    glass_of,
    open_break_glass,
    review_break_glass,
)
from coordination.access.services.guesses import count_wrong_code, look_into_guess
from coordination.access.services.ledgerreviews import open_ledger_reviews, record_ledger_review
from coordination.access.services.lockouts import (
    count_failure,
    forget_failures,
    is_locked,
    reindex_names,
    release,
)
from coordination.access.services.pace import count_reading, may_read_again
from coordination.access.services.people import (
    approve_enabling,
    change_password,
    change_person,
    create_person,
    disable_unused,
    enable,
    set_password,
)
from coordination.access.services.proposals import decline_change, expire_role_changes, withdraw_change
from coordination.access.services.rights import has, person, require
from coordination.access.services.rolechanges import approve_roles, set_roles
from coordination.access.services.sessions import (
    begin_session,
    confirm_session,
    end_all,
    end_others,
    end_session,
    forget_sessions,
    see,
    sign_out,
)
from coordination.access.services.tokenconfirming import confirm_token, end_unconfirmed
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
    "BreakGlass",
    "ComingCode",
    "Enrolment",
    "LedgerReview",
    "LockOut",
    "Role",
    "RoleChange",
    "Scope",
    "User",
    "approve_enabling",
    "approve_roles",
    "approve_way_in",
    "begin_session",
    "change_password",
    "change_person",
    "coming_codes",
    "confirm_session",
    "confirm_token",
    "count_failure",
    "count_reading",
    "count_wrong_code",
    "create_person",
    "current_code",
    "decline_change",
    "disable_unused",
    "enable",
    "end_all",
    "end_break_glass",
    "end_others",
    "end_session",
    "end_unconfirmed",
    "enrol",
    "expire_role_changes",
    "forget_failures",
    "forget_sessions",
    "give_totp",
    "glass_of",
    "has",
    "is_locked",
    "issue_enrolment",
    "issue_token",
    "longest_token_life",
    "look_into_guess",
    "may_read_again",
    "note_factor",
    "note_use",
    "open_break_glass",
    "open_ledger_reviews",
    "person",
    "propose_way_in",
    "record_ledger_review",
    "record_refusal",
    "reindex_names",
    "release",
    "require",
    "review_break_glass",
    "revoke_token",
    "rotate_token",
    "see",
    "set_password",
    "set_roles",
    "sign_out",
    "start_anew",
    "take_everything",
    "withdraw_change",
]
