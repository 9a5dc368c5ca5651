"""Imposing: at once where policy says so, by people with a reason, once each, and never lighter."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from coordination.access.services import User
from coordination.cases import selectors as cases_of
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotFound, NotPermitted, Refused
from coordination.ledger.selectors import entries_about
from coordination.restrictions import selectors, services
from coordination.restrictions.models import Command, Restriction
from coordination.restrictions.services import Imposing
from coordination.restrictions.signals import restriction_changed, restriction_imposed
from tests.people import Cast
from tests.restrictions.conftest import Impose
from tests.world import ACCOUNT


def test_the_step_at_intake_is_the_one_that_policy_marks(db: None) -> None:
    assert selectors.step_on_intake() == "limit_features"


def test_an_automatic_restriction_has_the_row_of_policy_as_its_authority(
    automatic: Restriction, case: Case
) -> None:
    (step,) = selectors.impositions_of(automatic)
    assert (step.by, step.authority) == (None, "platform 2026.3 platform.ladder-limit")
    assert (automatic.state, automatic.step, automatic.level) == ("ordered", "limit_features", 2)
    assert list(selectors.in_force(case)) == [automatic]
    assert automatic.review_at is not None
    assert timedelta(days=6) < automatic.review_at - clock.now() < timedelta(days=9)


def test_it_queues_a_command_and_tells_the_case_and_the_ledger(automatic: Restriction, case: Case) -> None:
    (command,) = selectors.commands_of(automatic)
    assert (command.action, command.step, command.state) == ("impose", "limit_features", "queued")
    assert (command.lane, command.reason_code) == ("normal", "automatic_on_intake")
    assert any(event.about == automatic.origin for event in cases_of.timeline(case))
    (entry,) = [each for each in entries_about(case.reference) if each.action == "restrictions.imposed"]
    assert entry.data["by"] == "system"
    assert ACCOUNT not in str(entry.data)


def test_a_case_that_is_p0_sends_its_commands_ahead(case: Case, impose: Impose, liaison: User) -> None:
    cases.raise_priority(case, by=None)
    (command,) = selectors.commands_of(impose(liaison))
    assert command.lane == "P0"


def test_nothing_imposes_by_itself_what_policy_does_not(case: Case) -> None:
    for step, authority in (
        ("ban_with_watch", "platform.ladder-ban"),
        ("limit_features", "somebody said so"),
    ):
        with pytest.raises(InvalidInput) as refused:
            services.impose(case, account=ACCOUNT, step=step, reason="A flag.", authority=authority)
        assert refused.value.field == "authority"


def test_the_same_again_is_the_one_that_stands(automatic: Restriction, case: Case) -> None:
    again = services.impose(
        case,
        account=f" {ACCOUNT} ",
        step="limit_features",
        reason="Another flag.",
        authority="platform.ladder-limit",
    )
    assert again == automatic
    assert Command.objects.count() == 1
    assert selectors.impositions_of(automatic).count() == 1


def test_a_step_up_keeps_the_record_and_writes_another_step(
    automatic: Restriction, impose: Impose, liaison: User
) -> None:
    raised = impose(liaison, "ban_with_watch")
    assert raised == automatic
    assert (raised.level, raised.state) == (5, "ordered")
    assert [each.by for each in selectors.impositions_of(raised)] == [None, liaison]
    assert [each.state for each in selectors.commands_of(raised)] == ["superseded", "queued"]


def test_a_step_down_is_refused_to_a_person(impose: Impose, liaison: User) -> None:
    impose(liaison, "ban_with_watch")
    with pytest.raises(Refused, match="a step down is a lift"):
        impose(liaison, "warn")


def test_intake_leaves_what_is_heavier(case: Case, impose: Impose, liaison: User) -> None:
    heavier = impose(liaison, "ban_with_watch")
    found = services.impose(
        case, account=ACCOUNT, step="limit_features", reason="A flag.", authority="platform.ladder-limit"
    )
    assert (found, found.step) == (heavier, "ban_with_watch")


@pytest.mark.parametrize("role", ["safety_liaison", "senior_reviewer", "duty_officer"])
def test_these_roles_impose(cast: Cast, impose: Impose, role: str) -> None:
    assert impose(cast(role)).step == "suspend_pending_review"


@pytest.mark.parametrize("role", ["reviewer", "counsel", "custodian", "auditor", "platform_system"])
def test_other_roles_do_not(cast: Cast, impose: Impose, role: str) -> None:
    with pytest.raises(NotPermitted):
        impose(cast(role))


def test_nobody_restricts_on_a_case_that_they_do_not_see(
    case: Case, impose: Impose, liaison: User, counsel: User
) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    cases.mark(case, compartment="victim", by=counsel, reason="A victim's data.", until=tomorrow)
    with pytest.raises(NotFound):
        impose(liaison)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"account": "acct-nobody"}, "account"),
        ({"account": " "}, "account"),
        ({"step": "prison"}, "step"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 2_001}, "reason"),
        ({"reason": "nul \x00"}, "reason"),
        ({"authority": ""}, "authority"),
    ],
)
def test_what_is_wrong_is_named(impose: Impose, liaison: User, changes: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        impose(liaison, **changes)
    assert refused.value.field == field


def test_an_end_in_the_past_is_refused(impose: Impose, liaison: User) -> None:
    with pytest.raises(InvalidInput):
        impose(liaison, expires_at=clock.now() - timedelta(seconds=1))


def test_news_is_sent_in_the_transaction(impose: Impose, liaison: User) -> None:
    heard: list[tuple[str, bool]] = []

    def new(sender: object, **news: object) -> None:
        heard.append(("imposed", connection.in_atomic_block))

    def changed(sender: object, **news: object) -> None:
        heard.append(("changed", connection.in_atomic_block))

    restriction_imposed.connect(new)
    restriction_changed.connect(changed)
    try:
        impose(liaison, "warn")
        impose(liaison, "read_only")
    finally:
        restriction_imposed.disconnect(new)
        restriction_changed.disconnect(changed)
    assert heard == [("imposed", True), ("changed", True)]


def test_many_at_once_take_a_handful_of_statements_for_each(db: None, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    rows = [
        Imposing(
            case=cases.open_case("A flag", by=None, accounts=[f"acct-{number}"]),
            account=f"acct-{number}",
            step="limit_features",
            reason="A flag.",
            authority="platform.ladder-limit",
        )
        for number in range(20)
    ]
    with django_assert_max_num_queries(20 * 8):
        made = services.impose_many([*rows, rows[0]])
    assert len({each.pk for each in made}) == 20
    assert Command.objects.count() == 20


def test_one_account_twice_in_a_batch_is_one_restriction_at_the_heavier_step(
    case: Case, liaison: User
) -> None:
    rows = [
        Imposing(case=case, account=ACCOUNT, step=step, reason="Two flags.", authority="Terms of use, 4.2")
        for step in ("warn", "read_only")
    ]
    first, second = services.impose_many(rows, by=liaison)
    assert first is second
    assert Restriction.objects.get().step == "read_only"
    assert [each.step for each in Command.objects.all()] == ["read_only"]


def test_the_account_is_sealed(automatic: Restriction) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT account FROM restrictions_restriction")
        assert ACCOUNT.encode() not in bytes(cursor.fetchone()[0])
    assert Restriction.objects.get().account == ACCOUNT


def test_who_sees_no_case_sees_no_restriction(
    automatic: Restriction, administrator: User, liaison: User
) -> None:
    assert list(selectors.visible_to(liaison)) == [automatic]
    assert not selectors.visible_to(administrator)
    assert selectors.restriction_for(liaison, automatic.pk) == automatic
    with pytest.raises(NotFound):
        selectors.restriction_for(administrator, automatic.pk)


def test_statistics_know_when_it_was_imposed(automatic: Restriction, case: Case) -> None:
    assert selectors.timings([case.pk])[case.pk].imposed_at >= automatic.imposed_at
    assert selectors.timings([case.pk])[case.pk].confirmed_at is None
