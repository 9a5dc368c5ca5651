"""Everyone whose queue holds a task may do it: over every call of `open_task`, and every `NewTask`."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group

from coordination.access.roles import ROLES, Role
from coordination.access.services import User
from coordination.cases import selectors, services
from coordination.cases.duties import COUNSEL, DUTIES, SHARED, can_do
from coordination.cases.models import Case
from tests.people import Cast

CODE = Path(settings.BASE_DIR) / "coordination"
# About a person, never on a case.
WITHOUT_CASE = (
    *("lock_out", "codes_guessed", "decide_roles", "glass_opened", "glass_review", "compartment_keeper"),
    *("no_room", "ledger_review", "unanchored", "decide_unsigned", "confirm_token", "fast_readings"),
    *("verify_agency", "verify_officer", "confirm_key", "dual_role", "connect_platform"),
    *(
        "confirm_destination",
        "verify_officer_again",
        "call_back_agency",
        "change_contact",
        "call_about_contact",
    ),
)
# What a call takes from a loop or a table: who opens it, and all that the table holds.
TABLES = {
    "coordination.triage.services.deciding": "_NEXT",
    "coordination.cases.services.alarms": "WHERE",
    "coordination.datarequests.services.calling": "ASKED",
}


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(CODE.rglob("*.py")):
        if "demo" in path.parts or not any(
            each in (text := path.read_text()) for each in ("open_task(", "NewTask(")
        ):
            continue
        module = ".".join(path.relative_to(CODE.parent).with_suffix("").parts)
        for node in ast.walk(ast.parse(text)):
            name = getattr(node, "func", None)
            called = getattr(name, "attr", getattr(name, "id", ""))
            if isinstance(node, ast.Call) and called in ("open_task", "NewTask") and node.keywords:
                yield module, node


def _values(module: str, node: ast.expr) -> list[str]:
    """Return all that an expression can be: both ways of a condition, each state or role of a pattern."""
    if isinstance(node, ast.IfExp):
        return [*_values(module, node.body), *_values(module, node.orelse)]
    if isinstance(node, ast.JoinedStr):
        pattern = eval(compile(ast.Expression(node), module, "eval"), _names(module))
        return [kind for kind in DUTIES if kind.startswith(pattern.rstrip("*"))]
    return [str(eval(compile(ast.Expression(node), module, "eval"), _names(module)))]


def _names(module: str) -> dict[str, Any]:
    class Anything:
        value = "*"

        def __str__(self) -> str:
            return "*"

    return {"role": Anything(), "state": Anything(), **vars(importlib.import_module(module))}


def _through(module: str, role: ast.expr) -> Iterator[tuple[str, str]]:
    """Yield what a function opens for its callers: the kinds of its table, or those that they name."""
    if module in TABLES:
        table = getattr(importlib.import_module(module), TABLES[module])
        for each in table.values():
            kind, whose = (each[0], each[2]) if isinstance(each, tuple) else (each.kind, each.role)
            yield kind, str(whose)
        return
    path = (CODE.parent / module.replace(".", "/")).with_suffix(".py")
    for node in ast.walk(ast.parse(path.read_text())):
        for each in getattr(node, "keywords", ()):
            if each.arg == "kind" and isinstance(each.value, ast.Constant):
                yield from ((each.value.value, whose) for whose in _values(module, role))


def opened() -> Iterator[tuple[str, str]]:
    """Yield each kind of task that the code opens, with the role in whose queue it stands first."""
    for module, call in _calls():
        given = {each.arg: each.value for each in call.keywords if each.arg}
        if isinstance(given["kind"], ast.Name) and given["kind"].id == "kind":
            yield from _through(module, given["role"])
            continue
        for kind in _values(module, given["kind"]):
            roles = given["role"]
            loop = isinstance(roles, ast.Name) and roles.id == "role"
            own = [kind.removeprefix("break_glass_alert_")] if loop else _values(module, roles)
            yield from ((kind, role) for role in own)


def test_every_kind_of_task_that_the_code_opens_has_a_duty() -> None:
    kinds = {kind for kind, _ in opened()}
    assert len(kinds) > 15
    assert kinds == set(DUTIES)


@pytest.mark.parametrize(("kind", "role"), sorted(set(opened())))
def test_whoever_has_the_task_in_their_queue_may_do_it(kind: str, role: str) -> None:
    assert can_do(role, kind), f"{role} has no {DUTIES[kind]}"


def test_a_task_whose_team_is_off_the_case_goes_to_somebody_who_may_do_it(
    case: Case, cast: Cast, liaison: User
) -> None:
    people = [cast(role) for role, rights in ROLES.items() if rights.staff and role != "safety_liaison"]
    for kind, role in sorted(set(opened())):
        if kind in WITHOUT_CASE:
            continue
        group = Group.objects.filter(name=role).first()
        if group is None:
            continue
        services.grant(case, principal=group, by=None)
        services.revoke(case, principal=group, by=None)
        task = services.open_task(case, kind=kind, title="Do it", role=role, about="")
        assert can_do(task.role, kind), f"{kind} went from {role} to {task.role}"
        assert [each for each in [*people, liaison] if task in selectors.waiting_for(each)]
        services.grant(case, principal=group, by=None)


@pytest.mark.parametrize("kind", SHARED)
def test_a_decision_waits_for_everybody_who_may_take_it(kind: str, case: Case, cast: Cast) -> None:
    first = next(role for role in (Role.SENIOR_REVIEWER, Role.COUNSEL) if can_do(role, kind))
    task = services.open_task(case, kind=kind, title="Decide", role=first)
    for role, rights in ROLES.items():
        if rights.staff:
            person = cast(role)
            assert (task in selectors.waiting_for(person)) == can_do(role, kind), role


def test_what_needs_counsel_waits_for_counsel_alone_and_both_of_them(case: Case, cast: Cast) -> None:
    task = services.open_task(case, kind="approve_referral", title="Decide", role=Role.COUNSEL)
    shown = {role for role, rights in ROLES.items() if rights.staff and task in _waiting(cast(role))}
    assert shown == set(COUNSEL)


def _waiting(person: User) -> Any:
    return selectors.waiting_for(person)


def test_a_shared_decision_is_taken_by_who_may_and_then_waits_for_them_alone(
    case: Case, duty_officer: User, senior_reviewer: User
) -> None:
    task = services.open_task(case, kind="approve_referral", title="Decide", role=Role.SENIOR_REVIEWER)
    services.take_task(task, by=duty_officer)
    assert task in selectors.waiting_for(duty_officer)
    assert task not in selectors.waiting_for(senior_reviewer)
