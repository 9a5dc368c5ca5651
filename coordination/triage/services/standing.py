"""One person may be the target in one case and the subject in another: nobody on either learns of it.

A match opens a task for counsel, on neither case, that names both: they see that the owners differ.
"""

from collections.abc import Iterable

from django.db import transaction

from coordination.access import services as access
from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.ledger import services as ledger
from coordination.triage.models import TargetAccount
from coordination.triage.services.records import said

DUAL_ROLE = "dual_role"
_APART = (
    "One account stands in both, in two roles: {cases}. Each has an owner of its own, told nothing of the "
    "other. Where one person owns or works on both, give one of them to somebody else; say nothing of why."
)


@transaction.atomic
def record_target(case: Case, *, by: User, account: str) -> TargetAccount:
    """Record the threatened person's own account on a case, sealed; the same again is the one that stands.

    Cases under a compartment are matched with nothing: their members alone know of them.
    """
    access.require(by, "triage.record_event")
    cases.require_case(by, case, "work_case")
    known = said("account", account, 500, "Write down the account.")
    made, new = TargetAccount.objects.get_or_create(
        case=case,
        account_index=case_selectors.account_index(known),
        defaults={"account": known, "recorded_by": by, "recorded_at": clock.now()},
    )
    if new:
        ledger.record("triage.target_recorded", subject=case.reference, by=by, details={"target": made.pk})
        if not case_selectors.is_hidden(case):
            for other in case_selectors.subjects_with_account(known).exclude(pk=case.pk):
                _keep_apart(case, other)
    return made


def follow_subjects(added: Iterable[tuple[Case, str]]) -> None:
    """Look whether new subjects of cases, each with its account, are the targets in others."""
    cases_with: dict[bytes, list[Case]] = {}
    for case, account in added:
        for index in case_selectors.account_indexes(account):
            cases_with.setdefault(index, []).append(case)
    rows = TargetAccount.objects.filter(account_index__in=cases_with).select_related("case")
    for row in rows:
        for case in cases_with[bytes(row.account_index)]:
            if case != row.case and not any(map(case_selectors.is_hidden, (case, row.case))):
                _keep_apart(row.case, case)


def _keep_apart(one: Case, other: Case) -> None:
    names = " and ".join(sorted([one.reference, other.reference]))
    cases.open_task(
        None,
        kind=DUAL_ROLE,
        title="Keep two cases apart",
        role=Role.COUNSEL,
        instructions=_APART.format(cases=names),
        about=f"triage.dual_role:{names.replace(' and ', '-')}",
    )
