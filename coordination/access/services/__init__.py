"""Who may do what, the acts of an administrator, and the doors. Every change is an entry in the ledger."""

from coordination.access.models import ApiToken, Enrolment, LockOut, Scope, User
from coordination.access.roles import Role
from coordination.access.services.enrolments import enrol, issue_enrolment, start_anew
from coordination.access.services.factors import current_code, give_totp, note_factor
from coordination.access.services.lockouts import count_failure, forget_failures, is_locked, release
from coordination.access.services.people import (
    LONGEST_TOKEN_LIFE,
    change_password,
    change_person,
    create_person,
    disable_unused,
    has,
    issue_token,
    person,
    require,
    revoke_token,
    set_password,
    set_roles,
)
from coordination.access.services.sessions import (
    begin_session,
    confirm_session,
    end_all,
    end_session,
    forget_sessions,
    see,
    sign_out,
)

__all__ = [
    "LONGEST_TOKEN_LIFE",
    "ApiToken",
    "Enrolment",
    "LockOut",
    "Role",
    "Scope",
    "User",
    "begin_session",
    "change_password",
    "change_person",
    "confirm_session",
    "count_failure",
    "create_person",
    "current_code",
    "disable_unused",
    "end_all",
    "end_session",
    "enrol",
    "forget_failures",
    "forget_sessions",
    "give_totp",
    "has",
    "is_locked",
    "issue_enrolment",
    "issue_token",
    "note_factor",
    "person",
    "release",
    "require",
    "revoke_token",
    "see",
    "set_password",
    "set_roles",
    "sign_out",
    "start_anew",
]
