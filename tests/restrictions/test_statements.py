"""Statements of reasons: with the restriction at the latest; where they would tip off, counsel decides."""

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases_of
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core.errors import IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.ledger.selectors import entries_about
from coordination.restrictions import selectors, services
from coordination.restrictions.models import Command, Restriction, Statement
from coordination.restrictions.services import Notice
from tests.restrictions.conftest import Impose
from tests.world import ACCOUNT

FACTS = "On 6 March the account announced violence against a school."
NOTICE = Notice(facts=FACTS, ground="Terms of use, 4.2: no threats.")


def test_it_goes_with_the_command_and_says_what_art_17_asks_for(impose: Impose, liaison: User) -> None:
    imposed = impose(liaison, notice=NOTICE)
    (statement,) = selectors.statements_of(imposed)
    assert (statement.state, statement.automated, statement.told_at is not None) == ("told", False, True)
    assert statement.citation == "Regulation (EU) 2022/2065 Art. 17(2) (eu 2026.2)"
    (command,) = selectors.commands_of(imposed)
    assert command.statement == statement.text
    for part in (FACTS, "decided by a person", "Terms of use, 4.2", "six months", "suspend pending review"):
        assert part in statement.text


def test_an_automatic_one_says_so(case: Case) -> None:
    imposed = services.impose(
        case,
        account=ACCOUNT,
        step="limit_features",
        reason="A flag.",
        authority="platform.ladder-limit",
        notice=NOTICE,
    )
    (statement,) = selectors.statements_of(imposed)
    assert statement.automated
    assert "automated means" in statement.text


def test_without_a_link_to_the_union_none_is_made(automatic: Restriction) -> None:
    assert not selectors.statements_of(automatic)
    assert not Command.objects.get().statement


@pytest.fixture
def waiting(impose: Impose, liaison: User) -> Statement:
    imposed = impose(liaison, notice=Notice(facts=FACTS, ground="Terms of use, 4.2.", tips_off=True))
    (command,) = selectors.commands_of(imposed)
    assert not command.statement
    (statement,) = selectors.statements_of(imposed)
    assert (statement.state, statement.told_at) == ("counsel", None)
    return statement


def test_where_it_would_tip_off_counsel_releases_it_with_reasons(
    waiting: Statement, case: Case, counsel: User, liaison: User
) -> None:
    (task,) = [each for each in cases_of.waiting_for(counsel) if each.kind == "decide_notice"]
    with pytest.raises(Refused):
        cases.complete_task(task, by=counsel, outcome="Seen.")
    with pytest.raises(NotPermitted):
        services.release(waiting, by=liaison, reason="They may know.")
    with pytest.raises(InvalidInput):
        services.release(waiting, by=counsel, reason=" ")
    released = services.release(waiting, by=counsel, reason="The arrest was made.")
    assert (released.state, released.decided_by) == ("told", counsel)
    assert [(each.state, bool(each.statement)) for each in Command.objects.all()] == [
        ("superseded", False),
        ("queued", True),
    ]
    task.refresh_from_db()
    assert task.state == "done"
    assert "restrictions.statement_decided" in [each.action for each in entries_about(case.reference)]


def test_or_withholds_it_and_may_release_it_later(waiting: Statement, counsel: User) -> None:
    withheld = services.withhold(waiting, by=counsel, reason="An investigation is under way.")
    assert (withheld.state, withheld.told_at) == ("withheld", None)
    assert Command.objects.count() == 1
    with pytest.raises(IllegalTransition):
        services.withhold(waiting, by=counsel, reason="Again.")
    assert services.release(waiting, by=counsel, reason="It is over.").state == "told"


def test_a_case_under_silence_waits_for_counsel_by_itself(case: Case, impose: Impose, counsel: User) -> None:
    from datetime import timedelta

    from coordination.core import clock

    tomorrow = clock.now() + timedelta(days=1)
    cases.mark(case, compartment="non_disclosure", by=counsel, reason="A court.", until=tomorrow)
    imposed = services.impose(
        case,
        account=ACCOUNT,
        step="limit_features",
        reason="A flag.",
        authority="platform.ladder-limit",
        notice=NOTICE,
    )
    assert [each.state for each in selectors.statements_of(imposed)] == ["counsel"]


@pytest.mark.parametrize("field", ["facts", "ground"])
def test_it_has_facts_and_a_ground(impose: Impose, liaison: User, field: str) -> None:
    values = {"facts": FACTS, "ground": "Terms.", field: " "}
    with pytest.raises(InvalidInput) as refused:
        impose(liaison, notice=Notice(**values))
    assert refused.value.field == field
    assert not Restriction.objects.exists()
