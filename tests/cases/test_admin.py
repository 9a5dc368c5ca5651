"""The case on the desk: let in or 404, and each act through its service."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from coordination.access.services import Role, User
from coordination.cases import selectors, services
from coordination.cases.models import Case, Deadline, Task
from tests.doors import signed_in
from tests.people import Cast
from tests.world import ACCOUNT

CASES = "/admin/cases/case/"


def _as(client: Client, user: User) -> Client:
    signed_in(user, client)
    return client


@pytest.fixture
def desk(client: Client, liaison: User) -> Client:
    return _as(client, liaison)


def _page(client: Client, case: Case) -> str:
    return client.get(f"{CASES}{case.reference}/change/").content.decode()


def _do(client: Client, case: Case, act: str, **data: Any) -> Any:
    return client.post(f"{CASES}{case.reference}/do/{act}/", data, follow=True)


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_the_page_or_is_answered_404(
    case: Case, cast: Cast, client: Client, role: Role
) -> None:
    answer = _as(client, cast(role)).get(f"{CASES}{case.reference}/change/")
    sees = role.value in selectors.teams_of(case)
    if sees:
        assert case.title in answer.content.decode()
    else:
        assert answer.status_code in (302, 404)
        assert case.title not in answer.content.decode()


def test_a_foreign_and_a_missing_case_answer_the_same(
    case: Case, desk: Client, liaison: User, counsel: User
) -> None:
    services.revoke(case, principal=Group.objects.get(name=Role.SAFETY_LIAISON), by=None)
    foreign = desk.get(f"{CASES}{case.reference}/change/")
    missing = desk.get(f"{CASES}C-0000-0000/change/")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content
    assert _do(desk, case, "add_note", text="Let me in.").status_code == 404
    assert case.reference not in desk.get(CASES).content.decode()


def test_the_page_shows_what_hangs_on_the_case(case: Case, deadline: Deadline, desk: Client) -> None:
    services.open_task(case, kind="k", title="Phone them now", role=Role.SAFETY_LIAISON)
    shown = _page(desk, case)
    for words in (ACCOUNT, "Phone them now", deadline.title, "The case was opened", "safety liaison"):
        assert words in shown


def test_a_note_is_written(case: Case, desk: Client, liaison: User) -> None:
    _do(desk, case, "add_note", text="She named the school.")
    note = selectors.notes_of(case).get()
    assert (note.text, note.author) == ("She named the school.", liaison)
    answer = _do(desk, case, "add_note", text=" ")
    assert "Nothing was saved" in answer.content.decode()


def test_a_task_is_taken_and_completed(case: Case, desk: Client, liaison: User) -> None:
    task = services.open_task(case, kind="k", title="Phone them now", role=Role.SAFETY_LIAISON)
    _do(desk, case, "take_task", target=task.pk)
    assert Task.objects.get().assignee == liaison
    _do(desk, case, "complete_task", target=task.pk, outcome="They have it.")
    assert Task.objects.get().state == "done"


def test_IDR_02_another_cases_task_is_not_reached_from_here(case: Case, desk: Client) -> None:
    other = services.open_case("Another matter", by=None)
    task = services.open_task(other, kind="k", title="Phone", role=Role.SAFETY_LIAISON)
    _do(desk, case, "cancel_task", target=task.pk, reason="Wrong page.")
    assert Task.objects.get().state == "open"


def test_a_case_is_closed_and_opened_again(case: Case, desk: Client) -> None:
    _do(desk, case, "close", reason="Unfounded.")
    assert Case.objects.get().state == "closed"
    assert "do/close/" not in _page(desk, case)
    _do(desk, case, "reopen", reason="The subject is back.")
    _do(desk, case, "monitor", reason="Nothing to do now.")
    assert Case.objects.get().state == "monitoring"


def test_a_case_is_given_an_owner(case: Case, desk: Client, liaison: User) -> None:
    _do(desk, case, "assign", user=liaison.pk, role="owner")
    assert Case.objects.get().owner == liaison


def test_an_auditor_looks_and_is_offered_nothing(case: Case, client: Client, auditor: User) -> None:
    reader = _as(client, auditor)
    assert "/do/" not in _page(reader, case)
    assert _do(reader, case, "add_note", text="I was here.").status_code == 403
    assert not selectors.notes_of(case).exists()


def test_the_list_shows_the_newest_first(case: Case, desk: Client) -> None:
    newer = services.open_case("Newer matter", by=None)
    shown = desk.get(CASES).content.decode()
    assert shown.index(newer.reference) < shown.index(case.reference)
