"""What belongs to no case is ended on the desk, by those who may do it, with what came of it."""

from typing import Any

import pytest
from django.test import Client

from coordination.access.roles import ROLES
from coordination.access.services import Role, User
from coordination.access.signals import read_too_fast
from coordination.cases import selectors, services
from coordination.cases.duties import BY_HAND, DUTIES, can_do
from coordination.cases.models import Task
from coordination.cases.services import alarms
from coordination.cases.taskadmin import SEE, TaskAdmin
from coordination.core.errors import NotPermitted, Refused
from coordination.ledger import selectors as ledger
from tests.cases.test_duties import WITHOUT_CASE, opened
from tests.doors import SignIn
from tests.people import Cast

LIST = "/admin/cases/task/"
ROOM = "80 GB were added to the volume; a test exhibit came in."
ASKED = "A handover of twelve cases; the duty officer confirms it."


def _page(task: Task) -> str:
    return f"{LIST}{task.pk}/change/"


def _do(browser: Client, task: Task, act: str, **data: Any) -> Any:
    return browser.post(f"{LIST}{task.pk}/do/{act}/", data, follow=True)


@pytest.fixture
def full(db: None) -> Task:
    """The task of a store that has no room."""
    services.alarm(alarms.STORE, "disk full")
    return Task.objects.get(kind="no_room")


@pytest.fixture
def hasty(liaison: User) -> Task:
    """The task about a liaison who opened many records."""
    read_too_fast.send(sender=User, user=liaison, readings=300)
    return Task.objects.get(kind="fast_readings")


def test_home_leads_an_administrator_to_the_task_and_it_ends_there(
    full: Task, administrator: User, sign_in: SignIn
) -> None:
    browser = sign_in(administrator)
    assert f'href="{_page(full)}"' in browser.get("/admin/").content.decode()
    shown = browser.get(_page(full)).content.decode()
    assert "Make room in the store for exhibits" in shown
    said = _do(browser, full, "made_room", outcome=ROOM).content.decode()
    assert ROOM in said
    assert "/do/" not in said
    full.refresh_from_db()
    assert (full.state, full.outcome, full.ended_by) == ("done", ROOM, administrator)
    assert full.title not in browser.get("/admin/").content.decode()
    ended = [
        leaf for leaf in ledger.entries_about(f"task:{full.pk}") if leaf.action == "cases.task_completed"
    ]
    assert [leaf.data["by"] for leaf in ended] == [administrator.pk]
    assert ended[0].data["details"]["outcome_digest"].startswith("sha256:")


def test_an_auditor_ends_the_question_about_fast_readings(
    hasty: Task, auditor: User, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(auditor)
    assert f'href="{_page(hasty)}"' in browser.get("/admin/").content.decode()
    # The person and their readings are one click away.
    assert f'href="/admin/access/user/at/{liaison.pk}/"' in browser.get(_page(hasty)).content.decode()
    _do(browser, hasty, "looked_into", outcome=ASKED)
    hasty.refresh_from_db()
    assert (hasty.state, hasty.outcome, hasty.ended_by) == ("done", ASKED, auditor)


def test_it_says_what_came_of_it_or_stays_open(full: Task, administrator: User, sign_in: SignIn) -> None:
    browser = sign_in(administrator)
    for nothing in ("", "   "):
        answer = _do(browser, full, "made_room", outcome=nothing)
        assert "Nothing was saved" in answer.content.decode()
    full.refresh_from_db()
    assert full.state == "open"


def test_whoever_comes_second_is_told(full: Task, administrator: User, sign_in: SignIn) -> None:
    browser = sign_in(administrator)
    services.complete_task(full, by=administrator, outcome=ROOM)
    assert "Cannot complete while done" in _do(browser, full, "made_room", outcome="Again.").content.decode()
    full.refresh_from_db()
    assert full.outcome == ROOM


def test_the_others_see_who_has_taken_it(
    full: Task, administrator: User, cast: Cast, sign_in: SignIn
) -> None:
    _do(sign_in(administrator), full, "take")
    second = sign_in(cast(Role.ADMINISTRATOR, username="second"))
    shown = second.get(_page(full)).content.decode()
    assert f"taken by {administrator}" in shown
    assert "do/take/" not in shown
    # Who took it may be ill: another of the role still ends it.
    _do(second, full, "made_room", outcome=ROOM)
    full.refresh_from_db()
    assert full.state == "done"


def test_nobody_ends_the_question_about_themselves(auditor: User, cast: Cast, sign_in: SignIn) -> None:
    read_too_fast.send(sender=User, user=auditor, readings=300)
    task = Task.objects.get(kind="fast_readings")
    browser = sign_in(auditor)
    shown = browser.get(_page(task)).content.decode()
    assert "It is about you" in shown
    assert "/do/" not in shown
    assert (
        "Nobody ends a task about themselves"
        in _do(browser, task, "looked_into", outcome="Fine.").content.decode()
    )
    for end in (services.complete_task, services.cancel_task):
        with pytest.raises(Refused, match="themselves"):
            end(task, **{"by": auditor, "outcome" if end is services.complete_task else "reason": "Fine."})
    other = cast(Role.AUDITOR, username="second")
    _do(sign_in(other), task, "looked_into", outcome=ASKED)
    task.refresh_from_db()
    assert (task.state, task.ended_by) == ("done", other)


@pytest.mark.parametrize("role", [role for role, rights in ROLES.items() if rights.staff])
def test_it_is_as_if_missing_for_every_other_role(
    full: Task, hasty: Task, cast: Cast, role: Role, sign_in: SignIn
) -> None:
    person = cast(role, username=f"another_{role}")
    browser = sign_in(person)
    missing = browser.get(f"{LIST}987654321/change/")
    for task, act in ((full, "made_room"), (hasty, "looked_into")):
        mine = can_do(role, task.kind)
        answer = browser.get(_page(task))
        assert (answer.status_code == 200) == mine
        if not mine:
            assert answer.status_code == missing.status_code == 404
            assert answer.content == missing.content
            assert _do(browser, task, act, outcome="Done.").status_code == 404
            with pytest.raises(NotPermitted):
                services.complete_task(task, by=person, outcome="Done.")
    assert {each.state for each in Task.objects.all()} == {"open"}


def test_a_task_does_not_end_by_the_act_of_another_kind(
    full: Task, administrator: User, sign_in: SignIn
) -> None:
    """An administrator's page of a full store takes no auditor's word, nor from an administrator."""
    browser = sign_in(administrator)
    assert "do/looked_into/" not in browser.get(_page(full)).content.decode()
    assert _do(browser, full, "looked_into", outcome="Done.").status_code == 403


def test_who_took_a_task_and_lost_the_right_does_not_end_it(full: Task, liaison: User) -> None:
    Task.objects.update(assignee=liaison)
    full.refresh_from_db()
    with pytest.raises(NotPermitted):
        services.complete_task(full, by=liaison, outcome="Done.")


def test_the_list_has_what_is_open_first_and_keeps_what_came_of_the_rest(
    full: Task, administrator: User, sign_in: SignIn
) -> None:
    browser = sign_in(administrator)
    _do(browser, full, "made_room", outcome=ROOM)
    services.alarm(alarms.PACKAGES, "quota reached")
    services.open_task(None, kind="lock_out", title="Sam is locked out", role=Role.ADMINISTRATOR)
    shown = browser.get(LIST).content.decode()
    assert shown.index("A package could not be written") < shown.index("Exhibits cannot be kept")
    # What ends on another page is not listed twice.
    assert "Sam is locked out" not in shown


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR])
def test_an_empty_list_says_what_would_come(cast: Cast, role: Role, sign_in: SignIn) -> None:
    browser = sign_in(cast(role))
    assert TaskAdmin.empty_text in browser.get(LIST).content.decode()
    home = browser.get("/admin/").content.decode()
    assert f'href="{LIST}"' in home
    assert "Nothing waits for you." in home


def test_every_kind_that_is_ended_by_hand_has_its_act_and_is_seen_by_its_role() -> None:
    kinds = dict(sorted(opened()))
    assert set(BY_HAND) <= set(WITHOUT_CASE)
    for kind in BY_HAND:
        assert DUTIES[kind] in {act.permission for act in TaskAdmin.acts.values()}
        assert {SEE, DUTIES[kind]} <= ROLES[Role(kinds[kind])].permissions


def test_reading_the_task_is_recorded_under_its_name(
    full: Task, administrator: User, sign_in: SignIn
) -> None:
    sign_in(administrator).get(_page(full))
    assert "cases.task_read" in [leaf.action for leaf in ledger.entries_about(f"task:{full.pk}")]
    assert selectors.is_loose(full)
