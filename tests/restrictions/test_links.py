"""Whether a statement of reasons is owed: seen in data, said by a person, never guessed and never silent."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from coordination.access.services import User
from coordination.cases import selectors as cases_of
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotPermitted, Refused
from coordination.ledger.selectors import entries_about
from coordination.restrictions import jobs, selectors, services
from coordination.restrictions.models import Command, Restriction, Statement
from coordination.restrictions.services import Notice, links, statements
from coordination.triage import services as triage
from coordination.triage.models import Flag
from tests.restrictions.conftest import Impose
from tests.triage.conftest import FLAG

Receive = Callable[..., Flag]

NOTICE = Notice(facts="On 6 March the account announced violence.", ground="Terms of use, 4.2: no threats.")
HIGH = {**FLAG, "category": "mass_casualty"}
GERMANY = {"kind": "country", "value": "de", "provenance": "observed"}


@pytest.mark.parametrize(
    ("countries", "linked"),
    [
        ([("DE", "observed")], True),
        ([(" el ", "observed")], True),
        ([("US", "observed"), ("FR", "observed")], True),
        ([("US", "observed")], False),
        ([("US", "observed"), ("FR", "claimed_by_user")], None),
        ([("FR", "claimed_by_user")], None),
        ([("FR", "inferred")], None),
        ([("Germany", "observed")], None),
        ([("", "observed")], None),
        ([], None),
    ],
    ids=str,
)
def test_only_what_was_observed_says_where_somebody_is(
    countries: list[tuple[str, str]], linked: bool | None
) -> None:
    assert services.link_of(countries) is linked


@pytest.fixture
def receive(platform_system: User) -> Receive:
    """Take in a flag of high severity, with what is given."""

    def taken(**changes: Any) -> Flag:
        return triage.receive(by=platform_system, **{**HIGH, **changes})[0]

    return taken


def _statement(flag: Flag) -> Statement | None:
    assert flag.case is not None
    (restriction,) = selectors.of_case(flag.case)
    return selectors.statements_of(restriction).first()


def test_an_automatic_restriction_in_the_union_carries_its_statement(receive: Receive) -> None:
    flag = receive(identifiers=[GERMANY])
    statement = _statement(flag)
    assert statement is not None
    assert (statement.state, statement.automated) == ("told", True)
    assert statement.told_at is not None
    (imposed,) = selectors.impositions_of(selectors.restriction_of(statement))
    assert statement.told_at - imposed.at < timedelta(seconds=5)
    (command,) = Command.objects.filter(action="impose")
    assert command.statement == statement.text
    for part in ("violence against many people", "automated means", "terms of use", "six months"):
        assert part in statement.text
    for secret in (flag.content, "classifier", flag.classifier):
        assert secret not in statement.text
    assert flag.case is not None
    actions = [each.action for each in entries_about(flag.case.reference)]
    assert actions.index("restrictions.statement_made") < len(actions)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "user_report", "reporter": "u-1"},
        {"source": "partner"},
        {"apparent_target": "A teacher"},
        {"minor": True},
    ],
    ids=str,
)
def test_where_telling_may_endanger_somebody_counsel_decides(
    receive: Receive, counsel: User, changes: dict[str, Any]
) -> None:
    statement = _statement(receive(identifiers=[GERMANY], **changes))
    assert statement is not None
    assert (statement.state, statement.told_at) == ("counsel", None)
    assert not Command.objects.get(action="impose").statement
    (task,) = [each for each in cases_of.waiting_for(counsel) if each.kind == "decide_notice"]
    assert task.priority == "normal"  # the flag wakes people, not this


def test_outside_the_union_nothing_is_made_and_nobody_is_asked(receive: Receive) -> None:
    flag = receive(identifiers=[{**GERMANY, "value": "US"}])
    assert _statement(flag) is None
    assert Restriction.objects.get().eu_link is False
    assert services.ask_about_links() == 0


def test_where_nobody_knows_a_person_is_asked_once_and_nothing_is_sent(
    receive: Receive, liaison: User
) -> None:
    flag = receive(identifiers=[{**GERMANY, "provenance": "claimed_by_user"}])
    assert _statement(flag) is None
    assert (services.ask_about_links(), services.ask_about_links()) == (1, 0)
    (task,) = [each for each in cases_of.waiting_for(liaison) if each.kind == "say_eu_link"]
    with pytest.raises(Refused):
        cases.complete_task(task, by=liaison, outcome="Seen.")
    assert not any(each.statement for each in Command.objects.all())


def test_where_the_law_of_the_union_is_not_in_force_here_nobody_is_asked_or_told(
    receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "RULE", "eu.no-such-clock")
    assert _statement(receive(identifiers=[GERMANY])) is None
    assert Restriction.objects.get().state == "ordered"
    receive(external_id="another", account="acct-2", content="Something else.")
    assert services.ask_about_links() == 0


def test_what_a_person_imposed_was_answered_with_it(impose: Impose, liaison: User) -> None:
    assert impose(liaison).eu_link is False
    assert services.ask_about_links() == 0


def test_a_person_says_that_there_is_a_link_and_the_user_is_told(
    automatic: Restriction, case: Case, liaison: User
) -> None:
    services.ask_about_links()
    services.say_link(automatic, by=liaison, linked=True, reason="Billed in Lyon.", notice=NOTICE)
    (statement,) = selectors.statements_of(automatic)
    assert (statement.state, statement.automated) == ("told", True)
    assert [(each.state, each.statement) for each in selectors.commands_of(automatic)] == [
        ("superseded", ""),
        ("queued", statement.text),
    ]
    assert not [each for each in cases_of.waiting_for(liaison) if each.kind == "say_eu_link"]
    (said,) = [each for each in entries_about(case.reference) if each.action == "restrictions.eu_link_said"]
    assert json.loads(bytes(said.entry))["details"]["linked"] is True
    assert b"Lyon" not in bytes(said.entry)
    with pytest.raises(Conflict):
        services.say_link(automatic, by=liaison, linked=False, reason="Or not.")


def test_or_that_there_is_none_which_may_turn_out_otherwise(automatic: Restriction, liaison: User) -> None:
    services.ask_about_links()
    services.say_link(automatic, by=liaison, linked=False, reason="Billed in Denver.")
    assert not selectors.statements_of(automatic)
    assert not [each for each in cases_of.waiting_for(liaison) if each.kind == "say_eu_link"]
    tipping = Notice(facts=NOTICE.facts, ground=NOTICE.ground, tips_off=True)
    services.say_link(automatic, by=liaison, linked=True, reason="They moved to Lyon.", notice=tipping)
    assert [each.state for each in selectors.statements_of(automatic)] == ["counsel"]
    assert selectors.commands_of(automatic).count() == 1


def test_saying_it_takes_the_right_to_restrict_a_reason_and_words(
    automatic: Restriction, liaison: User, reviewer: User
) -> None:
    with pytest.raises(NotPermitted):
        services.say_link(automatic, by=reviewer, linked=False, reason="I think so.")
    for wrong in (
        {"linked": False, "reason": " "},
        {"linked": True, "reason": "Billed in Lyon."},
        {"linked": True, "reason": "Billed in Lyon.", "notice": Notice(facts=" ", ground="Terms.")},
    ):
        with pytest.raises(InvalidInput):
            services.say_link(automatic, by=liaison, **wrong)
    automatic.refresh_from_db()
    assert automatic.eu_link is None


def test_what_a_batch_owes_the_law_takes_the_same_statements_to_the_database(platform_system: User) -> None:
    """Intake takes a thousand flags a second."""
    taken = [_statements_for(platform_system, count, f"batch-{count}") for count in (2, 3, 30)]
    assert taken[1] == taken[2]
    assert Statement.objects.count() == 35


def _statements_for(by: User, count: int, salt: str) -> int:
    flags = [
        {**HIGH, "external_id": f"{salt}-{number}", "account": f"{salt}-{number}", "identifiers": [GERMANY]}
        for number in range(count)
    ]
    with CaptureQueriesContext(connection) as asked:
        triage.receive_many(flags, by=by)
    return len(asked)


def test_it_is_asked_by_the_clock(automatic: Restriction) -> None:
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        jobs.sweep(0)
    automatic.refresh_from_db()
    assert automatic.link_asked_at is not None
    assert links.TASK in {each.kind for each in cases_of.tasks_of(automatic.case)}
