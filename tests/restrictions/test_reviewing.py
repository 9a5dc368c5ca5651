"""What comes to its date is looked at again; it neither lifts nor deletes."""

from datetime import timedelta

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases_of
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.evidence import services as evidence
from coordination.restrictions import selectors, services
from coordination.restrictions.models import Command, Preservation, Restriction
from coordination.restrictions.services import sending
from tests.restrictions.conftest import Impose
from tests.world import ACCOUNT


def _tasks(case: Case, kind: str) -> list[str]:
    return [each.state for each in cases_of.tasks_of(case).filter(kind=kind)]


def test_a_restriction_that_came_to_its_date_stands_and_is_looked_at(
    automatic: Restriction, case: Case, liaison: User
) -> None:
    assert services.ask_to_review() == 0
    Restriction.objects.update(review_at=clock.now() - timedelta(seconds=1))
    assert services.ask_to_review() == 1
    assert services.ask_to_review() == 0
    assert list(selectors.in_force(case)) == [automatic]
    assert _tasks(case, "review_restriction") == ["open"]
    kept = services.keep(automatic, by=liaison, reason="The threat stands.")
    assert kept.review_at is not None
    assert (kept.review_at > clock.now(), kept.in_review) == (True, False)
    assert _tasks(case, "review_restriction") == ["done"]


def test_an_expiry_lifts_nothing(impose: Impose, liaison: User, case: Case) -> None:
    imposed = impose(liaison, expires_at=clock.now() + timedelta(hours=1))
    Restriction.objects.update(review_at=clock.now() - timedelta(days=400))
    services.ask_to_review()
    imposed.refresh_from_db()
    assert imposed.state == "ordered"
    assert [each.action for each in Command.objects.all()] == ["impose"]


def test_only_who_may_restrict_says_that_it_stands(automatic: Restriction, reviewer: User) -> None:
    with pytest.raises(NotPermitted):
        services.keep(automatic, by=reviewer, reason="So be it.")


@pytest.fixture
def expired(case: Case) -> Preservation:
    kept = services.preserve(case, account=ACCOUNT, reason="A flag.")
    Preservation.objects.update(until=clock.now() - timedelta(seconds=1))
    assert services.ask_to_review() == 1
    kept.refresh_from_db()
    assert (kept.state, _tasks(case, "review_preservation")) == ("review", ["open"])
    return kept


def test_a_preservation_that_came_to_its_date_is_extended_with_a_reason(
    expired: Preservation, case: Case, liaison: User
) -> None:
    with pytest.raises(InvalidInput):
        services.extend(expired, by=liaison, reason=" ")
    extended = services.extend(expired, by=liaison, reason="The trial is in May.")
    assert (extended.state, extended.until > clock.now()) == ("running", True)
    assert _tasks(case, "review_preservation") == ["done"]
    assert [each.action for each in Command.objects.all()] == ["preserve", "preserve"]


def test_it_is_let_go_with_a_reason_and_the_platform_is_told(
    expired: Preservation, case: Case, liaison: User, reviewer: User
) -> None:
    with pytest.raises(NotPermitted):
        services.let_go(expired, by=reviewer, reason="Over.")
    ended = services.let_go(expired, by=liaison, reason="Nothing came of it.")
    assert (ended.state, ended.ended_by) == ("ended", liaison)
    assert Command.objects.latest("pk").action == "release"


def test_a_hold_blocks_it(expired: Preservation, case: Case, liaison: User, counsel: User) -> None:
    evidence.place_hold(case.reference, by=counsel, reason="Litigation is anticipated.")
    with pytest.raises(Refused, match="hold"):
        services.let_go(expired, by=liaison, reason="Over.")


def test_what_another_case_keeps_is_kept_on_for_that_one(expired: Preservation, liaison: User) -> None:
    other = cases.open_case("Another", by=None, accounts=[ACCOUNT])
    longer = services.preserve(other, account=ACCOUNT, reason="Another flag.")
    assert services.let_go(expired, by=liaison, reason="Nothing came of it.").state == "ended"
    told = sending._body(Command.objects.get(action="release"))
    assert (told.action, told.expires_at) == ("preserve", longer.until)
    Preservation.objects.filter(pk=longer.pk).update(state="ended")
    assert sending._body(Command.objects.get(action="release")).action == "release"


def test_a_preservation_is_told_until_the_last_date_of_any_case(case: Case) -> None:
    kept = services.preserve(case, account=ACCOUNT, reason="A flag.")
    Preservation.objects.update(until=kept.until + timedelta(days=9))
    services.preserve(
        cases.open_case("Another", by=None, accounts=[ACCOUNT]), account=ACCOUNT, reason="Another."
    )
    assert sending._body(Command.objects.latest("pk")).expires_at == kept.until + timedelta(days=9)


def test_a_hold_on_another_case_that_keeps_it_blocks_it_too(
    expired: Preservation, liaison: User, counsel: User
) -> None:
    other = cases.open_case("Another", by=None, accounts=[ACCOUNT])
    services.preserve(other, account=ACCOUNT, reason="Another flag.")
    evidence.place_hold(other.reference, by=counsel, reason="Litigation is anticipated.")
    with pytest.raises(Refused, match="hold") as refused:
        services.let_go(expired, by=liaison, reason="Over.")
    assert other.reference not in str(refused.value)


def test_what_runs_is_not_let_go(case: Case, liaison: User) -> None:
    kept = services.preserve(case, account=ACCOUNT, reason="A flag.")
    with pytest.raises(IllegalTransition):
        services.let_go(kept, by=liaison, reason="Over.")
