"""Whether somebody is granted a case. Every service asks it of every act, so it is one statement.

guardian's own check and the access table's, which both must say yes, take five.
"""

from typing import Any

from coordination.access.services import User
from coordination.cases.models import Case
from coordination.core import clock
from coordination.core.statements import prepared

# Guardian's grant of a membership outlives its date; the access table does not.
_HOLDS = """
SELECT EXISTS (
    SELECT FROM cases_caseaccess WHERE case_id = %(case)s AND principal IN (
        SELECT 'u' || %(person)s::bigint
        UNION ALL SELECT 'g' || group_id FROM access_user_groups WHERE user_id = %(person)s
        UNION ALL SELECT 'm' || id FROM cases_compartmentmember
            WHERE person_id = %(person)s AND ended_at IS NULL AND until > %(now)s
    )
) AND EXISTS (
    SELECT FROM auth_permission one
    JOIN django_content_type kind ON kind.id = one.content_type_id
    WHERE kind.app_label = 'cases' AND kind.model = 'case' AND one.codename = %(permission)s AND (
        EXISTS (
            SELECT FROM cases_caseuserpermission
            WHERE content_object_id = %(case)s AND user_id = %(person)s AND permission_id = one.id
        ) OR EXISTS (
            SELECT FROM cases_casegrouppermission JOIN access_user_groups USING (group_id)
            WHERE content_object_id = %(case)s AND user_id = %(person)s AND permission_id = one.id
        )
    )
)
"""


def holds(user: User, case: Case, codename: str) -> bool:
    """Tell whether `user`, or a team of theirs, sees `case` and has guardian's grant of `codename` on it."""
    values: dict[str, Any] = {"case": case.pk, "person": user.pk, "permission": codename, "now": clock.now()}
    ((found,),) = prepared(_HOLDS, values)
    return bool(found)


_PRINCIPALS = """
SELECT 'g', group_id FROM access_user_groups WHERE user_id = %(person)s
UNION ALL SELECT 'm', id FROM cases_compartmentmember
    WHERE person_id = %(person)s AND ended_at IS NULL AND until > %(now)s
ORDER BY 1, 2
"""


def principals(user: User) -> list[str]:
    """Return how the access table names `user`, their teams, and their memberships of compartments now."""
    rows = prepared(_PRINCIPALS, {"person": user.pk, "now": clock.now()})
    return [f"u{user.pk}", *(f"{kind}{pk}" for kind, pk in rows)]
