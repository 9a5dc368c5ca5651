"""A page opens with its task, climbs until a person answers, and is never sent twice for one step."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.cases.models import Task
from coordination.cases.services import Case
from coordination.cases.signals import tasks_opened
from coordination.core import clock
from coordination.core.errors import IllegalTransition, NotPermitted
from coordination.desk.management.commands import worker
from coordination.ledger import selectors as ledger
from coordination.oncall import selectors, services, ways
from coordination.oncall.models import Page, PageAttempt
from coordination.oncall.services import climbing
from coordination.oncall.workflow import PAGE, PageState, PageVerb
from coordination.outbox.halt import Halt
from coordination.outbox.supervisor import Round
from coordination.policy import selectors as policy
from tests.oncall.conftest import NOON, page_of, sent_to
from tests.people import Cast
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def _climb(minutes: float) -> int:
    with clock.frozen(NOON + timedelta(minutes=minutes)):
        return services.climb()


@pytest.fixture
def opened(rota: dict[str, User], task: Any) -> Any:
    with clock.frozen(NOON):
        return task(about="x:1")


@pytest.mark.parametrize("state", PageState)
@pytest.mark.parametrize("verb", PageVerb)
def test_only_a_page_that_climbs_is_answered_or_ended(state: PageState, verb: PageVerb) -> None:
    if state == PageState.PAGING:
        assert PAGE.after(state, verb) in PAGE.terminal
    else:
        with pytest.raises(IllegalTransition):
            PAGE.after(state, verb)


def test_policy_names_kinds_of_tasks_that_there_are(packs: None) -> None:
    from coordination.cases.duties import DUTIES

    rows = list(policy.escalations())
    assert rows
    for row in rows:
        assert set(row.task_kinds) <= set(DUTIES)
        assert [step["after_minutes"] for step in row.steps] == [0, 5, 10, 15]
        assert row.citation == "Platform policy default"


def test_a_page_stands_and_falls_with_its_task(rota: dict[str, User], task: Any) -> None:
    class Undone(Exception):
        pass

    def opens_and_fails() -> None:
        with transaction.atomic():
            task()
            assert Page.objects.count() == 1
            raise Undone

    with pytest.raises(Undone):
        opens_and_fails()
    assert not Page.objects.exists()


def test_what_policy_does_not_name_pages_nobody(rota: dict[str, User], task: Any) -> None:
    task(priority="normal")
    task(kind="after_action_review")
    assert not Page.objects.exists()


def test_a_task_that_becomes_a_danger_to_life_pages_then(rota: dict[str, User], task: Any) -> None:
    task(priority="normal", about="x:1")
    assert not Page.objects.exists()
    task(about="x:1")
    task(about="x:1")
    assert Page.objects.count() == 1


def test_it_climbs_at_0_5_10_and_15_minutes_and_then_repeats_the_last_step(
    opened: Any, mailoutbox: list[Any]
) -> None:
    told = []
    for minutes in (0, 1, 4.9, 5, 9.9, 10, 14.9, 15, 19.9, 20, 25):
        mailoutbox.clear()
        _climb(minutes)
        told.append((minutes, sent_to(mailoutbox)))
    everybody = ["first", "manager", "second"]
    assert [each for each in told if each[1]] == [
        (0, ["first"]),
        (5, ["second"]),
        (10, ["manager"]),
        (15, everybody),
        (20, everybody),
        (25, everybody),
    ]


def test_a_message_says_nothing_of_the_case_and_names_nobody(opened: Any, mailoutbox: list[Any]) -> None:
    _climb(0)
    (mail,) = mailoutbox
    said = f"{mail.subject}\n{mail.body}"
    assert "You are paged: P0" in said
    for secret in (opened.title, opened.case.reference, opened.case.title, "flag", "Sofia", "first"):
        assert secret not in said


def test_it_stops_once_a_person_answers(opened: Any, first: User, mailoutbox: list[Any]) -> None:
    _climb(0)
    services.answer(page_of(opened), by=first)
    mailoutbox.clear()
    assert _climb(30) == 0
    assert mailoutbox == []
    page = page_of(opened)
    assert (page.state, page.answered_by, page.answered_how) == ("answered", first, "desk")
    actions = [each.action for each in ledger.entries_about(f"page:{page.pk}")]
    assert actions == ["oncall.page_opened", "oncall.paged", "oncall.paged", "oncall.page_answered"]


def test_taking_the_task_answers(opened: Any, second: User) -> None:
    cases.take_task(opened, by=second)
    assert (page_of(opened).state, page_of(opened).answered_how) == ("answered", "taken")


def test_doing_the_task_answers_and_a_task_that_is_not_needed_ends_it(
    opened: Any, second: User, task: Any
) -> None:
    cases.end_tasks(about="x:1", outcome="Decided.", by=second)
    assert (page_of(opened).state, page_of(opened).answered_by) == ("answered", second)
    other = task(about="x:2")
    cases.end_tasks(about="x:2", outcome="It answered by itself.", by=None, cancel=True)
    assert page_of(other).state == "ended"


def test_who_was_not_asked_and_could_not_do_it_answers_nothing(
    opened: Any, victim_liaison: User, auditor: User
) -> None:
    _climb(0)
    for person in (victim_liaison, auditor):
        with pytest.raises(NotPermitted):
            services.answer(page_of(opened), by=person)


def test_a_page_is_answered_once(opened: Any, first: User, second: User) -> None:
    services.answer(page_of(opened), by=first)
    with pytest.raises(IllegalTransition):
        services.answer(page_of(opened), by=second)


def test_a_step_that_reaches_nobody_is_passed_at_once(
    opened: Any, first: User, second: User, mailoutbox: list[Any]
) -> None:
    for person in (first, second):
        services.remove_way(selectors.ways_of(person).get(), by=person)
    _climb(0)
    assert mailoutbox == []
    _climb(0)
    assert mailoutbox == []
    _climb(0)
    assert sent_to(mailoutbox) == ["manager"]


def test_nobody_reachable_is_said_loudly_and_asked_for_again(
    rota: dict[str, User], opened: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for person in rota.values():
        services.remove_way(selectors.ways_of(person).get(), by=person)
    for _ in range(4):
        _climb(0)
    page = page_of(opened)
    assert "reached nobody" in caplog.text
    assert page.reached_at is None
    assert ledger.entries_about(f"page:{page.pk}").filter(action="oncall.nobody_reached").count() == 1
    assert _climb(4.9) == 0
    assert _climb(5) == 1
    assert ledger.entries_about(f"page:{page.pk}").filter(action="oncall.nobody_reached").count() == 2


def test_who_may_not_do_the_task_or_does_not_see_the_case_is_not_woken(
    rota: dict[str, User], opened: Any, cast: Cast
) -> None:
    page = page_of(opened)
    cast(Role.CUSTODIAN, username="keeper")
    for whom in ("person:keeper", "role:custodian", "person:nobody", "on_call:other"):
        assert selectors.named([whom], page.task, NOON) == []
    assert selectors.named(["person:first", "on_call:first"], page.task, NOON) == [rota["first"]]


def test_whoever_has_the_task_already_is_asked_first_of_all(
    rota: dict[str, User], task: Any, second: User, mailoutbox: list[Any]
) -> None:
    with clock.frozen(NOON):
        task(assignee=second)
    _climb(0)
    assert sent_to(mailoutbox) == ["first", "second"]


def test_a_way_that_fails_is_recorded_and_every_other_way_is_tried_at_once(
    opened: Any, first: User, mailoutbox: list[Any]
) -> None:
    """There is no gateway for text messages here."""
    services.add_way(first, way="sms", address="+1 970 555 0101", by=None)
    Page.objects.update(steps=[{"after_minutes": 0, "whom": ["on_call:first"], "ways": ["sms"]}])
    _climb(0)
    found = list(PageAttempt.objects.order_by("pk").values_list("person", "way", "result", "error"))
    assert found == [(first.pk, "sms", "failed", "no-gateway"), (first.pk, "email", "sent", "")]
    assert sent_to(mailoutbox) == ["first"]


def test_several_pages_wake_a_person_once(
    rota: dict[str, User], task: Any, first: User, mailoutbox: list[Any]
) -> None:
    with clock.frozen(NOON):
        tasks = [task(about=f"x:{number}") for number in range(3)]
    _climb(0)
    (mail,) = mailoutbox
    assert mail.subject == "You are paged: P0 (3 tasks)"
    assert PageAttempt.objects.filter(person=first, way="email", result="sent").count() == len(tasks)


def test_after_a_crash_only_what_has_no_record_is_sent_again(
    rota: dict[str, User], opened: Any, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_of(opened)
    Page.objects.update(steps=[{"after_minutes": 0, "whom": ["queue"], "ways": ["email"]}])
    end = climbing._end

    def dies(_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(climbing, "_end", dies)
    PageAttempt.objects.create(
        page=page, round=0, step=0, person=rota["first"], way="email", at=NOON, result="sent"
    )
    with pytest.raises(KeyboardInterrupt):
        _climb(0)
    assert sent_to(mailoutbox) == ["manager", "second"]
    monkeypatch.setattr(climbing, "_end", end)
    assert _climb(0) == 1
    assert sent_to(mailoutbox) == ["manager", "second"]
    assert page_of(opened).round == 1


@pytest.mark.django_db(transaction=True)
def test_a_page_that_another_worker_has_in_hand_is_left_alone(
    rota: dict[str, User], opened: Any, owner: Any, mailoutbox: list[Any]
) -> None:
    key = climbing._key(page_of(opened).pk)
    owner.execute("SELECT pg_advisory_lock(%s)", [key])
    assert _climb(0) == 0
    assert mailoutbox == []
    owner.execute("SELECT pg_advisory_unlock(%s)", [key])
    assert _climb(0) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchone() == (0,)


def test_who_answers_while_messages_leave_is_not_overtaken(
    opened: Any, first: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = climbing._send

    def answered_meanwhile(messages: Any) -> None:
        send(messages)
        if page_of(opened).state == "paging":
            services.answer(page_of(opened), by=first)

    monkeypatch.setattr(climbing, "_send", answered_meanwhile)
    _climb(0)
    page = page_of(opened)
    assert (page.state, page.round) == ("answered", 0)


def test_statistics_are_told_when_somebody_was_asked_for_and_when_one_answered(
    opened: Any, first: User
) -> None:
    with clock.frozen(NOON + timedelta(minutes=3)):
        services.answer(page_of(opened), by=first)
    (found,) = selectors.timings(["x:1"])
    assert (found.opened_at, found.answered_at) == (NOON, NOON + timedelta(minutes=3))
    assert selectors.timings(since=NOON + timedelta(hours=1)) == []


def test_what_is_sent_needs_a_gateway(settings: Any) -> None:
    settings.ONCALL_SMS_URL = settings.EMAIL_HOST = ""
    for way in ("sms", "webhook", "email", "desk"):
        with pytest.raises(ways.NotSent, match="no-gateway"):
            ways.send(way, "x", ways.Notice(subject="s", text="t"))


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_send_each_step_once(
    rota: dict[str, User], opened: Any, mailoutbox: list[Any]
) -> None:
    def work() -> int:
        return _climb(0)

    done = at_once(*[work] * 8)
    assert sent_to(mailoutbox) == ["first"]
    assert sum(done) == 1
    assert page_of(opened).round == 1


def test_many_tasks_at_once_open_their_pages_in_as_many_statements_as_one(
    rota: dict[str, User], case: Case, django_assert_num_queries: Any
) -> None:
    def task(number: int) -> Task:
        told = {"kind": "triage_senior", "title": "Decide", "role": "senior_reviewer", "priority": "P0"}
        return Task.objects.create(case=case, about=f"x:{number}", opened_at=NOON, **told)

    for number in (1, 50):
        tasks = [task(1000 * number + each) for each in range(number)]
        with django_assert_num_queries(4):
            tasks_opened.send(sender=Task, tasks=tasks)
    assert Page.objects.count() == 51
    assert {each.next_at == each.opened_at for each in Page.objects.all()} == {True}


class TestRound:
    """What the worker does every few seconds goes on whatever breaks, and ends with the worker."""

    def test_pages_climb_in_every_worker(self) -> None:
        (found,) = worker.ROUNDS
        assert found.run is services.climb
        assert found.seconds <= 15

    def test_what_breaks_is_tried_again_until_the_worker_stops(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        halt, times = Halt(), []

        def breaks() -> None:
            times.append(1)
            if len(times) == 3:
                halt.ask(0)
            raise ZeroDivisionError

        Round(name="test", seconds=0.01, run=breaks).go(halt)
        assert len(times) == 3
        assert caplog.text.count("test failed; again in") == 3
