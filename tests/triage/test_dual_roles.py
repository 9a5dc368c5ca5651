"""Target in one case and subject in another: separate owners, and nobody on either learns of the other."""

from datetime import timedelta

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.cases.models import Task
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotPermitted
from coordination.ledger.selectors import entries_about
from coordination.triage import services
from tests.triage.conftest import Receive


@pytest.fixture
def other(receive: Receive) -> Case:
    """A case in which acct-9 is the subject."""
    found = receive(account="acct-9", external_id="lc-9").case
    assert found is not None
    return found


def task() -> Task | None:
    return Task.objects.filter(kind="dual_role", state="open").first()


def test_a_target_who_is_a_subject_elsewhere_is_counsels_to_keep_apart(
    case: Case, other: Case, liaison: User, counsel: User
) -> None:
    made = services.record_target(case, by=liaison, account=" acct-9 ")
    assert services.record_target(case, by=liaison, account="acct-9") == made
    found = task()
    assert found is not None
    assert found.case is None
    assert found in cases.waiting_for(counsel)
    assert found not in cases.open_tasks_for(liaison)
    assert {case.reference, other.reference} <= set(
        found.instructions.replace(".", " ").replace(":", " ").split()
    )
    for each in (case, other):
        assert all(event.about != found.about for event in cases.timeline(each))
        assert all("dual" not in str(entry.data) for entry in entries_about(each.reference))
    case_services.complete_task(found, by=counsel, outcome="Two owners.")


def test_a_subject_who_is_a_target_elsewhere_is_found_when_they_come(
    case: Case, liaison: User, receive: Receive
) -> None:
    services.record_target(case, by=liaison, account="acct-9")
    assert task() is None
    receive(account="acct-9", external_id="lc-9")
    assert task() is not None


def test_a_case_under_a_compartment_is_matched_with_nothing(
    case: Case, other: Case, liaison: User, counsel: User
) -> None:
    case_services.mark(
        other,
        by=counsel,
        compartment="non_disclosure",
        reason="An order.",
        until=clock.now() + timedelta(days=9),
    )
    services.record_target(case, by=liaison, account="acct-9")
    assert task() is None


def test_who_may_not_records_no_account(case: Case, auditor: User, liaison: User) -> None:
    with pytest.raises(NotPermitted):
        services.record_target(case, by=auditor, account="acct-9")
    with pytest.raises(InvalidInput):
        services.record_target(case, by=liaison, account=" ")
