"""The platform's own preservation: 180 days by policy, once while it runs."""

from datetime import timedelta

import pytest

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotPermitted
from coordination.ledger.selectors import entries_about
from coordination.restrictions import services
from coordination.restrictions.models import Command, Preservation
from coordination.restrictions.services import Preserving
from tests.world import ACCOUNT


@pytest.fixture
def preservation(case: Case) -> Preservation:
    return services.preserve(case, account=ACCOUNT, reason="A flag of high severity.", about="triage.flag:1")


def test_it_runs_for_180_days_by_the_clock_of_policy(preservation: Preservation, case: Case) -> None:
    assert timedelta(days=180) <= preservation.until - clock.now() < timedelta(days=182)
    assert preservation.authority == "platform 2026.3 policy.own-preservation"
    command = Command.objects.get()
    assert (command.action, command.preservation, command.expires_at) == (
        "preserve",
        preservation,
        preservation.until,
    )
    assert "restrictions.preserved" in [each.action for each in entries_about(case.reference)]


def test_the_same_again_is_the_one_that_runs(preservation: Preservation, case: Case) -> None:
    again = services.preserve(case, account=f" {ACCOUNT} ", reason="Another flag.")
    assert again == preservation
    assert Command.objects.count() == 1


def test_one_in_review_runs_on_when_it_is_ordered_again(preservation: Preservation, case: Case) -> None:
    preservation.state, preservation.until = "review", clock.now() - timedelta(days=1)
    preservation.save()
    again = services.preserve(case, account=ACCOUNT, reason="Another flag.")
    assert (again.pk, again.state) == (preservation.pk, "running")
    assert again.until > clock.now() + timedelta(days=179)
    assert [each.state for each in Command.objects.all()] == ["superseded", "queued"]


def test_a_person_needs_the_right_and_a_subject(case: Case, liaison: User, reviewer: User) -> None:
    assert services.preserve(case, account=ACCOUNT, reason="Asked by counsel.", by=liaison).by == liaison
    with pytest.raises(NotPermitted):
        services.preserve(case, account=ACCOUNT, reason="Asked by counsel.", by=reviewer)
    with pytest.raises(InvalidInput):
        services.preserve(case, account="acct-nobody", reason="Asked by counsel.", by=liaison)


def test_many_at_once_are_one_each(db: None) -> None:
    rows = [
        Preserving(
            case=cases.open_case("A flag", by=None, accounts=[f"acct-{number}"]),
            account=f"acct-{number}",
            reason="A flag.",
        )
        for number in range(10)
    ]
    made = services.preserve_many([*rows, rows[0]])
    assert len({each.pk for each in made}) == 10
    assert made[0] is made[-1]
