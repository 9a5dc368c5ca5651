"""Flags in: once each, a human paged for high severity, nothing stored of what is wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.cases.models import Case, Task
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotPermitted
from coordination.core.sealing import SealBroken
from coordination.ledger.selectors import entries_about
from coordination.policy import engine
from coordination.restrictions import services as restrictions
from coordination.restrictions.models import Preservation, Restriction
from coordination.triage import selectors, services
from coordination.triage.models import Flag
from coordination.triage.services import limiting
from tests.people import Cast
from tests.triage.conftest import FLAG, FOUND, Receive


def test_a_high_severity_flag_opens_a_p0_case_and_pages_a_senior_reviewer(
    receive: Receive, senior_reviewer: User
) -> None:
    flag = receive()
    assert flag.high_severity
    assert flag.case is not None
    assert flag.case.priority == "P0"
    assert flag.case in cases.visible_to(senior_reviewer)
    task = cases.open_task("triage_senior", flag.origin)
    assert task is not None
    assert (task.role, task.priority, task.case) == ("senior_reviewer", "P0", flag.case)
    assert task in cases.waiting_for(senior_reviewer)
    assert any(event.about == flag.origin for event in cases.timeline(flag.case))
    assert [entry.action for entry in entries_about(flag.origin)] == ["triage.flag_received"]


def test_another_flag_of_the_same_account_joins_its_case(receive: Receive) -> None:
    first = receive()
    second = receive(external_id="lc-2", account=" acct-7731 ", identifiers=[])
    assert second.case == first.case
    assert Case.objects.count() == 1


def test_a_closed_case_opens_again_when_the_account_is_flagged(
    receive: Receive, senior_reviewer: User
) -> None:
    first = receive()
    services.decide(
        first,
        by=senior_reviewer,
        outcomes=["no_action"],
        reasons="Fiction.",
        reopens_when="Again.",
        assessment=FOUND,
    )
    assert first.case is not None
    case_services.close_case(first.case, by=senior_reviewer, reason="Fiction.")
    second = receive(external_id="lc-2")
    assert second.case is not None
    assert second.case.pk == first.case.pk
    assert second.case.state == "open"


def test_another_account_has_another_case(receive: Receive) -> None:
    assert receive().case != receive(external_id="lc-2", account="acct-9", identifiers=[]).case


def test_another_flag_waits_for_the_first_tier_without_a_case(
    receive: Receive, senior_reviewer: User, reviewer: User
) -> None:
    flag = receive(category="stalking")
    assert not flag.high_severity
    assert flag.case is None
    task = cases.open_task("triage_tier_1", flag.origin)
    assert task is not None
    assert (task.role, task.priority) == ("reviewer", "normal")
    assert task in cases.waiting_for(reviewer)
    assert flag in selectors.waiting_for(senior_reviewer)


def test_the_same_flag_twice_is_one_flag(platform_system: User) -> None:
    first, created = services.receive(by=platform_system, **FLAG)
    second, again = services.receive(by=platform_system, **FLAG)
    assert (created, again) == (True, False)
    assert first.pk == second.pk
    assert Flag.objects.count() == 1
    assert len(entries_about(first.origin)) == 1


def test_the_same_id_with_other_content_is_a_conflict(receive: Receive) -> None:
    receive()
    with pytest.raises(Conflict):
        receive(content="Something else.")
    assert Flag.objects.get().content == FLAG["content"]


def test_two_senders_may_use_the_same_id(receive: Receive, cast: Cast) -> None:
    receive()
    _, created = services.receive(by=cast("platform_system", username="another_system"), **FLAG)
    assert created


@pytest.mark.parametrize("role", ["custodian", "auditor", "officer", "counsel"])
def test_who_does_not_raise_flags_may_not(role: str, cast: Cast) -> None:
    with pytest.raises(NotPermitted):
        services.receive(by=cast(role), **FLAG)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"category": "weather"}, "category"),
    ({"source": "rumour"}, "source"),
    ({"provenance": "heard"}, "provenance"),
    ({"content": " "}, "content"),
    ({"content": "x" * 200_001}, "content"),
    ({"content": "a\x00b"}, "content"),
    ({"account": ""}, "account"),
    ({"external_id": "x" * 121}, "external_id"),
    ({"content_at": datetime(2026, 3, 6, 23, 12)}, "content_at"),  # noqa: DTZ001 - that is the point
    ({"content_at": "2026-03-06T23:12:00Z"}, "content_at"),
    ({"content_zone": ""}, "content_zone"),
    ({"content_zone": "Denver/America"}, "content_zone"),
    ({"content_zone": "../../etc/passwd"}, "content_zone"),
    ({"score": 1.2}, "score"),
    ({"score": float("nan")}, "score"),
    ({"score": True}, "score"),
    ({"minor": "yes"}, "minor"),
    ({"identifiers": "none"}, "identifiers"),
    ({"identifiers": [{"kind": "email"}]}, "identifiers.0.value"),
    ({"identifiers": [{"kind": "a", "value": "b", "provenance": "c"}]}, "identifiers.0.provenance"),
    ({"identifiers": [{"kind": "a", "value": "b", "provenance": "observed", "x": "y"}]}, "identifiers.0.x"),
    ({"identifiers": [{"kind": "a", "value": "b", "provenance": "observed"}] * 101}, "identifiers"),
    ({"files": [{"name": "a", "sha256": "no"}]}, "files.0.sha256"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_what_is_wrong_is_named_and_nothing_is_stored(
    change: dict[str, Any], field: str, receive: Receive
) -> None:
    with pytest.raises(InvalidInput) as caught:
        receive(**change)
    assert caught.value.field.startswith(field)
    assert not Flag.objects.exists()
    assert not Case.objects.exists()


def test_a_time_in_the_future_is_refused_beyond_five_minutes_of_skew(receive: Receive) -> None:
    with clock.frozen(datetime(2026, 11, 20, 12, tzinfo=UTC)):
        receive(content_at=clock.now() + timedelta(minutes=4, seconds=59))
        with pytest.raises(InvalidInput) as caught:
            receive(external_id="lc-2", content_at=clock.now() + timedelta(minutes=5, seconds=1))
    assert caught.value.field == "content_at"


def test_a_time_before_there_was_a_platform_is_refused(receive: Receive) -> None:
    with pytest.raises(InvalidInput) as caught:
        receive(content_at=datetime(1, 1, 1, tzinfo=UTC))
    assert caught.value.field == "content_at"


def test_what_was_said_is_sealed_in_the_table_and_absent_from_the_ledger(receive: Receive) -> None:
    flag = receive()
    with connection.cursor() as cursor:
        cursor.execute("SELECT triage_flag::text FROM triage_flag")
        row = cursor.fetchone()[0]
    assert "they will all know" not in row
    assert "acct-7731" not in row
    assert all(b"acct-7731" not in bytes(entry.entry) for entry in entries_about(flag.origin))


def test_a_csam_flag_says_that_the_report_comes_first(receive: Receive) -> None:
    task = cases.open_task("triage_senior", receive(category="csam").origin)
    assert task is not None
    assert "18 USC 2258A" in task.instructions


@pytest.fixture
def clockless(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pack in force has a clock."""

    def deadline(code: str, *_: Any, **__: Any) -> Any:
        raise InvalidInput("clock", f"No pack in force has {code}.")

    monkeypatch.setattr(engine, "deadline", deadline)


@pytest.mark.usefixtures("clockless")
def test_a_flag_that_cannot_be_followed_by_a_restriction_comes_in_and_people_are_asked(
    receive: Receive, liaison: User
) -> None:
    flag = receive()
    assert flag.case is not None
    assert cases.open_task("triage_senior", flag.origin) is not None
    task = cases.open_task("limit_failed", flag.origin)
    assert task is not None
    assert (task.priority, task.case) == ("P0", flag.case)
    assert task in cases.waiting_for(liaison)
    assert not Restriction.objects.exists()
    case_services.complete_task(task, by=liaison, outcome="Done in their tools.")


@pytest.mark.usefixtures("clockless")
def test_a_flag_whose_report_has_no_clock_comes_in_and_people_are_asked(receive: Receive) -> None:
    flag = receive(category="csam")
    task = cases.open_task("mandated_report", flag.origin)
    assert task is not None
    assert task.priority == "P0"
    waits = cases.open_task("triage_senior", flag.origin) or cases.open_task("triage_tier_1", flag.origin)
    assert waits is not None
    assert "2258A" in waits.instructions


def test_what_fails_for_one_flag_of_a_batch_is_done_for_the_others(
    platform_system: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def preserve_many(rows: Any) -> Any:
        if any(each.account == "acct-bad" for each in rows):
            raise SealBroken
        return restrictions.preserve_many(rows)

    monkeypatch.setattr(limiting, "preserve_many", preserve_many)
    accounts = ("acct-1", "acct-bad", "acct-2")
    flags = [{**FLAG, "external_id": each, "account": each, "identifiers": []} for each in accounts]
    taken = services.receive_many(flags, by=platform_system)
    assert all(each.created for each in taken)
    for rows in (Restriction.objects.all(), Preservation.objects.all()):
        assert {each.account for each in rows} == {"acct-1", "acct-2"}
    (task,) = Task.objects.filter(kind="limit_failed")
    assert taken[1].flag is not None
    assert task.about == taken[1].flag.origin
