"""In whose queue a task stands: never in one where nobody sees the case."""

from collections.abc import Collection, Iterable

from django.contrib.auth.models import Group

from coordination.access import selectors as people
from coordination.access.services import Role, User
from coordination.cases import holding, selectors, signals
from coordination.cases.duties import COUNSEL, can_do
from coordination.cases.models import Case, CaseAccess, Task
from coordination.cases.workflow import TaskState
from coordination.ledger import services as ledger

# Who is asked instead, the first that sees the case.
INSTEAD = (
    *(Role.DUTY_OFFICER, Role.SENIOR_REVIEWER, Role.COUNSEL, Role.DUTY_COUNSEL),
    *(Role.SAFETY_LIAISON, Role.REVIEWER),
)


def queue_for(case: Case, role: str, kind: str) -> str:
    """Return `role` where somebody of it sees the case, else the first of INSTEAD who does and may do it.

    A case may be taken from a team, or never have been given to it; its tasks reach a human all the same.
    What waits for counsel goes to the other counsel first.
    """
    others = (*COUNSEL, *INSTEAD) if role in COUNSEL else INSTEAD
    able = [each for each in others if can_do(each, kind)]
    return next((each for each in (role, *able, *others) if _reaches(case, each)), role)


def queues_for(wanted: Iterable[tuple[Case, str, str]]) -> dict[tuple[int, str, str], str]:
    """Return what `queue_for` does, by (number of the case, role, kind): two questions for each role."""
    cases: dict[str, dict[int, tuple[Case, set[str]]]] = {}
    for case, role, kind in wanted:
        cases.setdefault(role, {}).setdefault(case.pk, (case, set()))[1].add(kind)
    found = {}
    for role, of_role in cases.items():
        reached = set(_reached(of_role, role))
        for pk, (case, kinds) in of_role.items():
            for kind in kinds:
                found[pk, role, kind] = role if pk in reached else queue_for(case, role, kind)
    return found


def reroute(case: Case, *, by: User | None) -> int:
    """Move the open tasks of a case out of queues where nobody sees it any more; return how many moved."""
    moved = 0
    tasks = Task.objects.select_for_update(of=("self",)).filter(case=case, state=TaskState.OPEN)
    for task in tasks.select_related("assignee"):
        lost = task.assignee is not None and not _sees(case, task.assignee)
        role = queue_for(case, task.role, task.kind)
        if not lost and (task.assignee is not None or role == task.role):
            continue
        details: dict[str, ledger.Value] = {
            "task_id": task.pk,
            "from": task.role,
            "to": role,
            "assignee": task.assignee_id,
        }
        task.role, task.assignee = role, None
        task.save(update_fields=["role", "assignee"])
        ledger.record("cases.task_rerouted", subject=case.reference, by=by, details=details)
        moved += 1
        if lost and task.priority == "P0":
            # Whoever had it is gone: somebody else is woken.
            signals.task_hurried.send(sender=Task, task=task)
    return moved


def _reaches(case: Case, role: str) -> bool:
    return bool(_reached([case.pk], role))


def _reached(cases: Collection[int], role: str) -> list[int]:
    """Return which of these cases somebody of a role sees."""
    members = people.people_in(role).values_list("pk", flat=True)
    team = Group.objects.filter(name=role).values_list("pk", flat=True)
    principals = selectors.principals_of_people(list(members), team)
    rows = CaseAccess.objects.filter(case__in=cases, principal__in=principals)
    return list(rows.values_list("case_id", flat=True))


def _sees(case: Case, person: User) -> bool:
    return CaseAccess.objects.filter(case=case, principal__in=holding.principals(person)).exists()
