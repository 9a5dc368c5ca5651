"""Decisions about flags: recorded whole, never changed, and followed by what they ask for."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.cases.models import Task
from coordination.core import clock
from coordination.core.errors import IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.ledger.selectors import entries_about
from coordination.policy import engine
from coordination.triage import selectors, services
from coordination.triage.models import Decision, Flag
from coordination.triage.workflow import FLAG, FlagState, FlagVerb
from tests.people import Cast
from tests.triage.conftest import FOUND, Receive


def end_done(task: Task, by: User) -> object:
    """Complete a task."""
    return case_services.complete_task(task, by=by, outcome="Seen.")


def end_cancelled(task: Task, by: User) -> object:
    """Cancel a task."""
    return case_services.cancel_task(task, by=by, reason="Not needed.")


SAID: dict[str, Any] = {
    "outcomes": ["refer_police"],
    "reasons": "Direct, specific, with a date and a means: high (section 4).",
    "reopens_when": "Another account with the same payment token.",
    "assessment": FOUND,
}


def test_a_decision_names_who_why_and_under_which_criteria(receive: Receive, senior_reviewer: User) -> None:
    flag = receive()
    decision = services.decide(flag, by=senior_reviewer, **SAID)
    assert decision.decided_by == senior_reviewer
    assert decision.criteria == "platform 2026.3 (v2)"
    assert decision.outcomes == ["refer_police"]
    flag.refresh_from_db()
    assert flag.state == FlagState.DECIDED
    assert cases.open_task("triage_senior", flag.origin) is None
    assert entries_about(flag.origin).last().data["details"]["criteria"] == "platform 2026.3 (v2)"


def test_to_refer_opens_the_task_to_file_for_a_liaison(receive: Receive, senior_reviewer: User) -> None:
    flag = receive()
    services.decide(flag, by=senior_reviewer, **SAID)
    task = cases.open_task("file_referral", flag.origin)
    assert task is not None
    assert (task.role, task.priority) == ("safety_liaison", "P0")


def test_danger_to_self_and_others_goes_both_ways(receive: Receive, senior_reviewer: User) -> None:
    flag = receive(category="self_harm")
    outcomes = ["refer_crisis", "refer_police", "warn_target"]
    services.decide(flag, by=senior_reviewer, **{**SAID, "outcomes": outcomes})
    for kind in ("file_referral", "file_crisis_referral", "warn_target"):
        assert cases.open_task(kind, flag.origin) is not None


def test_who_warns_reads_first_what_may_be_said_and_the_reasons_as_not_to_be_read_out(
    receive: Receive, senior_reviewer: User
) -> None:
    flag = receive()
    services.decide(flag, by=senior_reviewer, **{**SAID, "outcomes": ["warn_target"]})
    task = cases.open_task("warn_target", flag.origin)
    assert task is not None
    said, not_aloud, why = task.instructions.partition("Why (do not read out):\n")
    assert not_aloud
    assert SAID["reasons"] not in said
    assert why == SAID["reasons"]
    for words in (
        "safe contact only",
        "no voicemail",
        "the police know",
        "nothing of the account",
        "victim liaison",
    ):
        assert words in said


@pytest.mark.parametrize(("verb", "state"), [("complete_task", "met"), ("cancel_task", "cancelled")])
def test_the_warning_is_due_when_the_call_about_a_danger_to_life_is_and_its_clock_ends_with_it(
    verb: str, state: str, receive: Receive, senior_reviewer: User, liaison: User
) -> None:
    flag = receive()
    now = clock.now()
    with clock.frozen(now):
        services.decide(flag, by=senior_reviewer, **{**SAID, "outcomes": ["warn_target"]})
    task = cases.open_task("warn_target", flag.origin)
    assert flag.case is not None
    assert task is not None
    due, citation = engine.deadline("policy.phone-p0", now)
    running = cases.deadlines_of(flag.case).get(code="warn_target")
    assert (task.due_at, running.due_at, running.citation, running.state) == (due, due, citation, "running")
    words = {"complete_task": "outcome", "cancel_task": "reason"}[verb]
    getattr(case_services, verb)(task, by=liaison, **{words: "Told her at 20:10; she goes to her sister."})
    assert cases.deadlines_of(flag.case).get(code="warn_target").state == state


def test_no_action_is_a_record_like_any_other(receive: Receive, senior_reviewer: User) -> None:
    flag = receive()
    decision = services.decide(flag, by=senior_reviewer, **{**SAID, "outcomes": ["no_action"]})
    assert list(selectors.decisions_of(flag)) == [decision]
    assert flag.case is not None
    assert any(event.kind == "triage.decided" for event in cases.timeline(flag.case))


def test_monitoring_opens_a_task_for_its_date(receive: Receive, senior_reviewer: User) -> None:
    flag = receive()
    until = date(2099, 1, 2)
    services.decide(flag, by=senior_reviewer, **{**SAID, "outcomes": ["monitor"]}, monitor_until=until)
    task = cases.open_task("monitor", flag.origin)
    assert task is not None
    assert task.due_at is not None
    assert task.due_at.date() == until
    flag.refresh_from_db()
    assert flag.case is not None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"outcomes": []}, "outcomes"),
        ({"outcomes": ["pray"]}, "outcomes"),
        ({"outcomes": ["no_action", "monitor"]}, "outcomes"),
        ({"outcomes": ["monitor"]}, "monitor_until"),
        ({"outcomes": ["monitor"], "monitor_until": date(2020, 1, 1)}, "monitor_until"),
        ({"monitor_until": date(2099, 1, 1)}, "monitor_until"),
        ({"reasons": " "}, "reasons"),
        ({"reopens_when": ""}, "reopens_when"),
        ({"reopens_when": "x" * 301}, "reopens_when"),
    ],
)
def test_a_decision_that_is_not_whole_names_what_lacks(
    change: dict[str, Any], field: str, receive: Receive, senior_reviewer: User
) -> None:
    flag = receive()
    with pytest.raises(InvalidInput) as caught:
        services.decide(flag, by=senior_reviewer, **{**SAID, **change})
    assert caught.value.field == field
    assert not Decision.objects.exists()


@pytest.mark.parametrize("role", ["reviewer", "safety_liaison", "auditor", "platform_system", "counsel"])
def test_who_does_not_decide_may_not(role: str, receive: Receive, cast: Cast) -> None:
    flag = receive()
    person = User.objects.filter(groups__name=role).first() or cast(role)
    with pytest.raises(NotPermitted):
        services.decide(flag, by=person, **SAID)


def test_reopening_keeps_the_earlier_decision_and_asks_again(
    receive: Receive, senior_reviewer: User, duty_officer: User
) -> None:
    flag = receive()
    services.decide(flag, by=senior_reviewer, **{**SAID, "outcomes": ["no_action"]})
    services.reopen(flag, by=duty_officer, reason="A second account was found.")
    assert cases.open_task("triage_senior", flag.origin) is not None
    services.decide(flag, by=duty_officer, **SAID)
    assert [decision.outcomes for decision in selectors.decisions_of(flag)] == [
        ["no_action"],
        ["refer_police"],
    ]


@pytest.mark.parametrize("end", [end_done, end_cancelled])
def test_the_task_to_decide_ends_with_the_decision_and_by_no_hand(
    end: Callable[[Task, User], object],
    receive: Receive,
    senior_reviewer: User,
    reviewer: User,
) -> None:
    flag = receive()
    task = cases.open_task("triage_senior", flag.origin)
    assert task is not None
    with pytest.raises(NotPermitted):
        end(task, reviewer)
    with pytest.raises(Refused) as refused:
        end(task, senior_reviewer)
    assert refused.value.rule == "triage.undecided"
    services.decide(flag, by=senior_reviewer, **{**SAID, "outcomes": ["no_action"]})
    assert cases.open_task(task.kind, flag.origin) is None


@pytest.mark.parametrize("end", [end_done, end_cancelled])
def test_the_task_to_assess_ends_with_the_assessment_and_by_no_hand(
    end: Callable[[Task, User], object], receive: Receive, reviewer: User
) -> None:
    flag = receive(category="stalking")
    task = cases.open_task("triage_tier_1", flag.origin)
    assert task is not None
    with pytest.raises(Refused):
        end(task, reviewer)
    services.assess(flag, by=reviewer, **FOUND)
    assert cases.open_task("triage_tier_1", flag.origin) is None


def test_the_product_of_states_and_verbs(
    receive: Receive, senior_reviewer: User, reviewer: User, liaison: User, duty_officer: User
) -> None:
    acts: dict[FlagVerb, Callable[[Flag], object]] = {
        FlagVerb.ASSESS: lambda flag: services.assess(flag, by=reviewer, **FOUND),
        FlagVerb.DISSENT: lambda flag: services.dissent(flag, by=liaison, reasons="A real school."),
        FlagVerb.DECIDE: lambda flag: services.decide(flag, by=senior_reviewer, **SAID),
        FlagVerb.REOPEN: lambda flag: services.reopen(flag, by=senior_reviewer, reason="News."),
    }
    flag = receive()
    services.decide(flag, by=duty_officer, **SAID)
    for verb in FlagVerb:
        for state in FlagState:
            with transaction.atomic():
                Flag.objects.filter(pk=flag.pk).update(state=state)
                if verb in FLAG.allowed(state):
                    acts[verb](flag)
                    flag.refresh_from_db()
                    assert flag.state == FLAG.after(state, verb)
                else:
                    with pytest.raises(IllegalTransition):
                        acts[verb](flag)
                transaction.set_rollback(True)


def test_a_decision_cannot_be_changed_or_removed(receive: Receive, senior_reviewer: User) -> None:
    decision = services.decide(receive(), by=senior_reviewer, **SAID)
    for act in (
        lambda: Decision.objects.filter(pk=decision.pk).update(criteria="Other."),
        lambda: Decision.objects.filter(pk=decision.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    assert Decision.objects.get().reasons == SAID["reasons"]


def test_a_flag_of_high_severity_is_decided_within_its_clock(receive: Receive, senior_reviewer: User) -> None:
    night = datetime(2026, 11, 20, 23, 12, tzinfo=UTC)
    with clock.frozen(night):
        flag = receive(content_at=night)
        task = cases.open_task("triage_senior", flag.origin)
        assert task is not None
        assert task.due_at == night + timedelta(minutes=15)
        calm = receive(external_id="lc-2", account="acct-2", category="stalking", content_at=night)
        assert cases.open_task("triage_tier_1", calm.origin).due_at is None  # type: ignore[union-attr]
        services.decide(
            flag,
            by=senior_reviewer,
            outcomes=["no_action"],
            reasons="Fiction.",
            reopens_when="It is not.",
            assessment=FOUND,
        )
    assert cases.deadlines_of(flag.case).get(code="policy.decide-high").state == "met"
