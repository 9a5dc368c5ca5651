"""Nobody is reinstated without a completed risk assessment that two people without a part in it signed."""

from datetime import timedelta

import pytest

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases_of
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.ledger.selectors import entries_about
from coordination.restrictions import selectors, services
from coordination.restrictions.models import Command, ProtectiveOrder, Restriction, RiskAssessment
from coordination.restrictions.signals import restriction_lifted
from tests.people import Cast
from tests.restrictions.conftest import WORDS, Impose
from tests.world import ACCOUNT


def test_two_others_sign_and_then_it_is_lifted(
    signed: RiskAssessment, automatic: Restriction, senior_reviewer: User, case: Case
) -> None:
    lifted = services.lift(signed, by=senior_reviewer)
    assert (lifted.state, lifted.lifted_at) == ("lifting", None)
    command = Command.objects.latest("pk")
    assert (command.action, command.authority) == ("lift", f"{signed.origin}, signed by two")
    assert not selectors.in_force(case)
    heard: list[object] = []

    def hear(sender: object, *, restriction: object, **_: object) -> None:
        heard.append(restriction)

    restriction_lifted.connect(hear)
    try:
        services.follow_delivery(command, state="acknowledged", in_force="")
    finally:
        restriction_lifted.disconnect(hear)
    automatic.refresh_from_db()
    assert (automatic.state, automatic.lifted_at is not None, heard) == ("lifted", True, [automatic])
    assert {
        *("restrictions.lift_asked", "restrictions.assessed", "restrictions.assessment_signed"),
        "restrictions.lift_ordered",
    } <= {each.action for each in entries_about(case.reference)}
    assert [each.state for each in cases_of.tasks_of(case) if each.about == signed.origin] == ["done"] * 3


@pytest.mark.parametrize("number", [0, 1])
def test_without_two_signatures_nothing_is_lifted(
    assessed: RiskAssessment, signers: list[User], senior_reviewer: User, number: int
) -> None:
    for each in signers[:number]:
        services.sign(assessed, by=each, digest=assessed.digest)
    with pytest.raises(Refused) as refused:
        services.lift(assessed, by=senior_reviewer)
    assert refused.value.rule == "restrictions.two-signatures"


def test_what_was_only_asked_for_is_neither_signed_nor_lifted(
    asked: RiskAssessment, signers: list[User]
) -> None:
    with pytest.raises(IllegalTransition):
        services.sign(asked, by=signers[0], digest="")
    with pytest.raises(IllegalTransition):
        services.lift(asked, by=signers[0])


def test_ins_who_imposed_a_step_does_not_sign(
    automatic: Restriction, impose: Impose, liaison: User, senior_reviewer: User, signers: list[User]
) -> None:
    impose(senior_reviewer, "read_only")
    asked = services.ask_lift(automatic, by=liaison, reason="They wrote.")
    assessed = services.assess(asked, by=signers[0], **WORDS)
    with pytest.raises(Refused, match="does not sign"):
        services.sign(assessed, by=senior_reviewer, digest=assessed.digest)


def test_ins_who_asked_neither_assesses_nor_signs(
    automatic: Restriction, senior_reviewer: User, signers: list[User]
) -> None:
    asked = services.ask_lift(automatic, by=senior_reviewer, reason="They wrote.")
    with pytest.raises(Refused):
        services.assess(asked, by=senior_reviewer, **WORDS)
    assessed = services.assess(asked, by=signers[0], **WORDS)
    with pytest.raises(Refused):
        services.sign(assessed, by=senior_reviewer, digest=assessed.digest)


def test_nobody_signs_twice(assessed: RiskAssessment, signers: list[User]) -> None:
    services.sign(assessed, by=signers[0], digest=assessed.digest)
    with pytest.raises(Refused):
        services.sign(assessed, by=signers[0], digest=assessed.digest)


def test_what_is_signed_is_what_was_seen(assessed: RiskAssessment, signers: list[User]) -> None:
    with pytest.raises(Conflict):
        services.sign(assessed, by=signers[0], digest="sha256:something else")
    assessed.findings = "Written over at the database."
    assessed.save(update_fields=["findings"])
    with pytest.raises(Conflict):
        services.sign(assessed, by=signers[0], digest=assessed.digest)


def test_what_was_written_over_after_the_signatures_lifts_nothing(
    signed: RiskAssessment, senior_reviewer: User
) -> None:
    signed.reasons = "Written over at the database."
    signed.save(update_fields=["reasons"])
    with pytest.raises(Conflict):
        services.lift(signed, by=senior_reviewer)


@pytest.mark.parametrize("how", ["role", "account"])
def test_a_signer_who_may_not_sign_any_more_does_not_count(
    signed: RiskAssessment, signers: list[User], senior_reviewer: User, administrator: User, how: str
) -> None:
    if how == "role":
        access.set_roles(signers[0], ["safety_liaison"], by=None)
    else:
        access.change_person(signers[0], by=administrator, is_active=False)
    with pytest.raises(Refused):
        services.lift(signed, by=senior_reviewer)


def test_a_step_up_overtakes_an_assessment(
    signed: RiskAssessment, automatic: Restriction, impose: Impose, liaison: User, senior_reviewer: User
) -> None:
    impose(liaison, "ban_with_watch")
    with pytest.raises(Refused, match="Overtaken"):
        services.lift(signed, by=senior_reviewer)
    anew = services.ask_lift(automatic, by=senior_reviewer, reason="Again.")
    signed.refresh_from_db()
    assert (signed.state, anew.state) == ("declined", "asked")


def test_a_step_down_needs_the_same_and_counts_once(
    automatic: Restriction, impose: Impose, liaison: User, signers: list[User], duty_officer: User
) -> None:
    impose(liaison, "ban_with_watch")
    for wrong in ("ban_with_watch", "prison"):
        with pytest.raises(InvalidInput):
            services.ask_lift(automatic, by=liaison, reason="Less is enough.", to_step=wrong)
    asked = services.ask_lift(automatic, by=liaison, reason="Less is enough.", to_step="warn")
    assessed = services.assess(asked, by=signers[0], **WORDS)
    services.sign(assessed, by=signers[0], digest=assessed.digest)
    with pytest.raises(Refused):
        services.lift(assessed, by=duty_officer)
    services.sign(assessed, by=signers[1], digest=assessed.digest)
    lowered = services.lift(assessed, by=duty_officer)
    assert (lowered.state, lowered.step, lowered.level) == ("ordered", "warn", 1)
    assert Command.objects.latest("pk").step == "warn"
    impose(liaison, "ban_with_watch")
    with pytest.raises(IllegalTransition):
        services.lift(assessed, by=duty_officer)


def test_a_lift_is_asked_for_once_and_may_be_declined(
    asked: RiskAssessment, automatic: Restriction, liaison: User, senior_reviewer: User, case: Case
) -> None:
    with pytest.raises(Refused):
        services.ask_lift(automatic, by=liaison, reason="Again.")
    declined = services.decline_lift(asked, by=senior_reviewer, reason="Too soon.")
    assert (declined.state, declined.end_reason) == ("declined", "Too soon.")
    assert list(selectors.in_force(case)) == [automatic]
    assert services.ask_lift(automatic, by=liaison, reason="Later.").state == "asked"


def _order(case: Case, by: User, **changes: object) -> ProtectiveOrder:
    values = {
        "court": "Harrow County Court",
        "number": "26-PO-118",
        "valid_from": clock.now() - timedelta(days=1),
        "account": ACCOUNT,
        **changes,
    }
    return services.record_order(case, by=by, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("account", [ACCOUNT, ""])
def test_a_protective_order_in_force_forbids_a_lift(
    signed: RiskAssessment, case: Case, counsel: User, senior_reviewer: User, account: str
) -> None:
    order = _order(case, counsel, account=account)
    with pytest.raises(Refused, match="protective order"):
        services.lift(signed, by=senior_reviewer)
    services.end_order(order, by=counsel, reason="The court dissolved it, its clerk said.")
    assert services.lift(signed, by=senior_reviewer).state == "lifting"


@pytest.mark.parametrize("account", [ACCOUNT, ""])
def test_an_order_of_another_case_against_the_same_account_forbids_it_too(
    signed: RiskAssessment, counsel: User, senior_reviewer: User, account: str
) -> None:
    _order(cases.open_case("Another", by=None, accounts=[ACCOUNT]), counsel, account=account)
    with pytest.raises(Refused, match="protective order"):
        services.lift(signed, by=senior_reviewer)


def test_an_order_of_another_case_is_not_named_and_one_of_its_own_is(
    signed: RiskAssessment, counsel: User, senior_reviewer: User, case: Case
) -> None:
    elsewhere = cases.open_case("Another", by=None, accounts=[ACCOUNT])
    _order(elsewhere, counsel, number="26-HIDDEN", court="Another court")
    with pytest.raises(Refused) as refused:
        services.lift(signed, by=senior_reviewer)
    assert "26-HIDDEN" not in str(refused.value)
    assert "Another court" not in str(refused.value)
    _order(case, counsel)
    with pytest.raises(Refused, match="26-PO-118"):
        services.lift(signed, by=senior_reviewer)


def test_an_order_that_is_over_or_not_begun_forbids_nothing(
    signed: RiskAssessment, case: Case, counsel: User, senior_reviewer: User
) -> None:
    now = clock.now()
    _order(case, counsel, valid_from=now - timedelta(days=9), valid_until=now - timedelta(days=1))
    _order(case, counsel, number="2", valid_from=now + timedelta(days=9))
    assert services.lift(signed, by=senior_reviewer).state == "lifting"


def test_only_counsel_keeps_orders(case: Case, senior_reviewer: User, counsel: User) -> None:
    with pytest.raises(NotPermitted):
        _order(case, senior_reviewer)
    for changes in ({"court": ""}, {"number": " "}, {"valid_until": clock.now() - timedelta(days=9)}):
        with pytest.raises(InvalidInput):
            _order(case, counsel, **changes)
    order = _order(case, counsel)
    services.end_order(order, by=counsel, reason="Dissolved.")
    with pytest.raises(IllegalTransition):
        services.end_order(order, by=counsel, reason="Again.")


@pytest.mark.parametrize("role", ["safety_liaison", "reviewer", "custodian", "victim_liaison", "auditor"])
def test_other_roles_neither_sign_nor_lift(signed: RiskAssessment, cast: Cast, role: str) -> None:
    person = cast(role, username=f"other_{role}")
    with pytest.raises(NotPermitted):
        services.sign(signed, by=person, digest=signed.digest)
    with pytest.raises(NotPermitted):
        services.lift(signed, by=person)


def test_the_tasks_of_a_lift_are_not_ticked_off(asked: RiskAssessment, senior_reviewer: User) -> None:
    task = cases_of.open_task("assess_lift", asked.origin)
    assert task is not None
    assert task in cases_of.waiting_for(senior_reviewer)
    with pytest.raises(Refused):
        cases.complete_task(task, by=senior_reviewer, outcome="Seen.")


@pytest.mark.parametrize("missing", sorted(WORDS))
def test_an_assessment_says_all_of_it(asked: RiskAssessment, signers: list[User], missing: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.assess(asked, by=signers[0], **{**WORDS, missing: " "})
    assert refused.value.field == missing


def test_who_imposed_a_step_does_not_assess_its_lift(
    impose: Impose, senior_reviewer: User, liaison: User
) -> None:
    restriction = impose(senior_reviewer)
    asked = services.ask_lift(restriction, by=liaison, reason="The user wrote to us.")
    with pytest.raises(Refused) as refused:
        services.assess(asked, by=senior_reviewer, **WORDS)
    assert refused.value.rule == "restrictions.two-others"
