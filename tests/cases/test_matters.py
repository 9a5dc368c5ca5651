"""A case is opened, told, assigned, closed and found again; each of it once in the ledger."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from coordination.access.services import Role, User
from coordination.cases import selectors, services, signals
from coordination.cases.models import Case, Deadline, Subject
from coordination.core.errors import InvalidInput, NotFound, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from tests.people import Cast
from tests.world import ACCOUNT


def test_a_new_case_has_a_reference_a_timeline_and_an_entry(case: Case) -> None:
    assert case.reference.startswith("C-")
    assert [event.kind for event in selectors.timeline(case)] == ["opened", "subject"]
    actions = [entry.action for entry in ledger.entries_about(case.reference)]
    assert actions == ["cases.opened", "cases.subject_added"]


def test_nobody_opens_a_case_without_the_right_to_work_on_one(auditor: User, administrator: User) -> None:
    for person in (auditor, administrator):
        with pytest.raises(NotPermitted):
            services.open_case("Threat", by=person)
    assert not Case.objects.exists()


def test_a_system_of_the_platform_opens_a_case_through_its_slice(platform_system: User) -> None:
    assert services.open_case("Threat", by=platform_system).reference


@pytest.mark.parametrize(("title", "priority", "field"), [("", "normal", "title"), ("x", "soon", "priority")])
def test_bad_input_names_its_field(db: None, title: str, priority: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.open_case(title, by=None, priority=priority)
    assert refused.value.field == field


def test_an_account_is_found_again_and_sealed(case: Case) -> None:
    services.open_case("Another matter", by=None, accounts=["somebody else"])
    assert list(services.subjects_with_account(f" {ACCOUNT} ")) == [case]
    with connection.cursor() as cursor:
        cursor.execute("SELECT account FROM cases_subject WHERE case_id = %s", [case.pk])
        assert ACCOUNT.encode() not in bytes(cursor.fetchone()[0])


def test_an_account_of_like_name_is_another(case: Case) -> None:
    assert not services.subjects_with_account(ACCOUNT.upper())
    services.add_subject(case, account=ACCOUNT.upper(), by=None)
    assert case.subjects.count() == 2


def test_the_same_subject_is_added_once(case: Case, liaison: User) -> None:
    services.add_subject(case, account=ACCOUNT, by=liaison)
    assert Subject.objects.count() == 1
    services.add_subject(case, account="acct-2", by=liaison, note="Same payment token.")
    assert [subject.account for subject in selectors.subjects_of(case)] == [ACCOUNT, "acct-2"]


def test_the_ledger_holds_no_word_of_a_note(case: Case, liaison: User) -> None:
    services.add_note(case, text="She named the school.", by=liaison)
    assert [note.text for note in selectors.notes_of(case)] == ["She named the school."]
    assert all(b"school" not in bytes(entry.entry) for entry in ledger.entries_about(case.reference))


def test_a_case_has_one_owner_at_a_time(case: Case, senior_reviewer: User, liaison: User, cast: Cast) -> None:
    second = cast(Role.SAFETY_LIAISON, username="second")
    services.assign(case, user=liaison, by=senior_reviewer)
    services.assign(case, user=second, by=senior_reviewer)
    assert Case.objects.get(pk=case.pk).owner == second
    first, last = selectors.assignments_of(case)
    assert (first.user, first.until is not None) == (liaison, True)
    assert (last.user, last.until) == (second, None)
    assert services.assign(case, user=second, by=senior_reviewer) == last


def test_who_is_given_a_case_sees_it(case: Case, senior_reviewer: User, custodian: User) -> None:
    services.assign(case, user=custodian, role="custodian", by=senior_reviewer)
    assert selectors.latest_for(custodian) == [case]
    assert case.owner is None


def test_nobody_is_let_into_a_case_by_giving_it_to_them_without_the_permission_to_grant(
    case: Case, liaison: User, reviewer: User, senior_reviewer: User
) -> None:
    services.revoke(case, principal=Group.objects.get(name=Role.REVIEWER), by=senior_reviewer)
    with pytest.raises(NotPermitted):
        services.assign(case, user=reviewer, role="reviewer", by=liaison)
    again = User.objects.get(pk=reviewer.pk)
    assert not selectors.may(again, case, "view_case")
    assert not selectors.assignments_of(case).exists()


def test_who_is_let_in_with_an_assignment_is_granted_it_in_the_ledger(
    case: Case, senior_reviewer: User, custodian: User
) -> None:
    services.assign(case, user=custodian, role="custodian", by=senior_reviewer)
    last, before = ledger.entries_about(case.reference)[::-1][:2]
    assert (before.action, before.data["by"]) == ("cases.access_granted", senior_reviewer.pk)
    assert before.data["details"]["principal"] == f"u{custodian.pk}"
    assert last.action == "cases.assigned"


def test_who_works_on_a_case_with_their_team_leaves_it_with_their_team(
    case: Case, liaison: User, reviewer: User, senior_reviewer: User
) -> None:
    services.assign(case, user=reviewer, by=liaison)
    services.revoke(case, principal=Group.objects.get(name=Role.REVIEWER), by=senior_reviewer)
    assert not selectors.may(User.objects.get(pk=reviewer.pk), case, "view_case")


def test_a_case_goes_to_nobody_who_may_not_work(case: Case, senior_reviewer: User, auditor: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.assign(case, user=auditor, by=senior_reviewer)
    assert refused.value.field == "user"


def test_a_reviewer_assigns_nothing(case: Case, reviewer: User) -> None:
    with pytest.raises(NotPermitted):
        services.assign(case, user=reviewer, by=reviewer)


def test_a_case_with_open_work_stays_open(case: Case, deadline: Deadline, liaison: User) -> None:
    task = services.open_task(case, kind="k", title="Do this", role=Role.SAFETY_LIAISON)
    with pytest.raises(Refused):
        services.close_case(case, by=liaison, reason="Done.")
    services.complete_task(task, by=liaison, outcome="Done.")
    with pytest.raises(Refused):
        services.close_case(case, by=liaison, reason="Done.")
    services.meet_deadline(case, code=deadline.code)
    assert services.close_case(case, by=liaison, reason="Done.").state == "closed"


def test_what_reopens_a_case_is_told(case: Case, liaison: User) -> None:
    heard: list[str] = []

    def hear(reason: str, **_: object) -> None:
        heard.append(reason)

    services.close_case(case, by=liaison, reason="Unfounded.")
    signals.case_reopened.connect(hear)
    try:
        services.reopen_case(case, by=liaison, reason="The subject is back.")
    finally:
        signals.case_reopened.disconnect(hear)
    assert heard == ["The subject is back."]
    event = selectors.timeline(case).last()
    assert event is not None
    assert (event.kind, event.detail) == ("reopen", "The subject is back.")


def test_an_officer_outside_leaves_a_line_and_sees_nothing(case: Case, police_officer: User) -> None:
    event = services.add_event(case, kind="acknowledged", title="Harrow acknowledged", by=police_officer)
    assert event.by == police_officer
    with pytest.raises(NotFound):
        services.add_note(case, text="Hello", by=police_officer)
    with pytest.raises(NotFound):
        selectors.case_for(police_officer, case.reference)


def test_a_case_without_danger_is_not_made_less(case: Case) -> None:
    services.raise_priority(case, by=None)
    assert services.raise_priority(case, by=None).priority == "P0"
    raised = [e for e in ledger.entries_about(case.reference) if e.action == "cases.priority_raised"]
    assert len(raised) == 1


def test_the_system_finds_a_case_by_reference(case: Case) -> None:
    assert selectors.case_by_reference(case.reference) == case
    with pytest.raises(NotFound):
        selectors.case_by_reference("C-0000-0000")
