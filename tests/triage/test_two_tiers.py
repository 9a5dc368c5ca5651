"""The two tiers: one person assesses, another decides; for high severity the second tier at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.core import clock
from coordination.core.errors import IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.ledger.selectors import entries_about
from coordination.policy import selectors as policy
from coordination.triage import selectors, services
from coordination.triage.models import Assessment, Decision, Flag
from coordination.triage.services.weighing import BOTH_WAYS, MINOR_CARE, SELF_HARM_FIRST
from coordination.triage.workflow import Finding, FlagState
from tests.doors import SignIn
from tests.people import Cast
from tests.triage.conftest import FLAG, FOUND, Receive

SAID: dict[str, Any] = {"outcomes": ["no_action"], "reasons": "A parking dispute.", "reopens_when": "More."}


@pytest.fixture
def quiet(receive: Receive) -> Flag:
    """A flag that is not of high severity."""
    return receive(category="stalking")


def test_the_first_tier_assesses_and_the_second_decides(
    quiet: Flag, reviewer: User, senior_reviewer: User
) -> None:
    made = services.assess(quiet, by=reviewer, **{**FOUND, "level": "medium"})
    quiet.refresh_from_db()
    assert quiet.state == FlagState.ASSESSED
    assert (made.target, made.target_provenance, made.means) == ("present", "inferred", "unknown")
    task = cases.open_task("triage_senior", quiet.origin)
    assert task is not None
    assert (task.role, task.priority, task.due_at) == ("senior_reviewer", "normal", None)
    decision = services.decide(quiet, by=senior_reviewer, **SAID)
    assert decision.assessment == made
    actions = [entry.action for entry in entries_about(quiet.origin)]
    assert actions == ["triage.flag_received", "triage.assessed", "triage.decided"]


def test_a_high_level_opens_a_case_and_waits_for_nobody(quiet: Flag, reviewer: User) -> None:
    services.assess(quiet, by=reviewer, **FOUND)
    quiet.refresh_from_db()
    task = cases.open_task("triage_senior", quiet.origin)
    assert task is not None
    assert quiet.case is not None
    assert task.priority == "P0"
    assert task.due_at is not None


def test_a_flag_that_nobody_assessed_is_not_decided(quiet: Flag, senior_reviewer: User) -> None:
    for own in ({}, {"assessment": FOUND}):
        with pytest.raises(Refused) as refused:
            services.decide(quiet, by=senior_reviewer, **SAID, **own)
        assert refused.value.rule == "triage.two-people"
    assert not Decision.objects.exists()
    assert not Assessment.objects.exists()


def test_who_assessed_does_not_decide(quiet: Flag, senior_reviewer: User, duty_officer: User) -> None:
    services.assess(quiet, by=senior_reviewer, **FOUND)
    with pytest.raises(Refused) as refused:
        services.decide(quiet, by=senior_reviewer, **SAID)
    assert refused.value.rule == "triage.two-people"
    services.decide(quiet, by=duty_officer, **SAID)


def test_high_severity_is_decided_at_once_with_the_deciders_own_assessment(
    receive: Receive, senior_reviewer: User
) -> None:
    flag = receive()
    with pytest.raises(InvalidInput) as wrong:
        services.decide(flag, by=senior_reviewer, **SAID)
    assert wrong.value.field == "level"
    decision = services.decide(flag, by=senior_reviewer, **SAID, assessment=FOUND)
    assert decision.assessment is not None
    assert decision.assessment.direct
    assert decision.assessment.assessed_by == senior_reviewer


@pytest.mark.parametrize("aspect", ["target", "means", "timing"])
def test_no_absence_decides_anything(
    aspect: str, receive: Receive, senior_reviewer: User, reviewer: User
) -> None:
    """DOMAIN: the absence of one of them is never an automatic "no"."""
    flag = receive(category="stalking")
    found = {**FOUND, **dict.fromkeys((aspect,), "absent")}
    services.assess(flag, by=reviewer, **found)
    flag.refresh_from_db()
    assert flag.state == FlagState.ASSESSED
    decision = services.decide(flag, by=senior_reviewer, **{**SAID, "outcomes": ["refer_police"]})
    assert decision.rules == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"level": ""}, "level"),
        ({"level": "extreme"}, "level"),
        ({"threat_type": "polite"}, "threat_type"),
        ({"target": ""}, "target"),
        ({"means": "maybe"}, "means"),
        ({"timing_note": " "}, "timing_note"),
        ({"timing_provenance": ""}, "timing_provenance"),
        ({"target_provenance": "rumour"}, "target_provenance"),
        ({"behaviours": ["yoga"]}, "behaviours"),
        ({"framing": "dream"}, "framing"),
        ({"note": "x" * 20_001}, "note"),
        ({"verdict": "guilty"}, "verdict"),
    ],
)
def test_an_assessment_that_is_not_whole_names_what_lacks(
    change: dict[str, Any], field: str, quiet: Flag, reviewer: User
) -> None:
    with pytest.raises(InvalidInput) as wrong:
        services.assess(quiet, by=reviewer, **{**FOUND, **change})
    assert wrong.value.field == field
    assert not Assessment.objects.exists()


@pytest.mark.parametrize("role", ["safety_liaison", "counsel", "duty_counsel", "auditor", "platform_system"])
def test_who_does_not_assess_may_not(role: str, quiet: Flag, cast: Cast) -> None:
    person = User.objects.filter(groups__name=role).first() or cast(role)
    with pytest.raises(NotPermitted):
        services.assess(quiet, by=person, **FOUND)


def test_a_decided_flag_is_not_assessed(quiet: Flag, reviewer: User, senior_reviewer: User) -> None:
    services.assess(quiet, by=reviewer, **FOUND)
    services.decide(quiet, by=senior_reviewer, **SAID)
    with pytest.raises(IllegalTransition):
        services.assess(quiet, by=reviewer, **FOUND)


def test_an_assessment_is_sealed_and_cannot_be_changed_or_removed(quiet: Flag, reviewer: User) -> None:
    made = services.assess(quiet, by=reviewer, **{**FOUND, "note": "He counts the days."})
    for act in (
        lambda: Assessment.objects.filter(pk=made.pk).update(level="low"),
        lambda: Assessment.objects.filter(pk=made.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    entry = entries_about(quiet.origin).last()
    assert entry is not None
    assert entry.data["details"]["findings"] == ["target present", "means unknown", "timing present"]
    assert "counts" not in str(entry.data)


def test_the_database_too_asks_for_another_person(
    receive: Receive, reviewer: User, senior_reviewer: User, duty_officer: User
) -> None:
    quiet, other = receive(category="stalking"), receive(external_id="lc-2", account="acct-2")
    made = services.assess(quiet, by=duty_officer, **FOUND)
    elsewhere = services.assess(other, by=reviewer, **FOUND)
    whole = {
        "outcomes": ["no_action"],
        "reasons": "None.",
        "reopens_when": "Never.",
        "criteria": "platform",
        "decided_at": clock.now(),
    }
    for assessment, by in ((None, senior_reviewer), (made, duty_officer), (elsewhere, senior_reviewer)):
        with pytest.raises(DatabaseError), transaction.atomic():
            Decision.objects.create(flag=quiet, assessment=assessment, decided_by=by, **whole)
    Decision.objects.create(flag=quiet, assessment=made, decided_by=senior_reviewer, **whole)


def test_danger_to_self_and_others_goes_both_ways_or_says_why_not(
    receive: Receive, senior_reviewer: User
) -> None:
    flag = receive()
    found = {**FOUND, "danger_to_self": True}
    said = {**SAID, "outcomes": ["refer_police"], "assessment": found}
    with pytest.raises(InvalidInput) as wrong:
        services.decide(flag, by=senior_reviewer, **said)
    assert wrong.value.field == "departure"
    assert "both" in str(wrong.value)
    decision = services.decide(
        flag, by=senior_reviewer, **said, departure="No crisis responder covers the county; police were told."
    )
    assert decision.rules == [BOTH_WAYS]
    assert entries_about(flag.origin).last().data["details"]["rules"] == [BOTH_WAYS]  # type: ignore[union-attr]


def test_swt_06_danger_to_self_goes_to_crisis_responders_first_and_the_choice_is_logged(
    receive: Receive, senior_reviewer: User
) -> None:
    flag = receive(category="self_harm")
    found = {**FOUND, "danger_to_self": True, "danger_to_others": False}
    with pytest.raises(InvalidInput) as wrong:
        services.decide(flag, by=senior_reviewer, **{**SAID, "outcomes": ["refer_police"]}, assessment=found)
    rule = policy.desk_rule(SELF_HARM_FIRST)
    assert rule is not None
    assert wrong.value.field == "departure"
    assert rule.citation in str(wrong.value)
    assert not Decision.objects.exists()
    chosen = services.decide(
        flag, by=senior_reviewer, **{**SAID, "outcomes": ["refer_crisis"]}, assessment=found
    )
    assert chosen.rules == []
    services.reopen(flag, by=senior_reviewer, reason="The crisis line reached nobody.")
    departed = services.decide(
        flag,
        by=senior_reviewer,
        **{**SAID, "outcomes": ["refer_police", "refer_crisis"]},
        assessment=found,
        departure="The line called three times; the last message is an hour old.",
    )
    assert departed.rules == [SELF_HARM_FIRST]
    entry = entries_about(flag.origin).last()
    assert entry is not None
    assert entry.data["details"]["rules"] == [SELF_HARM_FIRST]
    assert entry.data["details"]["departure_digest"].startswith("sha256:")


@pytest.mark.parametrize(
    ("found", "rule"),
    [
        ({"danger_to_self": True, "danger_to_others": False}, BOTH_WAYS),
        ({"danger_to_self": True, "danger_to_others": True}, BOTH_WAYS),
        ({"minor": True}, MINOR_CARE),
    ],
)
def test_what_another_found_is_not_taken_away_by_the_deciders_own_assessment(
    found: dict[str, Any], rule: str, receive: Receive, reviewer: User, senior_reviewer: User
) -> None:
    flag = receive()
    services.assess(flag, by=reviewer, **{**FOUND, **found})
    said = {**SAID, "outcomes": ["refer_police"], "assessment": FOUND}
    with pytest.raises(InvalidInput) as wrong:
        services.decide(flag, by=senior_reviewer, **said)
    assert wrong.value.field == "departure"
    assert services.decide(flag, by=senior_reviewer, **said, departure="Looked at.").rules == [rule]


def test_danger_to_self_that_another_found_goes_to_crisis_responders_first(
    receive: Receive, reviewer: User, senior_reviewer: User
) -> None:
    flag = receive()
    services.assess(flag, by=reviewer, **{**FOUND, "danger_to_self": True, "danger_to_others": False})
    own = {**FOUND, "danger_to_others": False}
    said = {**SAID, "outcomes": ["refer_police"], "assessment": own}
    decided = services.decide(flag, by=senior_reviewer, **said, departure="The line was called.")
    assert decided.rules == [SELF_HARM_FIRST]


def test_what_concerns_a_minor_goes_outside_with_counsels_or_child_safetys_word(
    receive: Receive, senior_reviewer: User
) -> None:
    flag = receive(minor=True)
    said = {**SAID, "outcomes": ["refer_police"], "assessment": FOUND}
    with pytest.raises(InvalidInput) as wrong:
        services.decide(flag, by=senior_reviewer, **said)
    assert wrong.value.field == "departure"
    decision = services.decide(flag, by=senior_reviewer, **said, departure="Counsel (R. F.) agrees, 23:20.")
    assert decision.rules == [MINOR_CARE]


@pytest.mark.parametrize("framing", ["fiction", "quotation", "role_play"])
def test_swt_03_what_may_be_fiction_is_referred_with_its_context_and_a_reason(
    framing: str, receive: Receive, reviewer: User, senior_reviewer: User
) -> None:
    flag = receive(context="")
    found = {**FOUND, "framing": framing}
    said = {**SAID, "outcomes": ["refer_police"]}
    services.assess(flag, by=reviewer, **found)
    with pytest.raises(Refused) as refused:
        services.decide(flag, by=senior_reviewer, **said, departure="It names a real school.")
    assert refused.value.rule == "triage.framing"
    services.assess(flag, by=reviewer, **found, context="Chapter eleven of a novel.")
    with pytest.raises(InvalidInput) as wrong:
        services.decide(flag, by=senior_reviewer, **said)
    assert wrong.value.field == "departure"
    decision = services.decide(flag, by=senior_reviewer, **said, departure="It names a real school.")
    assert decision.rules == ["triage.framing"]
    assert not {Finding.ABSENT} & {decision.assessment.target, decision.assessment.timing}  # type: ignore[union-attr]


def test_dissent_opens_a_review_by_somebody_outside(  # noqa: PLR0917 - fixtures
    receive: Receive,
    reviewer: User,
    senior_reviewer: User,
    duty_officer: User,
    duty_counsel: User,
    liaison: User,
) -> None:
    flag = receive()
    services.assess(flag, by=duty_officer, **FOUND)
    first = services.decide(flag, by=senior_reviewer, **SAID)
    made = services.dissent(flag, by=liaison, reasons="The school in it is a real one.")
    flag.refresh_from_db()
    assert flag.state == FlagState.REOPENED
    task = cases.open_task("triage_review", flag.origin)
    assert task is not None
    assert task in cases.waiting_for(duty_counsel)
    for inside in (senior_reviewer, duty_officer):
        with pytest.raises(Refused) as refused:
            services.decide(flag, by=inside, **{**SAID, "assessment": FOUND})
        assert refused.value.rule == "triage.outside-the-first-decision"
    second = services.decide(flag, by=duty_counsel, **{**SAID, "outcomes": ["refer_police"]})
    assert cases.open_task("triage_review", flag.origin) is None
    assert [first, second] == list(Decision.objects.filter(flag=flag).order_by("pk"))
    assert made.decision == first


def test_the_database_too_keeps_a_review_outside(
    receive: Receive, senior_reviewer: User, duty_officer: User, duty_counsel: User
) -> None:
    flag = receive()
    decided = services.decide(flag, by=senior_reviewer, **SAID, assessment=FOUND)
    services.dissent(flag, by=duty_counsel, reasons="It is a real school.")
    whole = {
        "outcomes": ["no_action"],
        "reasons": "None.",
        "reopens_when": "Never.",
        "criteria": "platform",
        "decided_at": clock.now() + timedelta(hours=1),
    }
    for by in (senior_reviewer, duty_counsel):
        with pytest.raises(DatabaseError), transaction.atomic():
            Decision.objects.create(flag=flag, assessment=decided.assessment, decided_by=by, **whole)
    Decision.objects.create(flag=flag, assessment=decided.assessment, decided_by=duty_officer, **whole)


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("safety_liaison", True),
        ("reviewer", True),
        ("duty_officer", True),
        ("counsel", True),
        ("duty_counsel", True),
        ("auditor", False),
        ("administrator", False),
        ("custodian", False),
    ],
)
def test_who_sees_a_flag_may_dissent_and_the_auditor_may_not(
    role: str, may: bool, receive: Receive, senior_reviewer: User, cast: Cast
) -> None:
    flag = receive()
    services.decide(flag, by=senior_reviewer, **SAID, assessment=FOUND)
    person = cast(role, username="somebody")
    if may:
        assert services.dissent(flag, by=person, reasons="It is wrong.").dissented_by == person
    else:
        with pytest.raises(NotPermitted):
            services.dissent(flag, by=person, reasons="It is wrong.")


def test_a_dissent_is_never_removed_and_made_once(
    receive: Receive, senior_reviewer: User, liaison: User
) -> None:
    flag = receive()
    with pytest.raises(IllegalTransition):
        services.dissent(flag, by=liaison, reasons="Nothing is decided.")
    services.decide(flag, by=senior_reviewer, **SAID, assessment=FOUND)
    with pytest.raises(Refused):
        services.dissent(flag, by=senior_reviewer, reasons="I was wrong.")
    made = services.dissent(flag, by=liaison, reasons="It is wrong.")
    for act in (made.delete, lambda: type(made).objects.filter(pk=made.pk).update(dissented_at=clock.now())):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_reviewers_exposure_is_counted_by_who_opened_what(
    receive: Receive, senior_reviewer: User, reviewer: User, sign_in: SignIn
) -> None:
    flags = [receive(), receive(external_id="lc-2", account="acct-2")]
    began = clock.now()
    browser = sign_in(reviewer)
    for flag in (*flags, flags[0]):
        assert browser.get(reverse("admin:triage_flag_change", args=[flag.pk])).status_code == 200
    assert selectors.exposure_of(reviewer, began) == 0
    for flag in (*flags, flags[0]):
        assert (
            FLAG["content"]
            in browser.get(reverse("admin:triage_flag_content", args=[flag.pk])).content.decode()
        )
    assert selectors.exposure_of(reviewer, began) == 2
    assert selectors.exposure_of(senior_reviewer, began) == 0
    assert selectors.exposure_of(reviewer, clock.now() + timedelta(hours=1)) == 0
