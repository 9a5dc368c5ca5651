"""Tasks wait for the right people, are taken by one, and end with a word."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group

from coordination.access.services import Role, User
from coordination.cases import selectors, services, signals
from coordination.cases.models import Case, Task
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, NotFound, NotPermitted
from coordination.ledger import selectors as ledger
from tests.people import Cast


@pytest.fixture
def task(case: Case) -> Task:
    return services.open_task(
        case, kind="phone", title="Phone them now", role=Role.SAFETY_LIAISON, about="referrals.referral:7"
    )


def test_a_task_waits_for_its_role(task: Task, liaison: User, counsel: User) -> None:
    assert list(selectors.waiting_for(liaison)) == [task]
    assert list(selectors.waiting_for(counsel)) == []
    assert list(selectors.open_tasks_for(counsel)) == [task]


def test_a_taken_task_waits_for_one_person(task: Task, liaison: User, cast: Cast) -> None:
    colleague = cast(Role.SAFETY_LIAISON, username="colleague")
    services.take_task(task, by=liaison)
    assert list(selectors.waiting_for(liaison)) == [task]
    assert list(selectors.waiting_for(colleague)) == []


def test_a_task_of_a_hidden_case_waits_for_nobody_outside(
    case: Case, task: Task, liaison: User, duty_officer: User
) -> None:
    services.revoke(case, principal=Group.objects.get(name=Role.SAFETY_LIAISON), by=None)
    assert list(selectors.waiting_for(liaison)) == []
    assert list(selectors.open_tasks_for(liaison)) == []
    with pytest.raises(NotFound):
        selectors.task_for(liaison, task.pk)
    with pytest.raises(NotFound):
        services.take_task(task, by=liaison)
    assert list(selectors.waiting_for(duty_officer)) == [task]


def test_a_task_without_a_case_waits_for_its_role_alone(liaison: User, counsel: User) -> None:
    task = services.open_task(None, kind="plugin", title="A channel is down", role=Role.SAFETY_LIAISON)
    assert list(selectors.waiting_for(liaison)) == [task]
    assert list(selectors.open_tasks_for(counsel)) == []
    with pytest.raises(NotPermitted):
        services.complete_task(task, by=counsel, outcome="Seen.")
    services.complete_task(task, by=liaison, outcome="It is up again.")


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        (Role.CUSTODIAN, "file_referral"),
        (Role.VICTIM_LIAISON, "answer_question"),
        (Role.SAFETY_LIAISON, "confirm_acknowledgement"),
        (Role.REVIEWER, "approve_answer"),
        (Role.REVIEWER, "monitor"),
    ],
)
def test_who_may_not_do_what_a_task_asks_for_does_not_end_it(
    role: Role, kind: str, case: Case, cast: Cast
) -> None:
    """Custodians act on no referral: they make none go away either."""
    person = cast(role, username="somebody")
    services.grant(case, principal=person, by=None)
    task = services.open_task(case, kind=kind, title="A duty", role=Role.SENIOR_REVIEWER, about="x.y:1")
    with pytest.raises(NotPermitted):
        services.complete_task(task, by=person, outcome="Done.")
    with pytest.raises(NotPermitted):
        services.cancel_task(task, by=person, reason="Not needed.")
    services.cancel_task(task, by=cast(Role.SENIOR_REVIEWER, username="another"), reason="Not needed.")


def test_danger_to_life_comes_first_then_what_is_due(case: Case, liaison: User) -> None:
    now = clock.now()
    due = {"later": now + timedelta(days=2), "soon": now + timedelta(hours=1), "undated": None}
    for title, moment in due.items():
        services.open_task(case, kind="k", title=title, role=Role.SAFETY_LIAISON, due_at=moment)
    services.open_task(case, kind="k", title="danger", role=Role.SAFETY_LIAISON, priority="P0")
    waiting = [task.title for task in selectors.waiting_for(liaison)]
    assert waiting == ["danger", "soon", "later", "undated"]


def test_the_same_task_is_not_opened_twice(case: Case, task: Task) -> None:
    again = services.open_task(
        case, kind="phone", title="Phone them", role=Role.COUNSEL, about="referrals.referral:7", priority="P0"
    )
    assert again.pk == task.pk
    assert again.priority == "P0"
    assert Task.objects.count() == 1
    services.complete_task(again, by=None, outcome="They were reached.")
    third = services.open_task(
        case, kind="phone", title="Phone", role=Role.COUNSEL, about="referrals.referral:7"
    )
    assert third.pk != task.pk


def test_a_task_that_somebody_else_opens_at_the_same_time_is_found(
    case: Case, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = selectors.open_task
    answers = iter([None])
    monkeypatch.setattr(selectors, "open_task", lambda kind, about: next(answers, found(kind, about)))
    again = services.open_task(
        case, kind="phone", title="Phone", role=Role.COUNSEL, about="referrals.referral:7"
    )
    assert again.pk == task.pk


def test_a_taken_task_is_taken_over_only_on_purpose(task: Task, liaison: User, cast: Cast) -> None:
    colleague = cast(Role.SAFETY_LIAISON, username="colleague")
    services.take_task(task, by=liaison)
    with pytest.raises(Conflict):
        services.take_task(task, by=colleague)
    assert services.take_task(task, by=colleague, take_over=True).assignee == colleague


def test_only_its_role_takes_a_task(task: Task, counsel: User, auditor: User) -> None:
    for person in (counsel, auditor):
        with pytest.raises(NotPermitted):
            services.take_task(task, by=person)


def test_an_ended_task_is_not_taken(task: Task, liaison: User) -> None:
    services.cancel_task(task, by=liaison, reason="It was a drill.")
    with pytest.raises(IllegalTransition):
        services.take_task(task, by=liaison)


def test_a_task_ends_with_a_word(task: Task, liaison: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.complete_task(task, by=liaison, outcome="  ")
    assert refused.value.field == "outcome"
    done = services.complete_task(task, by=liaison, outcome="The watch commander has it.")
    assert (done.ended_by, done.outcome) == (liaison, "The watch commander has it.")
    entry = ledger.entries_about(task.case.reference).last()  # type: ignore[union-attr]
    assert entry is not None
    assert entry.action == "cases.task_completed"
    assert b"watch commander" not in bytes(entry.entry)


def test_what_happened_ends_the_tasks_about_it(case: Case, task: Task, police_officer: User) -> None:
    other = services.open_task(case, kind="k", title="Other", role=Role.COUNSEL, about="referrals.referral:8")
    ended = services.end_tasks(about="referrals.referral:7", outcome="They acknowledged.", by=police_officer)
    assert ended == 1
    assert list(selectors.tasks_of(case)) == [other, Task.objects.get(pk=task.pk)]


def test_an_auditor_opens_no_task(case: Case, auditor: User) -> None:
    with pytest.raises(NotPermitted):
        services.open_task(case, kind="k", title="Do this", role=Role.COUNSEL, by=auditor)


def test_a_queue_that_nobody_has_is_refused(case: Case) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.open_task(case, kind="k", title="Do this", role="butler")
    assert refused.value.field == "role"


def test_a_receiver_that_fails_undoes_the_task(case: Case) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError

    signals.tasks_opened.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            services.open_task(case, kind="k", title="Do this", role=Role.COUNSEL)
    finally:
        signals.tasks_opened.disconnect(fail)
    assert not Task.objects.exists()


@pytest.mark.parametrize("outcome", ["", "x" * 2_001, "a\x00b"])
def test_a_word_that_cannot_be_kept_is_refused(task: Task, outcome: str) -> None:
    with pytest.raises(InvalidInput):
        services.complete_task(task, by=None, outcome=outcome)
    assert Task.objects.get().state == "open"


def test_taking_ones_own_task_again_changes_nothing(task: Task, liaison: User) -> None:
    services.take_task(task, by=liaison)
    assert services.take_task(task, by=liaison).assignee == liaison


def test_one_kind_of_task_is_ended_and_the_rest_stay(case: Case, task: Task) -> None:
    other = services.open_task(case, kind="chase", title="Chase", role=Role.COUNSEL, about=task.about)
    assert services.end_tasks(about=task.about, kind="chase", outcome="Acknowledged.", by=None) == 1
    assert Task.objects.get(pk=other.pk).state == "done"
    assert Task.objects.get(pk=task.pk).state == "open"


def test_no_one_without_the_grant_ends_tasks_by_the_way(task: Task, custodian: User) -> None:
    with pytest.raises(NotFound):
        services.end_tasks(about=task.about, outcome="Done.", by=custodian)


def test_a_task_for_a_team_that_does_not_see_the_case_goes_to_who_does(
    case: Case, victim_liaison: User, duty_officer: User
) -> None:
    task = services.open_task(case, kind="k", title="Write to her", role=Role.VICTIM_LIAISON)
    assert list(selectors.waiting_for(duty_officer)) == [task]
    services.grant(case, principal=victim_liaison, by=None)
    second = services.open_task(case, kind="k", title="Call her", role=Role.VICTIM_LIAISON)
    assert list(selectors.waiting_for(victim_liaison)) == [second]


def test_a_task_of_somebody_who_is_taken_off_the_case_waits_for_others(
    case: Case, custodian: User, duty_officer: User
) -> None:
    services.grant(case, principal=custodian, by=None)
    task = services.open_task(case, kind="k", title="Collect", role=Role.CUSTODIAN, assignee=custodian)
    services.revoke(case, principal=custodian, by=None)
    (moved,) = selectors.waiting_for(duty_officer)
    assert (moved.pk, moved.assignee) == (task.pk, None)
    assert "cases.task_rerouted" in [entry.action for entry in ledger.entries_about(case.reference)]


def test_a_page_of_tasks_does_not_read_every_case_that_a_person_sees(liaison: User, case: Case) -> None:
    assert "hashed" not in selectors.waiting_for(liaison)[:50].explain()
