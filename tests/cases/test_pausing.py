"""A clock that waits for others stands still, and goes on with what was left; one that ends soon says so."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from coordination.access.services import User
from coordination.cases import selectors, services
from coordination.cases.models import Case, Deadline, TimelineEvent
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotFound
from coordination.ledger import selectors as ledger
from coordination.policy import engine

# A Friday in Los Angeles, whose pack counts the days.
FRIDAY = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
CODE, ABOUT = "policy.ack-normal", "referrals.referral:7"


@pytest.fixture
def business(case: Case, packs: None) -> Deadline:
    """A clock of business days, from a Friday, with a task of its own."""
    due, citation = engine.deadline(CODE, FRIDAY)
    with clock.frozen(FRIDAY):
        made = services.start_deadline(
            case,
            code=CODE,
            title="An answer",
            citation=citation,
            due_at=due,
            about=ABOUT,
            warn_at=due - timedelta(hours=12),
        )
        services.open_task(
            case, kind="answer_question", title="Answer", role="safety_liaison", about=ABOUT, due_at=due
        )
    return made


def pause(case: Case, by: User | None = None) -> Deadline | None:
    return services.pause_deadline(case, code=CODE, about=ABOUT, by=by, reason="They send the page again.")


def resume(case: Case, by: User | None = None) -> Deadline | None:
    return services.resume_deadline(case, code=CODE, about=ABOUT, by=by, reason="It came.")


def test_a_clock_goes_on_with_the_days_that_were_left(case: Case, business: Deadline, liaison: User) -> None:
    with clock.frozen(FRIDAY + timedelta(hours=1)):
        paused = pause(case, by=liaison)
    assert paused is not None
    assert (paused.state, paused.paused_at) == ("paused", FRIDAY + timedelta(hours=1))
    with clock.frozen(FRIDAY + timedelta(days=30)):
        assert services.miss_deadlines() == 0
        assert services.warn_of_deadlines() == 0
        gone_on = resume(case, by=liaison)
    assert gone_on is not None
    # On a Sunday: what was left begins on the Monday, as on the Friday on which it began.
    assert gone_on.due_at == engine.deadline(CODE, FRIDAY + timedelta(days=30)).due
    assert gone_on.warn_at == gone_on.due_at - timedelta(hours=12)
    assert selectors.open_task("answer_question", ABOUT).due_at == gone_on.due_at  # type: ignore[union-attr]
    actions = [each.action for each in ledger.entries_about(case.reference)]
    assert actions[-2:] == ["cases.deadline_paused", "cases.deadline_resumed"]
    told = [
        each.detail for each in TimelineEvent.objects.filter(case=case) if each.kind.startswith("deadline_")
    ]
    assert sorted(told) == ["It came.", "They send the page again."]


def test_a_clock_that_stands_still_is_not_started_beside_itself_and_can_be_met(
    case: Case, business: Deadline
) -> None:
    with clock.frozen(FRIDAY):
        pause(case)
        again = services.start_deadline(
            case, code=CODE, title="x", citation="y", due_at=FRIDAY + timedelta(days=9), about=ABOUT
        )
        assert again == business
        assert pause(case) is None, "it stands still already"
        met = services.meet_deadline(case, code=CODE, about=ABOUT)
    assert met is not None
    assert met.state == "met"
    assert resume(case) is None


def test_who_does_not_see_the_case_stops_no_clock(case: Case, business: Deadline, outsider: User) -> None:
    with pytest.raises(NotFound):
        pause(case, by=outsider)


def test_a_clock_without_a_rule_or_a_reason_is_not_stopped(case: Case, packs: None) -> None:
    due = clock.now() + timedelta(days=1)
    services.start_deadline(case, code="their.date", title="Return date", citation="The process", due_at=due)
    with pytest.raises(InvalidInput) as refused:
        services.pause_deadline(case, code="their.date", by=None, reason="Wait.")
    assert refused.value.field == "code"
    services.start_deadline(case, code=CODE, title="x", citation="y", due_at=due)
    with pytest.raises(InvalidInput) as refused:
        services.pause_deadline(case, code=CODE, by=None, reason=" ")
    assert refused.value.field == "reason"


def test_a_clock_warns_once_before_it_runs_out_unless_its_task_is_there(
    case: Case, business: Deadline, liaison: User
) -> None:
    assert business.warn_at is not None
    with clock.frozen(business.warn_at - timedelta(minutes=1)):
        assert services.warn_of_deadlines() == 0
    services.complete_task(selectors.open_task("answer_question", ABOUT), by=liaison, outcome="Moved.")  # type: ignore[arg-type]
    with clock.frozen(business.warn_at):
        assert services.warn_of_deadlines() == 1
        assert services.warn_of_deadlines() == 0
    soon = selectors.open_task("deadline_soon", f"cases.deadline:{business.pk}")
    assert soon is not None
    assert (soon.title, soon.due_at) == ("Due soon: An answer", business.due_at)
    with clock.frozen(business.due_at + timedelta(minutes=1)):
        services.miss_deadlines()
    soon.refresh_from_db()
    assert (soon.state, soon.outcome) == ("done", "The clock ran out.")


def test_who_met_a_clock_is_not_warned_of_it_and_a_warning_comes_before_the_end(
    case: Case, business: Deadline
) -> None:
    services.meet_deadline(case, code=CODE, about=ABOUT)
    assert services.warn_of_deadlines(business.due_at) == 0
    with clock.frozen(FRIDAY), pytest.raises(InvalidInput) as refused:
        services.start_deadline(
            case, code="c", title="t", citation="", due_at=business.due_at, warn_at=business.due_at
        )
    assert refused.value.field == "warn_at"


def test_the_database_knows_since_when_a_clock_stands_still(business: Deadline) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Deadline.objects.filter(pk=business.pk).update(state="paused")
