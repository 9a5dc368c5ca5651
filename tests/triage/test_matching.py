"""Which case a flag belongs to: never merged wrongly, and a person asked where it is not certain."""

from datetime import timedelta
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.cases import signals
from coordination.cases.models import Case, Task
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotPermitted, Refused
from coordination.ledger.selectors import entries_about
from coordination.restrictions import services as restrictions
from coordination.restrictions.models import Command, Preservation, Restriction
from coordination.restrictions.services import sending
from coordination.triage import selectors, services
from coordination.triage.models import Flag, KeptApart
from tests.doors import signed_in
from tests.people import Cast
from tests.triage.conftest import FOUND, Receive

TOKEN = {"kind": "payment_token", "value": "tok-9", "provenance": "observed"}
MAIL = {
    "kind": "email",
    "value": "dana@example.com",
    "provenance": "observed",
    "verified_at": "2026-01-02",
}


@pytest.fixture
def another(receive: Receive) -> Receive:
    """Receive a flag of another account without any identifier: `another(account="acct-2")`."""
    count = iter(range(1000))

    def make(**changes: Any) -> Flag:
        return receive(**{"external_id": f"lc-x{next(count)}", "identifiers": [], **changes})

    return make


def asked(flag: Flag) -> Task | None:
    """Return the question about a flag."""
    return cases.open_task("same_person", flag.origin)


def test_a_payment_token_brings_a_second_account_to_the_case_and_tells(
    another: Receive, liaison: User
) -> None:
    heard: list[Any] = []

    def hear(sender: Any, *, case: Case, subject: Any, **_: Any) -> None:
        heard.append((case, subject.account))

    first = another(identifiers=[TOKEN])
    assert first.case is not None
    case_services.assign(first.case, user=liaison, by=None)
    signals.subject_returned.connect(hear)
    try:
        second = another(account="acct-9", identifiers=[TOKEN])
    finally:
        signals.subject_returned.disconnect(hear)
    assert second.case == first.case
    assert [each.account for each in cases.subjects_of(first.case)] == ["acct-7731", "acct-9"]
    subject = cases.subjects_of(first.case).last()
    assert subject is not None
    task = cases.open_task("subject_returned", f"cases.subject:{subject.pk}")
    assert task is not None
    assert task.assignee == liaison
    assert heard == [(first.case, "acct-9")]
    assert "cases.subject_returned" in [each.action for each in entries_about(first.case.reference)]
    assert another(account="acct-9").case == first.case


def test_a_returning_subject_opens_a_closed_case_again(
    another: Receive, senior_reviewer: User, reviewer: User
) -> None:
    first = another(category="stalking", identifiers=[TOKEN])
    case = case_services.open_case("A case", by=None, accounts=["acct-1"])
    assert first.case is None
    second = another(account="acct-1", identifiers=[TOKEN], category="stalking")
    assert second.case == case
    services.assess(second, by=reviewer, **FOUND)
    services.decide(
        second, by=senior_reviewer, outcomes=["no_action"], reasons="Fiction.", reopens_when="Again."
    )
    case_services.close_case(case, by=senior_reviewer, reason="Fiction.")
    third = another(account="acct-3", identifiers=[TOKEN], category="stalking")
    assert third.case == case
    assert third.case.state == "open"


@pytest.mark.parametrize(
    "changes",
    [
        {"account": "ACCT-7731"},
        {"account": "acct-7731\u200b"},
        {"account": "acct-\uff17731"},
        {"account": "acct-5", "identifiers": [{**MAIL, "value": "dana+lists@example.com"}]},
        {"account": "acct-5", "identifiers": [{k: v for k, v in MAIL.items() if k != "verified_at"}]},
    ],
    ids=["case", "zero-width", "unicode form", "plus-tag", "unverified"],
)
def test_what_is_only_alike_is_asked_of_a_person(changes: dict[str, Any], another: Receive) -> None:
    first = another(identifiers=[MAIL])
    second = another(**changes)
    assert second.case != first.case
    assert second.case is not None, "of high severity it has a case of its own meanwhile"
    task = asked(second)
    assert task is not None
    assert task.title == "Is this the same person?"
    assert first.case is not None
    assert first.case.reference not in task.instructions
    calm = another(**changes, category="stalking")
    assert calm.case in (None, second.case)


def test_a_device_that_two_people_share_is_asked_about(another: Receive) -> None:
    tablet = [{"kind": "device", "value": "tablet-kitchen", "provenance": "observed"}]
    first = another(account="husband", identifiers=tablet)
    second = another(account="wife", category="self_harm", identifiers=tablet)
    assert first.case is not None
    assert second.case != first.case
    assert [each.account for each in cases.subjects_of(first.case)] == ["husband"]
    assert asked(second) is not None


def test_accounts_of_like_name_are_each_restricted_and_preserved(another: Receive) -> None:
    first = another(account="Ember", identifiers=[TOKEN])
    second = another(account="EMBER", identifiers=[TOKEN])
    assert first.case is not None
    assert second.case == first.case
    for rows in (cases.subjects_of(first.case), Restriction.objects.all(), Preservation.objects.all()):
        assert {each.account for each in rows} == {"Ember", "EMBER"}


def test_what_stands_against_an_account_is_not_ordered_of_one_of_like_name(
    another: Receive, liaison: User
) -> None:
    first = another(account="Ember")
    assert first.case is not None
    restrictions.impose(
        first.case, account="Ember", step="ban_with_watch", reason="So.", authority="Terms, 4.2", by=liaison
    )
    second = another(account="EMBER")
    assert second.case != first.case
    wanted = Restriction.objects.get(case=second.case)
    told = sending._body(Command.objects.get(restriction=wanted))
    assert (told.account, told.step) == ("EMBER", wanted.step)
    assert wanted.step != "ban_with_watch"


@pytest.mark.parametrize(
    "changes",
    [
        {"identifiers": [{**MAIL, "value": "d.ana@example.com"}]},
        {"identifiers": [{**MAIL, "provenance": "claimed_by_user"}]},
        {"identifiers": [{"kind": "ip_address", "value": "198.51.100.4", "provenance": "observed"}]},
        {"identifiers": [{"kind": "display_name", "value": "Dana", "provenance": "observed"}]},
    ],
    ids=["dots", "claimed", "address", "name"],
)
def test_weak_kinds_and_claims_never_merge_and_ask_nobody(changes: dict[str, Any], another: Receive) -> None:
    shared = [
        MAIL,
        {"kind": "ip_address", "value": "198.51.100.4", "provenance": "observed"},
        {"kind": "display_name", "value": "Dana", "provenance": "observed"},
    ]
    first = another(identifiers=shared)
    second = another(account="acct-5", **changes)
    assert second.case != first.case
    assert asked(second) is None


def test_two_cases_with_the_same_identifiers_are_a_question(another: Receive) -> None:
    first, second = another(identifiers=[TOKEN]), another(account="acct-2", identifiers=[MAIL])
    third = another(account="acct-3", identifiers=[TOKEN, MAIL])
    assert third.case not in (first.case, second.case)
    assert asked(third) is not None
    calm = another(account="acct-4", identifiers=[TOKEN, MAIL], category="other")
    assert calm.case is None
    assert asked(calm) is not None


def test_a_flag_of_an_account_with_a_case_joins_it_and_the_other_case_is_asked_about(
    another: Receive, senior_reviewer: User
) -> None:
    first, second = another(identifiers=[TOKEN]), another(account="acct-2")
    third = another(account="acct-2", identifiers=[TOKEN])
    assert third.case == second.case
    assert asked(third) is not None
    assert services.candidates_for(senior_reviewer, third) == [first.case]


def test_a_person_joins_a_flag_and_what_waits_because_of_it_goes_along(
    another: Receive, senior_reviewer: User
) -> None:
    first, second = another(), another(account="ACCT-7731")
    assert first.case is not None
    services.join_flag(second, case=first.case, by=senior_reviewer, reason="The same card.")
    second.refresh_from_db()
    assert second.case == first.case
    assert asked(second) is None
    task = cases.open_task("triage_senior", second.origin)
    assert task is not None
    assert task.case == first.case
    assert cases.deadlines_of(first.case).filter(about=second.origin).exists()
    assert "triage.flag_joined" in [each.action for each in entries_about(second.origin)]
    third = another(account="ACCT-7731")
    assert third.case == first.case
    assert asked(third) is None


def test_a_person_keeps_them_apart_and_is_not_asked_again(another: Receive, senior_reviewer: User) -> None:
    first, second = another(), another(account="ACCT-7731")
    services.keep_apart(second, by=senior_reviewer, reason="Two people of one household.")
    assert asked(second) is None
    assert KeptApart.objects.get().reason == "Two people of one household."
    third = another(account="ACCT-7731")
    assert third.case == second.case != first.case
    assert asked(third) is None


def test_what_is_new_since_they_were_kept_apart_is_asked_about_and_joins_nothing(
    another: Receive, senior_reviewer: User
) -> None:
    first, second = another(identifiers=[TOKEN]), another(account="ACCT-7731")
    services.keep_apart(second, by=senior_reviewer, reason="Two people of one household.")
    third = another(account="ACCT-7731", identifiers=[TOKEN])
    assert third.case == second.case != first.case
    assert asked(third) is not None
    assert services.candidates_for(senior_reviewer, third) == [first.case]
    services.keep_apart(third, by=senior_reviewer, reason="They share a card.")
    assert asked(third) is None
    assert asked(another(account="ACCT-7731", identifiers=[TOKEN])) is None


def test_what_a_case_gained_since_they_were_kept_apart_is_asked_about(
    another: Receive, senior_reviewer: User
) -> None:
    first, second = another(), another(account="ACCT-7731", identifiers=[TOKEN])
    services.keep_apart(second, by=senior_reviewer, reason="Two people of one household.")
    assert first.case is not None
    case_services.add_subject(first.case, account="ACCT-7731", by=None)
    third = another(account="ACCT-7731")
    assert third.case == second.case
    assert asked(third) is not None


def test_the_question_ends_by_no_hand(another: Receive, senior_reviewer: User) -> None:
    another()
    task = asked(another(account="ACCT-7731"))
    assert task is not None
    with pytest.raises(Refused) as refused:
        case_services.complete_task(task, by=senior_reviewer, outcome="Seen.")
    assert refused.value.rule == "triage.unanswered"


def test_an_answer_needs_a_reason_a_candidate_and_the_right(
    another: Receive, senior_reviewer: User, reviewer: User
) -> None:
    first, second = another(), another(account="ACCT-7731")
    foreign = another(account="acct-8")
    assert first.case is not None
    assert foreign.case is not None
    for case, reason, field in ((first.case, " ", "reason"), (foreign.case, "So.", "case")):
        with pytest.raises(InvalidInput) as wrong:
            services.join_flag(second, case=case, by=senior_reviewer, reason=reason)
        assert wrong.value.field == field
    with pytest.raises(InvalidInput):
        services.keep_apart(foreign, by=senior_reviewer, reason="So.")
    with pytest.raises(NotPermitted):
        services.join_flag(second, case=first.case, by=reviewer, reason="So.")


def hidden_case(flag: Flag, counsel: User) -> Case:
    """Put the case of a flag under a compartment."""
    assert flag.case is not None
    case_services.mark(
        flag.case,
        compartment="non_disclosure",
        by=counsel,
        reason="A court.",
        until=clock.now() + timedelta(days=1),
    )
    return flag.case


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"account": "ACCT-7731"},
        {"account": "acct-5", "identifiers": [TOKEN]},
        {"category": "stalking"},
        {"account": "acct-5", "identifiers": [TOKEN], "category": "stalking"},
    ],
)
def test_a_case_under_a_compartment_is_neither_joined_nor_told_of_and_its_members_hear(
    changes: dict[str, Any], another: Receive, counsel: User, senior_reviewer: User
) -> None:
    hidden = hidden_case(another(identifiers=[TOKEN]), counsel)
    flag = another(**changes)
    assert flag.case != hidden
    assert asked(flag) is None
    assert services.candidates_for(senior_reviewer, flag) == []
    news = Task.objects.filter(case=hidden, kind="subject_elsewhere", state="open")
    assert news.count() == 1
    assert not set(news) & set(cases.open_tasks_for(senior_reviewer))
    assert set(news) <= set(cases.open_tasks_for(counsel))
    outside = Task.objects.exclude(case=hidden)
    assert all(hidden.reference not in f"{each.title} {each.instructions}" for each in outside)


def test_a_question_about_a_case_that_is_hidden_now_ends_and_its_members_hear(
    another: Receive, counsel: User
) -> None:
    first, second = another(), another(account="ACCT-7731")
    question = asked(second)
    assert question is not None
    hidden = hidden_case(first, counsel)
    question.refresh_from_db()
    assert (question.state, question.outcome) == ("cancelled", "Nothing is left to compare.")
    (news,) = Task.objects.filter(case=hidden, kind="subject_elsewhere", state="open")
    assert news.about.startswith(second.origin)
    assert news in cases.open_tasks_for(counsel)


def test_a_question_with_another_candidate_stays(another: Receive, counsel: User) -> None:
    first, other = another(), another(account="Acct-7731")
    third = another(account="ACCT-7731")
    question = asked(third)
    hidden = hidden_case(first, counsel)
    assert asked(third) == question
    assert services.candidates_for(counsel, third) == [other.case]
    assert Task.objects.filter(case=hidden, kind="subject_elsewhere").count() == 2


def test_flags_of_one_subject_are_seen_together(
    another: Receive, senior_reviewer: User, counsel: User
) -> None:
    first = another(category="stalking", identifiers=[TOKEN])
    second = another(category="stalking", account="acct-2", identifiers=[TOKEN])
    third = another(category="stalking", account="acct-2")
    other = another(category="stalking", account="acct-3")
    assert set(selectors.related(senior_reviewer, second)) == {first, third}
    assert set(selectors.related(senior_reviewer, first)) == {second}
    assert not selectors.related(senior_reviewer, other)
    hidden_case(another(account="acct-2"), counsel)
    assert set(selectors.related(senior_reviewer, second)) == {first, third}


def test_the_page_asks_and_takes_the_answer(another: Receive, senior_reviewer: User) -> None:
    first, second = another(), another(account="ACCT-7731")
    assert first.case is not None
    client = signed_in(senior_reviewer)
    address = f"/admin/triage/flag/{second.pk}/"
    shown = client.get(f"{address}change/").content.decode()
    assert "Is this the same person?" in shown
    assert first.case.reference in shown
    client.post(f"{address}do/join/", {"case": first.case.reference, "reason": "The same card."})
    second.refresh_from_db()
    assert second.case == first.case
    assert "Is this the same person?" not in client.get(f"{address}change/").content.decode()


def test_text_that_deceives_is_kept_as_it_is_and_shown_for_what_it_is(
    another: Receive, senior_reviewer: User
) -> None:
    said = "Meet me \u202egnp.exe\u202c at the\u200b gate. \u0645\u0631\u062d\u0628\u0627"
    flag = another(content=said)
    flag.refresh_from_db()
    assert flag.content == said
    shown = signed_in(senior_reviewer).get(f"/admin/triage/flag/{flag.pk}/content/").content.decode()
    assert '<span class="unseen" title="U+202E RIGHT-TO-LEFT OVERRIDE">U+202E</span>' in shown
    assert "\u200b" not in shown


def test_roles_that_see_no_flags_see_none_together(another: Receive, cast: Cast) -> None:
    flag = another(identifiers=[TOKEN])
    another(account="acct-2", identifiers=[TOKEN])
    assert not selectors.related(cast("custodian"), flag)
