"""What leaves about a flag rests on a decision to refer it, and on what comes before such a decision."""

from collections.abc import Callable
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.partners.services import Agency, Destination
from coordination.referrals import selectors as referral_selectors
from coordination.referrals import services as referrals
from coordination.referrals.models import Referral
from coordination.triage import selectors, services
from coordination.triage.models import Flag
from tests.people import Glass
from tests.referrals.conftest import DRAFT, ITEM
from tests.triage.conftest import FLAG, FOUND, Receive
from tests.world import DestinationOf

pytestmark = pytest.mark.django_db(transaction=True)

REFER: dict[str, Any] = {
    "outcomes": ["refer_police"],
    "reasons": "A school, Monday.",
    "reopens_when": "More.",
}
NO_ACTION = {**REFER, "outcomes": ["no_action"]}
FICTION = {**FOUND, "framing": "role_play"}

Draft = Callable[[Flag], Referral]


@pytest.fixture
def destination(agency: Agency, destination_of: DestinationOf, signing_secret: str, shared_host: None) -> Any:
    """Where it would go."""
    return destination_of(agency)


@pytest.fixture
def draft(liaison: User, destination: Destination) -> Draft:
    """Make a draft on a flag's case that is ready to be submitted."""

    def make(flag: Flag, by: User | None = None) -> Referral:
        assert flag.case is not None
        made = referrals.file(flag.case, by=by or liaison, **DRAFT)
        referrals.add_item(made, by=by or liaison, **ITEM)
        referrals.add_addressee(made, by=by or liaison, destination=destination)
        return made

    return make


def refusal(act: Callable[..., Any], *args: Any, **named: Any) -> str:
    with pytest.raises(Refused) as refused:
        act(*args, **named)
    return str(refused.value.rule)


def test_nothing_is_submitted_that_nobody_decided_to_refer(
    receive: Receive, draft: Draft, liaison: User, senior_reviewer: User
) -> None:
    flag = receive()
    made = draft(flag)
    assert refusal(referrals.submit, made, by=liaison) == "triage.not-decided-to-refer"
    services.decide(flag, by=senior_reviewer, **NO_ACTION, assessment=FOUND)
    assert refusal(referrals.submit, made, by=liaison) == "triage.not-decided-to-refer"
    services.reopen(flag, by=senior_reviewer, reason="He wrote again.")
    assert refusal(referrals.submit, made, by=liaison) == "triage.not-decided-to-refer"
    services.decide(flag, by=senior_reviewer, **REFER, assessment=FOUND)
    assert referrals.submit(made, by=liaison).state == "in_review"


def test_nothing_is_approved_once_the_decision_is_another(
    receive: Receive, draft: Draft, liaison: User, senior_reviewer: User, duty_officer: User
) -> None:
    flag = receive()
    services.decide(flag, by=senior_reviewer, **REFER, assessment=FOUND)
    sent = referrals.submit(draft(flag), by=liaison)
    # What was decided stands while it is looked at again.
    services.reopen(flag, by=senior_reviewer, reason="The context is here.")
    services.decide(flag, by=senior_reviewer, **NO_ACTION, assessment=FOUND)
    digests = referral_selectors.digests_of(sent)
    assert refusal(referrals.approve, sent, by=duty_officer, digests=digests) == "triage.not-decided-to-refer"


def test_one_decision_to_refer_is_enough_for_a_case(
    receive: Receive, draft: Draft, liaison: User, senior_reviewer: User
) -> None:
    first = receive()
    services.decide(first, by=senior_reviewer, **REFER, assessment=FOUND)
    second = receive(external_id="lc-2")
    assert second.case == first.case
    assert referrals.submit(draft(first), by=liaison).state == "in_review"


@pytest.mark.parametrize("enticed", [False, True])
def test_a_report_that_comes_first_comes_before_a_referral_too(  # noqa: PLR0917 - fixtures
    enticed: bool, receive: Receive, draft: Draft, liaison: User, reviewer: User, senior_reviewer: User
) -> None:
    first = receive()
    services.decide(first, by=senior_reviewer, **REFER, assessment=FOUND)
    flag = receive(external_id="lc-2", category="stalking" if enticed else "csam")
    assert flag.case == first.case
    if enticed:
        services.assess(flag, by=reviewer, **FOUND, enticement=True)
    made = draft(first)
    assert refusal(referrals.submit, made, by=liaison) == "triage.report-first"
    report = selectors.reports_of(flag).get()
    services.report_filed(report, by=liaison, number="NCMEC-4471", at=clock.now())
    assert referrals.submit(made, by=liaison).state == "in_review"


def test_what_is_found_to_be_fiction_after_the_decision_waits_for_its_context(
    receive: Receive, draft: Draft, liaison: User, reviewer: User, senior_reviewer: User
) -> None:
    flag = receive(context="")
    services.decide(flag, by=senior_reviewer, **REFER, assessment=FOUND)
    made = draft(flag)
    services.reopen(flag, by=senior_reviewer, reason="It reads like a play.")
    services.assess(flag, by=reviewer, **FICTION)
    assert refusal(referrals.submit, made, by=liaison) == "triage.framing"
    window = "A threat between two\nacts of a play."
    services.assess(flag, by=reviewer, **FICTION, context=window)
    assert refusal(referrals.submit, made, by=liaison) == "triage.framing"
    item = {**ITEM, "title": "What stands around it", "content": f"{FLAG['content']} {window}\r\n"}
    row = referrals.add_item(made, by=liaison, **{**item, "chosen": False})
    assert refusal(referrals.submit, made, by=liaison) == "triage.framing"
    referrals.remove_item(row, by=liaison)
    referrals.add_item(made, by=liaison, **item)
    assert referrals.submit(made, by=liaison).state == "in_review"


def test_under_an_open_break_glass_a_danger_to_life_does_not_wait_for_the_decision(
    receive: Receive, draft: Any, duty_officer: User, break_glass: Glass
) -> None:
    made = draft(receive(), by=duty_officer)
    assert refusal(referrals.submit, made, by=duty_officer) == "triage.not-decided-to-refer"
    break_glass(duty_officer)
    sent = referrals.submit(made, by=duty_officer)
    digests = referral_selectors.digests_of(sent)
    done = referrals.approve(
        sent, by=duty_officer, digests=digests, break_glass=True, reason="Nobody answers."
    )
    assert done.break_glass


def test_without_a_danger_to_life_break_glass_passes_nothing(
    receive: Receive, draft: Any, duty_officer: User, break_glass: Glass
) -> None:
    made = draft(receive(), by=duty_officer)
    break_glass(duty_officer)
    made = referrals.revise(made, by=duty_officer, danger_to_life=False, danger_reason="", priority="normal")
    assert refusal(referrals.submit, made, by=duty_officer) == "triage.not-decided-to-refer"


@pytest.mark.parametrize("verb", ["complete_task", "cancel_task"])
@pytest.mark.parametrize(
    ("outcome", "kind"), [("refer_police", "file_referral"), ("refer_crisis", "file_crisis_referral")]
)
def test_a_decision_to_refer_is_not_ticked_off(  # noqa: PLR0917 - fixtures
    outcome: str, kind: str, verb: str, receive: Receive, liaison: User, senior_reviewer: User
) -> None:
    flag = receive()
    services.decide(flag, by=senior_reviewer, **{**REFER, "outcomes": [outcome]}, assessment=FOUND)
    task = cases.open_task(kind, flag.origin)
    words = {"complete_task": "outcome", "cancel_task": "reason"}[verb]
    end = getattr(case_services, verb)
    assert refusal(end, task, by=liaison, **{words: "ok"}) == "triage.not-filed"
    assert cases.open_task(kind, flag.origin) is not None
    services.reopen(flag, by=senior_reviewer, reason="It is a play.")
    services.decide(flag, by=senior_reviewer, **NO_ACTION, assessment=FOUND)
    assert cases.open_task(kind, flag.origin) is None


def test_the_task_to_file_ends_with_the_submission(
    receive: Receive, draft: Draft, liaison: User, senior_reviewer: User
) -> None:
    flag = receive()
    services.decide(flag, by=senior_reviewer, **REFER, assessment=FOUND)
    sent = referrals.submit(draft(flag), by=liaison)
    assert cases.open_task("file_referral", flag.origin) is None
    assert flag.case is not None
    ended = cases.tasks_of(flag.case).get(kind="file_referral")
    assert (ended.state, ended.outcome) == ("done", f"Submitted as {sent.reference}.")


def test_a_warning_ends_with_what_was_said(receive: Receive, liaison: User, senior_reviewer: User) -> None:
    flag = receive()
    services.decide(flag, by=senior_reviewer, **{**REFER, "outcomes": ["warn_target"]}, assessment=FOUND)
    task = cases.open_task("warn_target", flag.origin)
    assert task is not None
    with pytest.raises(InvalidInput) as wrong:
        case_services.complete_task(task, by=liaison, outcome="ok")
    assert wrong.value.field == "outcome"
    case_services.complete_task(task, by=liaison, outcome="Told her at 20:10; she goes to her sister.")
