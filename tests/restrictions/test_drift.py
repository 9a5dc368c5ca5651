"""What the platform says is in force is held against what stands here; a difference is a task."""

from datetime import timedelta

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases_of
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotFound, NotPermitted
from coordination.ledger.selectors import entries_about
from coordination.restrictions import services
from coordination.restrictions.models import Command, Restriction
from coordination.restrictions.services import drift
from tests.restrictions.conftest import Impose
from tests.world import ACCOUNT


@pytest.fixture
def confirmed(automatic: Restriction) -> Restriction:
    services.follow_delivery(Command.objects.get(), state="acknowledged", in_force="limit_features")
    automatic.refresh_from_db()
    assert automatic.state == "in_force"
    return automatic


def _drift(case: Case) -> list[str]:
    return [
        each.title
        for each in cases_of.tasks_of(case)
        if each.kind == "restriction_drift" and each.state == "open"
    ]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("", "The platform has nothing in force; here stands limit features"),
        ("warn", "The platform has warn in force; here stands limit features"),
        ("ban_with_watch", "The platform has ban with watch in force; here stands limit features"),
    ],
)
def test_a_difference_opens_a_task_and_agreement_ends_it(
    confirmed: Restriction, case: Case, platform_system: User, step: str, words: str
) -> None:
    services.report_in_force(by=platform_system, account=f" {ACCOUNT} ", step=step, observed_at=clock.now())
    assert _drift(case) == [words]
    actions = [each.action for each in entries_about(case.reference)]
    assert "restrictions.drift_found" in actions
    services.report_in_force(
        by=platform_system, account=ACCOUNT, step="limit_features", observed_at=clock.now()
    )
    assert _drift(case) == []
    assert "restrictions.drift_ended" in [each.action for each in entries_about(case.reference)]


def test_what_was_never_confirmed_is_not_compared(
    automatic: Restriction, case: Case, platform_system: User
) -> None:
    services.report_in_force(by=platform_system, account=ACCOUNT, step="", observed_at=clock.now())
    assert _drift(case) == []


def test_older_news_changes_nothing(confirmed: Restriction, case: Case, platform_system: User) -> None:
    services.report_in_force(
        by=platform_system, account=ACCOUNT, step="", observed_at=clock.now() - timedelta(days=1)
    )
    assert _drift(case) == []


def test_the_answer_to_a_command_is_compared_too(automatic: Restriction, case: Case) -> None:
    services.follow_delivery(Command.objects.get(), state="acknowledged", in_force="warn")
    assert len(_drift(case)) == 1


def test_the_platform_is_asked_when_it_was_silent_for_the_clock_of_policy(confirmed: Restriction) -> None:
    assert services.ask_regularly() == 0
    Restriction.objects.update(
        reported_at=clock.now() - timedelta(hours=25), confirmed_at=clock.now() - timedelta(hours=30)
    )
    assert services.ask_regularly() == 1
    assert services.ask_regularly() == 1  # it is asked, and not told twice
    assert [each.action for each in Command.objects.all()] == ["impose", "report"]


def test_a_question_is_not_superseded_and_nobody_is_asked_to_do_it_by_hand(
    confirmed: Restriction, impose: Impose, liaison: User
) -> None:
    services.ask(confirmed, by=liaison)
    Command.objects.update(created_at=clock.now() - timedelta(hours=1))
    assert services.chase() == 0
    impose(liaison, "read_only")
    assert [(each.action, each.state) for each in Command.objects.all()] == [
        ("impose", "confirmed"),
        ("report", "queued"),
        ("impose", "queued"),
    ]


def test_only_the_platforms_system_says_what_is_in_force(
    confirmed: Restriction, liaison: User, platform_system: User
) -> None:
    now = clock.now()
    with pytest.raises(NotPermitted):
        services.report_in_force(by=liaison, account=ACCOUNT, step="", observed_at=now)
    with pytest.raises(NotFound):
        services.report_in_force(by=platform_system, account="acct-unknown", step="", observed_at=now)
    for changes in ({"step": "prison"}, {"account": " "}, {"observed_at": now + timedelta(days=9)}):
        values = {"account": ACCOUNT, "step": "", "observed_at": now, **changes}
        with pytest.raises(InvalidInput):
            services.report_in_force(by=platform_system, **values)


@pytest.mark.parametrize("found", ["read_only", ""])
def test_a_difference_names_no_step_of_another_case(
    automatic: Restriction, liaison: User, case: Case, found: str
) -> None:
    hidden = cases.open_case("Another", by=None, accounts=[ACCOUNT])
    services.impose(hidden, account=ACCOUNT, step="ban_with_watch", reason="x", authority="Terms", by=liaison)
    Command.objects.update(state="confirmed")
    drift.note_in_force(automatic, step=found, at=clock.now())
    (task,) = cases_of.tasks_of(case).filter(kind="restriction_drift")
    assert (found.replace("_", " ") or "nothing") in task.title
    assert "ban" not in task.title
    entry = [each for each in entries_about(case.reference) if each.action == "restrictions.drift_found"][-1]
    assert "ban" not in str(entry.data["details"])
    assert task.priority == "P0"
